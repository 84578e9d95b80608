"""What can be compared with what in a filter, and the values that its texts and numbers mean."""

from __future__ import annotations

import math
from collections.abc import Sequence, Set

from gis_service.model.filters import (
    INSTANTS,
    SCALARS,
    Array,
    Expression,
    ItemGeometry,
    Kind,
    Literal,
    Operation,
    Property,
)
from gis_service.model.queryables import GEOMETRY
from gis_service.ogc.parameters import moment, parse_id

_INT64 = 2**63
_WKB_COLLECTION = 7


class Faulty(Exception):
    """The filter breaks a rule; the message says which."""


def alike(values: Sequence[Expression]) -> tuple[Expression, ...]:
    """
    Values that can be compared: of one kind, or dates beside times, or ids written as text.

    Raises
    ------
    Faulty
        They cannot.
    """
    kinds = {value.kind for value in values}
    if kinds == {Kind.TEXT, Kind.ID}:
        return tuple(as_id(value) for value in values)
    if kinds <= INSTANTS or (len(kinds) == 1 and kinds <= SCALARS):
        return tuple(values)
    first = values[0]
    other = next((v for v in values[1:] if v.kind is not first.kind), first)
    if first.kind not in SCALARS or other.kind not in SCALARS:
        which = first if first.kind not in SCALARS else other
        raise Faulty(
            f"{named(which)}, which =, <, LIKE, BETWEEN and IN cannot compare; "
            "use S_... for geometries, T_... for intervals, A_... for arrays"
        )
    raise Faulty(f"{named(first)} and cannot be compared where {named(other)}")


def named(expression: Expression) -> str:
    """An expression and its kind, as a sentence begins that says what is wrong with it."""
    match expression:
        case Property(field):
            return f"{field.name} is of the kind {expression.kind}"
        case ItemGeometry():
            return f"{GEOMETRY} is of the kind {expression.kind}"
        case Literal(value) if expression.kind is not Kind.GEOMETRY:
            return f"{str(value)[:40]!r} is of the kind {expression.kind}"
        case Operation(name):
            return f"{name} gives the kind {expression.kind}"
    return f"a value is of the kind {expression.kind}"


def plain_text(text: str) -> str:
    """A text that the database can hold."""
    if "\x00" in text:
        raise Faulty("it holds a character that no text has")
    return text


def number_of(value: int | float) -> int | float:
    """A whole number that the database cannot hold as such is taken as a real one."""
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return value
    try:
        real = float(value)
    except OverflowError:
        real = math.inf
    if not math.isfinite(real):
        raise Faulty("a number is out of range")
    return real


def instant(text: str, kinds: Set[Kind]) -> Literal:
    """A date or a time with its offset; a date counts as its first moment in UTC."""
    at = moment(text)
    kind = Kind.DATE if len(text) == 10 else Kind.TIMESTAMP
    if at is None or kind not in kinds:
        raise Faulty(
            f"{text[:40]!r} is no {' or '.join(sorted(kinds))} such as 2026-01-31 "
            "or 2026-01-31T12:00:00Z"
        )
    return Literal(at.date() if kind is Kind.DATE else at, kind)


def as_id(expression: Expression) -> Expression:
    """A text as the id that it spells; anything else as it is."""
    if expression.kind is Kind.ID:
        return expression
    if not isinstance(expression, Literal):
        raise Faulty(f"{named(expression)} and cannot be compared with an id")
    item_id = parse_id(str(expression.value))
    if item_id is None:
        raise Faulty(f"{str(expression.value)[:40]!r} is no id (a UUID)")
    return Literal(item_id, Kind.ID)


def as_ids(expression: Expression) -> Expression:
    """An array of texts as the ids that they spell; one of ids as it is."""
    if expression.kind is Kind.IDS:
        return expression
    if not isinstance(expression, Array):
        raise Faulty(f"{named(expression)} and cannot be compared with ids")
    return Array(tuple(as_id(item) for item in expression.items), Kind.IDS)


def is_mixed(expression: Expression) -> bool:
    """Whether it is a collection of geometries of several types."""
    value = expression.value if isinstance(expression, Literal) else b""
    return isinstance(value, bytes) and value[1:2] == bytes([_WKB_COLLECTION])

"""Filters as conditions of SQL; every value of a filter is bound, never written into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, cast

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    LargeBinary,
    Numeric,
    Subquery,
    Text,
    and_,
    func,
    literal,
    literal_column,
    not_,
    or_,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.types import NullType, TypeEngine

from gis_service.model.filters import (
    ARITHMETIC,
    ARRAYS,
    ELEMENTS,
    SPATIAL,
    Array,
    Expression,
    Interval,
    ItemGeometry,
    Kind,
    Literal,
    Operation,
    Predicate,
    Property,
    first_moment,
)
from gis_service.store.filter_forms import Slot
from gis_service.store.tables import SRID

Column = ColumnElement[Any]

_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: Text(),
    Kind.BOOLEAN: Boolean(),
    Kind.DATE: Date(),
    Kind.TIMESTAMP: DateTime(timezone=True),
    Kind.ID: UUID(as_uuid=True),
    Kind.TEXTS: ARRAY(Text()),
    Kind.IDS: ARRAY(UUID(as_uuid=True)),
}
_FIRST: Column = literal_column("'-infinity'::timestamptz", DateTime(timezone=True))
_LAST: Column = literal_column("'infinity'::timestamptz", DateTime(timezone=True))


def condition(predicate: Predicate, source: Subquery) -> ColumnElement[bool]:
    """
    The condition that an item fulfils a filter.

    It is null, and the item left out, where a value that decides is null.

    Parameters
    ----------
    source
        What the reader reads of the collection: `store.readable.readable`.
    """
    return cast("ColumnElement[bool]", _expression(predicate, source))


def _expression(node: Expression, source: Subquery) -> Column:
    match node:
        case Property(field):
            return source.c[field.name]
        case ItemGeometry():
            return source.c.geom
        case Literal():
            return _literal(node)
        case Array(items, kind):
            return _array(items, kind, source)
        case Operation():
            return _operation(node, source)
    raise TypeError(f"{node.kind} stands only inside an operation")


def _literal(node: Literal) -> Column:
    value: Any = node.value
    if node.kind is Kind.GEOMETRY:
        return func.ST_GeomFromWKB(_bound(value, LargeBinary()), SRID, type_=NullType())
    if node.kind is Kind.NUMBER:
        is_whole = value.is_whole if isinstance(value, Slot) else isinstance(value, int)
        return _bound(value, BigInteger() if is_whole else Double())
    return _bound(value, _TYPES[node.kind])


def _bound(value: Any, type_: TypeEngine[Any]) -> Column:
    """A value, or the place of one that comes later."""
    return value.bound(type_) if isinstance(value, Slot) else literal(value, type_)


def _array(items: tuple[Expression, ...], kind: Kind, source: Subquery) -> Column:
    if all(isinstance(item, Literal) for item in items):
        values = [item.value for item in items if isinstance(item, Literal)]
        return literal(values, _TYPES[kind])
    return sql_cast(array([_expression(item, source) for item in items]), _TYPES[kind])


def _operation(node: Operation, source: Subquery) -> Column:
    name = node.name
    if name.startswith("t_"):
        (start, end), (other_start, other_end) = (_bounds(arg, source) for arg in node.args)
        return _TEMPORAL[name](start, end, other_start, other_end)
    if name == "in":
        return _in(node, source)
    args = [_expression(arg, source) for arg in node.args]
    if {arg.kind for arg in node.args} == {Kind.DATE, Kind.TIMESTAMP}:
        args = [_bounds(arg, source)[0] for arg in node.args]
    if name in SPATIAL:
        related: Column = getattr(func, f"ST_{name[2:].capitalize()}")(*args, type_=Boolean())
        return related
    if name in ARRAYS:
        return _ARRAYS[name](*args)
    if name in ARITHMETIC:
        # Whole numbers too: their division would cut, and their sums overflow sooner.
        return _ARITHMETIC[name](*(sql_cast(arg, Double) for arg in args))
    return _OTHERS[name](*args)


def _in(node: Operation, source: Subquery) -> Column:
    value, *values = node.args
    if values[0].kind in ELEMENTS:  # a list as one value, of a form
        return _expression(value, source) == func.any(_expression(values[0], source))
    element = next((array for array, kind in ELEMENTS.items() if kind is value.kind), None)
    if element is not None and all(isinstance(each, Literal) for each in values):
        return _expression(value, source) == func.any(_array(tuple(values), element, source))
    return or_(*(_operation(Operation("=", (value, each)), source) for each in values))


def _bounds(node: Expression, source: Subquery) -> tuple[Column, Column]:
    """Start and end of an instant or interval as times."""
    if isinstance(node, Interval):
        start = _FIRST if node.start is None else _bounds(node.start, source)[0]
        end = _LAST if node.end is None else _bounds(node.end, source)[1]
        return start, end
    if isinstance(node, Literal) and isinstance(node.value, date):
        at: Column = literal(first_moment(node.value), DateTime(timezone=True))
    else:
        at = _expression(node, source)
        if node.kind is Kind.DATE:
            utc: Column = literal_column("'UTC'")
            at = func.timezone(utc, sql_cast(at, DateTime), type_=DateTime(timezone=True))
    return at, at


# W3C Time Ontology in OWL, 4.1, on closed intervals; an instant starts and ends at once.
_TEMPORAL: dict[str, Callable[[Column, Column, Column, Column], Column]] = {
    "t_after": lambda s, e, s2, e2: s > e2,
    "t_before": lambda s, e, s2, e2: e < s2,
    "t_disjoint": lambda s, e, s2, e2: or_(s > e2, e < s2),
    "t_intersects": lambda s, e, s2, e2: and_(s <= e2, e >= s2),
    "t_equals": lambda s, e, s2, e2: and_(s == s2, e == e2),
    "t_contains": lambda s, e, s2, e2: and_(s < s2, e > e2),
    "t_during": lambda s, e, s2, e2: and_(s > s2, e < e2),
    "t_finishedby": lambda s, e, s2, e2: and_(s < s2, e == e2),
    "t_finishes": lambda s, e, s2, e2: and_(s > s2, e == e2),
    "t_meets": lambda s, e, s2, e2: e == s2,
    "t_metby": lambda s, e, s2, e2: s == e2,
    "t_overlappedby": lambda s, e, s2, e2: and_(s > s2, s < e2, e > e2),
    "t_overlaps": lambda s, e, s2, e2: and_(s < s2, e > s2, e < e2),
    "t_startedby": lambda s, e, s2, e2: and_(s == s2, e > e2),
    "t_starts": lambda s, e, s2, e2: and_(s == s2, e < e2),
}

_ARRAYS: dict[str, Callable[[Column, Column], Column]] = {
    "a_contains": lambda a, b: a.op("@>", return_type=Boolean())(b),
    "a_containedby": lambda a, b: a.op("<@", return_type=Boolean())(b),
    "a_equals": lambda a, b: and_(
        a.op("@>", return_type=Boolean())(b), a.op("<@", return_type=Boolean())(b)
    ),
    "a_overlaps": lambda a, b: a.op("&&", return_type=Boolean())(b),
}


def _divided(a: Column, b: Column) -> Column:
    """Null where the divisor is zero, so that no row can make the whole answer fail."""
    return a.op("/", return_type=Double())(func.nullif(b, literal_column("0")))


def _remainder(a: Column, b: Column) -> Column:
    whole = func.nullif(sql_cast(b, Numeric), literal_column("0"))
    return sql_cast(func.mod(sql_cast(a, Numeric), whole), Double)


_ARITHMETIC: dict[str, Callable[[Column, Column], Column]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _divided,
    "div": lambda a, b: func.trunc(_divided(a, b), type_=Double()),
    "%": _remainder,
    "^": lambda a, b: func.power(a, b, type_=Double()),
}


def _composed(text: Column) -> Column:
    """Letters with their accents in one character each, which is how unaccent knows them."""
    return func.normalize(text, literal_column("NFKC"), type_=Text())


def _without_accents(text: Column) -> Column:
    dictionary: Column = literal_column("'public.unaccent'::regdictionary")
    return func.public.unaccent(dictionary, _composed(text), type_=Text())


def _geography(geometry: Column) -> Column:
    return func.geography(geometry, type_=NullType())


_OTHERS: dict[str, Callable[..., Column]] = {
    "and": and_,
    "or": or_,
    "not": not_,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
    "between": lambda value, low, high: value.between(low, high),
    "like": lambda value, pattern: value.like(pattern),
    "isnull": lambda value: value.is_(None),
    "casei": lambda text: func.lower(_composed(text), type_=Text()),
    "accenti": _without_accents,
    "lower": lambda text: func.lower(text, type_=Text()),
    "upper": lambda text: func.upper(text, type_=Text()),
    "length": lambda text: func.char_length(text, type_=BigInteger()),
    "abs": lambda number: func.abs(sql_cast(number, Double), type_=Double()),
    "floor": lambda number: func.floor(sql_cast(number, Double), type_=Double()),
    "ceil": lambda number: func.ceil(sql_cast(number, Double), type_=Double()),
    "length_m": lambda geometry: func.ST_Length(_geography(geometry), type_=Double()),
    "area_m2": lambda geometry: func.ST_Area(_geography(geometry), type_=Double()),
    "distance_m": lambda geometry, other: func.ST_Distance(
        _geography(geometry), _geography(other), type_=Double()
    ),
}

"""
A filter as a tree: what an item must fulfil, with every part's kind known.

The names of operations are those of CQL2 (OGC 21-065) in small letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from uuid import UUID

from gis_service.model.fields import Field, FieldType

Value = str | int | float | bool | date | datetime | UUID | bytes


class Kind(StrEnum):
    """What an expression gives."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "truth value"
    DATE = "date"
    TIMESTAMP = "timestamp"
    ID = "id"
    TEXTS = "array of texts"
    IDS = "array of ids"
    INTERVAL = "interval"
    GEOMETRY = "geometry"


KINDS: dict[FieldType, Kind] = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.CODE: Kind.TEXT,
    FieldType.CODES: Kind.TEXTS,
    FieldType.INTEGER: Kind.NUMBER,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.DATE: Kind.DATE,
    FieldType.TIMESTAMP: Kind.TIMESTAMP,
    FieldType.REFERENCE: Kind.ID,
    FieldType.REFERENCES: Kind.IDS,
    FieldType.PERSON: Kind.ID,
}
"""What each type of field gives; an object cannot be part of a filter."""

INSTANTS = frozenset({Kind.DATE, Kind.TIMESTAMP})
SCALARS = frozenset({Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.ID, *INSTANTS})
ELEMENTS: dict[Kind, Kind] = {Kind.TEXTS: Kind.TEXT, Kind.IDS: Kind.ID}
"""What an array holds."""

LOGIC = frozenset({"and", "or", "not"})
COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
ARITHMETIC = frozenset({"+", "-", "*", "/", "^", "%", "div"})
FOLDINGS = frozenset({"casei", "accenti"})
SPATIAL = frozenset(
    f"s_{name}"
    for name in (
        "intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains"
    )
)
TEMPORAL = frozenset({"t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"})
TEMPORAL_OF_INTERVALS = frozenset(
    f"t_{name}"
    for name in (
        "contains", "during", "finishedby", "finishes", "meets", "metby", "overlappedby",
        "overlaps", "startedby", "starts",
    )
)
"""Those that the standard defines between two intervals only."""
ARRAYS = frozenset({"a_contains", "a_containedby", "a_equals", "a_overlaps"})


@dataclass(frozen=True, slots=True)
class Property:
    """The value of an item's property."""

    field: Field

    @property
    def kind(self) -> Kind:
        return KINDS[self.field.type]


@dataclass(frozen=True, slots=True)
class ItemGeometry:
    """The geometry of an item as its reader sees it."""

    kind = Kind.GEOMETRY


@dataclass(frozen=True, slots=True)
class Literal:
    """
    A value of the filter itself.

    A geometry is WKB in degrees of WGS84, (longitude, latitude), valid and
    without heights.
    """

    value: Value
    kind: Kind


@dataclass(frozen=True, slots=True)
class Array:
    """Several values of one kind."""

    items: tuple[Expression, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Interval:
    """A time between two instants, both included; an end that is None is open."""

    start: Expression | None
    end: Expression | None
    kind = Kind.INTERVAL


@dataclass(frozen=True, slots=True)
class Operation:
    """
    An operation of CQL2 or one of our functions on other expressions.

    The arguments of `in` are the value and then every value of its list.
    """

    name: str
    args: tuple[Expression, ...]
    kind: Kind = Kind.BOOLEAN


Expression = Property | ItemGeometry | Literal | Array | Interval | Operation
Predicate = Property | Literal | Operation
"""An expression whose kind is a truth value."""


def first_moment(instant: date) -> datetime:
    """A time as it is; a date as the first moment of its day in UTC."""
    if isinstance(instant, datetime):
        return instant
    return datetime.combine(instant, time(), UTC)

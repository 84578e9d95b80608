"""What happened to an item, and how two times differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after; None where there was none."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class ShapeChange:
    """
    A geometry before and after, in figures.

    Parameters
    ----------
    old, new
        Geodesic length of a line in metres or area of a surface in square
        metres; None for points and where there was none.
    moved_m
        Geodesic distance between its middles before and after, in metres.
    """

    old: float | None
    new: float | None
    unit: str
    moved_m: float | None


@dataclass(frozen=True, slots=True)
class Version:
    """
    One step in an item's life.

    Parameters
    ----------
    number
        Counted from 1, deletions too.
    at
        When its transaction committed.
    person_id
        The person by the opaque id; None when nobody was named.
    person
        The person's name or `erased`; None when nobody was named, or names
        were not asked for.
    """

    number: int
    operation: str
    at: datetime
    person_id: UUID | None
    person: str | None
    request_id: str | None
    changes: tuple[FieldChange, ...]
    shape: ShapeChange | None


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """Every version of one item, oldest first."""

    collection: str
    id: UUID
    label: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class ItemDifference:
    """An item that was added, changed or removed between two times."""

    id: UUID
    label: str
    changes: tuple[FieldChange, ...] = ()
    shape: ShapeChange | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """
    What a collection gained, changed and lost between two times.

    Parameters
    ----------
    last_id
        The last item that was looked at, when only a page was asked for and
        there may be more.
    """

    collection: str
    since: datetime
    until: datetime
    added: tuple[ItemDifference, ...]
    changed: tuple[ItemDifference, ...]
    removed: tuple[ItemDifference, ...]
    last_id: UUID | None = None

"""
A collection as one audience sees it, kept in memory as PostgreSQL wrote it.

It answers the common questions (a box, codes that must be equal, the order of
ids) with the same bytes as the statements of `items`; the rest it declines.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import ARRAY, Select, any_, func, literal, select
from sqlalchemy import UUID as UUID_TYPE

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.queries import USUAL, BBox, ItemsPage, ItemsQuery, Position
from gis_service.store import derived
from gis_service.store.changes import Version, version_of
from gis_service.store.items import feature_text
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.versions import changes_table, versions_table

PORTION = 2_000
_CODED = frozenset({FieldType.CODE, FieldType.BOOLEAN})

Positions = NDArray[np.intp]


class TooLarge(Exception):
    """The collection does not fit into the memory that it may take."""


def can_be_held(collection: Collection, audience: Audience) -> bool:
    """Whether what the audience reads changes with the collection's own version only."""
    return not any(derived.is_read(f) for f in visible_fields(collection, audience))


@dataclass(slots=True)
class _Columns:
    """Items in the order of their ids, a list for each thing that is known of them."""

    ids: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    shapes: list[bytes | None] = field(default_factory=list)
    codes: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, rows: Iterable[Any], coded: Sequence[Field]) -> None:
        for row in rows:
            self.ids.append(row["id"].bytes)
            self.texts.append(row["feature"].encode())
            self.shapes.append(row["shape"])
            for each in coded:
                self.codes.setdefault(each.name, []).append(row[each.name])


@dataclass(frozen=True)
class Snapshot:
    """
    Items of a collection in the order of their ids, at one version.

    Parameters
    ----------
    ids
        Each item's id, 16 bytes.
    texts
        Each item as a GeoJSON feature.
    shapes
        Each item's geometry, longitude before latitude; None where it has none.
    codes
        For each field that holds one code or truth value: the number of each
        value, and each item's number.
    """

    collection: Collection
    version: Version
    ids: list[bytes]
    texts: list[bytes]
    shapes: NDArray[Any]
    codes: dict[str, tuple[dict[Any, int], NDArray[np.int32]]]

    @cached_property
    def size(self) -> int:
        """Bytes of text held."""
        return sum(map(len, self.texts))

    def answers(self, query: ItemsQuery) -> bool:
        """Whether `page` can answer a question."""
        return (
            query.rendering == USUAL
            and not query.sort
            and not query.outline
            and query.filter is None
            and query.recorded is None
            and all(term.field.name in self.codes for term in query.equals)
        )

    def page(self, query: ItemsQuery) -> ItemsPage:
        """The same page as the database would give, with the exact number that matches."""
        found = self._found(query)
        total = len(self.ids) if found is None else len(found)
        start, stop = min(query.left_out, total), total
        if query.cursor is not None and query.cursor.at is not None:
            id_ = query.cursor.at.id.bytes
            if query.backward:
                stop = self._place(found, bisect_left(self.ids, id_))
            else:
                start = self._place(found, bisect_right(self.ids, id_))
        if query.backward:
            more = stop - start > query.limit
            start = max(start, stop - query.limit)
        else:
            more = stop - start > query.limit
            stop = min(stop, start + query.limit)
        chosen: Sequence[int] = (
            range(start, stop) if found is None else found[start:stop].tolist()
        )
        near = far = None
        if chosen:
            ends = (chosen[-1], chosen[0]) if query.backward else (chosen[0], chosen[-1])
            near = self._position(ends[0])
            far = self._position(ends[1]) if len(chosen) == query.limit else None
        following, previous = query.neighbours(near, far, more=more)
        texts = self.texts
        return ItemsPage(
            features=b",".join([texts[i] for i in chosen]),
            returned=len(chosen),
            matched=total,
            following=following,
            previous=previous,
        )

    def item(self, id_: UUID) -> bytes | None:
        """An item's feature; None when there is none."""
        place = bisect_left(self.ids, id_.bytes)
        found = place < len(self.ids) and self.ids[place] == id_.bytes
        return self.texts[place] if found else None

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The shapes by where they are."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def nowhere(self) -> Positions:
        """Items without a geometry."""
        return np.flatnonzero(shapely.is_missing(self.shapes))

    def _found(self, query: ItemsQuery) -> Positions | None:
        """Positions of the items that match, in order; None for all."""
        found: Positions | None = None
        if query.bbox is not None and query.collection.geometry is not None:
            found = self._within(query.bbox)
        for term in query.equals:
            numbers, column = self.codes[term.field.name]
            number = numbers.get(term.value, -1)
            if found is None:
                found = np.flatnonzero(column == number)
            else:
                found = found[column[found] == number]
        return found

    def _within(self, bbox: BBox) -> Positions:
        parts = [
            self.tree.query(shapely.box(*part), predicate="intersects") for part in bbox.parts()
        ]
        if not self.collection.geometry_required:
            # OGC API - Features, 7.15.3: without a position an item is in every box.
            parts.append(self.nowhere)
        return np.sort(parts[0]) if len(parts) == 1 else np.unique(np.concatenate(parts))

    def _place(self, found: Positions | None, position: int) -> int:
        return position if found is None else int(np.searchsorted(found, position))

    def _position(self, place: int) -> Position:
        return Position((), UUID(bytes=self.ids[place]))


async def taken(
    moment: Moment,
    collection: Collection,
    audience: Audience,
    before: Snapshot | None,
    *,
    most_bytes: int,
) -> Snapshot:
    """
    The collection as it is at this moment.

    Parameters
    ----------
    before
        An older snapshot, from which only what changed since is read anew.

    Raises
    ------
    TooLarge
        The items' texts are longer than `most_bytes`.
    """
    coded = [f for f in visible_fields(collection, audience) if f.type in _CODED]
    version = version_of((await moment.rows(_version(collection, audience)))[0])
    changed = None if before is None else await changed_since(
        moment, collection, before.version, version, staff=audience.is_staff
    )
    if before is not None and changed == set():
        return Snapshot(collection, version, before.ids, before.texts, before.shapes, before.codes)
    columns = _Columns(codes={each.name: [] for each in coded})
    size = 0 if changed is None or before is None else before.size
    statement = _rows(collection, audience, coded, changed)
    async for rows in moment.portions(statement, PORTION):
        start = len(columns.texts)
        columns.add(rows, coded)
        size += sum(map(len, columns.texts[start:]))
        if size > most_bytes:
            raise TooLarge
    new = _made(collection, version, columns)
    return new if before is None or changed is None else _merged(before, new, changed)


def _version(collection: Collection, audience: Audience) -> Select[Any]:
    versions = versions_table(staff=audience.is_staff)
    return select(versions).where(versions.c.collection == collection.id)


async def changed_since(
    moment: Moment, collection: Collection, before: Version, now: Version, *, staff: bool
) -> set[UUID] | None:
    """Ids of the items that changed between two versions; None when they are not all known."""
    changes = changes_table(staff=staff)
    rows = await moment.rows(
        select(changes.c.version, changes.c["items"])
        .where(changes.c.collection == collection.id)
        .where(changes.c.version > before.number)
        .order_by(changes.c.version)
    )
    expected = range(before.number + 1, now.number + 1)
    if [row["version"] for row in rows] != list(expected):
        return None
    if now.number == before.number and now != before:
        return None
    if any(row["items"] is None for row in rows):
        return None
    return {id_ for row in rows for id_ in row["items"]}


def _rows(
    collection: Collection,
    audience: Audience,
    coded: Sequence[Field],
    changed: set[UUID] | None,
) -> Select[Any]:
    source = readable(collection, audience)
    shape: Any = func.ST_AsBinary(source.c.geom) if "geom" in source.c else literal(None)
    statement = select(
        source.c.id,
        feature_text(collection, audience, source).label("feature"),
        shape.label("shape"),
        *(source.c[each.name] for each in coded),
    ).order_by(source.c.id)
    if changed is not None:
        ids = literal(sorted(changed), ARRAY(UUID_TYPE(as_uuid=True)))
        statement = statement.where(source.c.id == any_(ids))
    return statement


def _made(collection: Collection, version: Version, columns: _Columns) -> Snapshot:
    codes = {}
    for name, values in columns.codes.items():
        numbers: dict[Any, int] = {}
        column = [numbers.setdefault(value, len(numbers)) for value in values]
        codes[name] = (numbers, np.array(column, dtype=np.int32))
    shapes = shapely.from_wkb(np.array(columns.shapes, dtype=object))
    return Snapshot(collection, version, columns.ids, columns.texts, shapes, codes)


def _merged(before: Snapshot, new: Snapshot, changed: set[UUID]) -> Snapshot:
    """An older snapshot in which the changed items are gone or replaced."""
    gone = {id_.bytes for id_ in changed}
    kept = [place for place, id_ in enumerate(before.ids) if id_ not in gone]
    ids = [before.ids[place] for place in kept] + new.ids
    order = sorted(range(len(ids)), key=ids.__getitem__)
    texts = [before.texts[place] for place in kept] + new.texts
    codes = {}
    for name, (old_numbers, old_column) in before.codes.items():
        numbers = dict(old_numbers)
        new_numbers, new_column = new.codes[name]
        renumbered = [numbers.setdefault(value, len(numbers)) for value in new_numbers]
        moved = np.array(renumbered, dtype=np.int32)[new_column] if renumbered else new_column
        codes[name] = (numbers, np.concatenate([old_column[kept], moved])[order])
    return Snapshot(
        before.collection,
        new.version,
        [ids[place] for place in order],
        [texts[place] for place in order],
        np.concatenate([before.shapes[kept], new.shapes])[order],
        codes,
    )

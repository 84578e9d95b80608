"""Reading collections and their items."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from gis_service.errors import NotFound
from gis_service.model.audience import (
    Audience,
    Principal,
    visible_collection,
    visible_collections,
)
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.queries import (
    USUAL,
    BBox,
    CollectionExtent,
    ItemsPage,
    ItemsQuery,
    Rendering,
)
from gis_service.services.snapshots import Snapshots
from gis_service.store.changes import Changes
from gis_service.store.common import common_item, common_page
from gis_service.store.items import (
    extent_statement,
    matching_statement,
    page_statement,
)
from gis_service.store.labels import labels_statement
from gis_service.store.paging import read_page
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.snapshot import Snapshot, can_be_held


@dataclass(frozen=True, slots=True)
class CollectionSummary:
    """A collection and where its items lie, as one reader sees them."""

    collection: Collection
    extent: CollectionExtent


class Features:
    """What can be read of the collections; every question carries who asks."""

    def __init__(
        self, reader: Reader, changes: Changes, snapshots: Snapshots, *, count_cap: int
    ) -> None:
        self._reader = reader
        self._changes = changes
        self._snapshots = snapshots
        self._count_cap = count_cap

    async def collections(self, principal: Principal) -> tuple[CollectionSummary, ...]:
        """Every collection that the reader may know of."""
        known = visible_collections(principal.audience)
        return tuple(await asyncio.gather(*(self._summary(c, principal) for c in known)))

    async def collection(self, id_: str, principal: Principal) -> CollectionSummary:
        """
        One collection.

        Raises
        ------
        UnknownCollection
            There is none, or the reader may not know of it.
        """
        return await self._summary(self.known(id_, principal), principal)

    async def bbox(
        self, collections: Sequence[Collection], principal: Principal
    ) -> BBox | None:
        """The box around all features of some collections; None when there are none."""
        summaries = await asyncio.gather(*(self._summary(c, principal) for c in collections))
        boxes = [s.extent.bbox for s in summaries if s.extent.bbox is not None]
        if not boxes:
            return None
        return BBox(
            min(box.west for box in boxes), min(box.south for box in boxes),
            max(box.east for box in boxes), max(box.north for box in boxes),
        )

    def known(self, id_: str, principal: Principal) -> Collection:
        """The collection called `id_`, for this reader; raises `UnknownCollection`."""
        return visible_collection(id_, principal.audience)

    def stamp(self, collection: Collection, principal: Principal) -> str | None:
        """
        Names what the reader sees of a collection now; None when it is not known.

        What is read after this was asked is at least as new as its stamp.
        """
        if not can_be_held(collection, principal.audience):
            return None
        version = self._changes.version(collection.id, staff=principal.audience.is_staff)
        return None if version is None else version.stamp

    async def page(self, query: ItemsQuery, principal: Principal) -> ItemsPage:
        """A page of items as GeoJSON."""
        snapshot = self._snapshots.newest(query.collection, principal.audience)
        if snapshot is not None and snapshot.answers(query):
            return snapshot.page(query)
        row = await self._page_row(query, principal.audience)
        assert row is not None  # noqa: S101 - an aggregate always answers with one row
        page = read_page(row, query, count_cap=self._count_cap)
        if page.matched is not None:
            return page
        return replace(page, estimate=await self._estimate(query, principal))

    async def _page_row(self, query: ItemsQuery, audience: Audience) -> Any | None:
        login = Login.of(audience)
        common = common_page(query, audience, count_cap=self._count_cap)
        if common is not None:
            return await self._reader.prepared_row(*common, login)
        statement = page_statement(query, audience, count_cap=self._count_cap)
        return await self._reader.row(statement, login)

    def held_pages(
        self, query: ItemsQuery, principal: Principal, *, at_once: int
    ) -> Iterator[ItemsPage] | None:
        """
        A page in portions of so many items, all of one moment; None when it is not in memory.

        The last portion tells of the next page, the first one of the one before.
        """
        snapshot = self._snapshots.newest(query.collection, principal.audience)
        if snapshot is None or query.backward or not snapshot.answers(query):
            return None
        return _portions(snapshot, query, at_once)

    async def _estimate(self, query: ItemsQuery, principal: Principal) -> int:
        """About how many items match; more than are counted."""
        planned = await self._reader.planned_rows(
            matching_statement(query, principal.audience), Login.of(principal.audience)
        )
        return max(planned, self._count_cap + 1)

    async def item(
        self,
        collection: Collection,
        id_: UUID,
        principal: Principal,
        rendering: Rendering = USUAL,
    ) -> bytes:
        """
        One item as a GeoJSON feature.

        Raises
        ------
        NotFound
            There is none with that id, or the reader may not see it.
        """
        snapshot = self._snapshots.newest(collection, principal.audience)
        if snapshot is not None and rendering == USUAL:
            held = snapshot.item(id_)
            if held is None:
                raise NotFound(f"{collection.id} has no item {id_}.")
            return held
        row = await self._reader.prepared_row(
            common_item(collection, principal.audience, rendering),
            {"item_id": id_},
            Login.of(principal.audience),
        )
        if row is None:
            raise NotFound(f"{collection.id} has no item {id_}.")
        text: str = row["feature"]
        return text.encode()

    async def labels(
        self, wanted: Mapping[str, Iterable[UUID]], principal: Principal
    ) -> dict[tuple[str, UUID], str]:
        """
        What items are called, by collection and id.

        One without a name is called by the beginning of its id; those that the
        reader may not see are left out.
        """
        by_collection = {
            REGISTRY[id_]: ids for id_, ids in wanted.items()
            if REGISTRY[id_] in visible_collections(principal.audience)
        }
        statement = labels_statement(by_collection, principal.audience)
        if statement is None:
            return {}
        rows = await self._reader.rows(statement, Login.of(principal.audience))
        return {(row["collection"], row["id"]): row["label"] or str(row["id"])[:8]
                for row in rows}

    async def _summary(self, collection: Collection, principal: Principal) -> CollectionSummary:
        row = await self._reader.row(
            extent_statement(collection, principal.audience), Login.of(principal.audience)
        )
        assert row is not None  # noqa: S101 - an aggregate always answers with one row
        bbox = None
        if row.get("west") is not None:
            bbox = BBox(row["west"], row["south"], row["east"], row["north"])
        return CollectionSummary(collection, CollectionExtent(bbox, row["items"]))


def _portions(snapshot: Snapshot, query: ItemsQuery, at_once: int) -> Iterator[ItemsPage]:
    cursor, missing = query.cursor, query.limit
    while True:
        portion = replace(query, cursor=cursor, limit=min(at_once, missing))
        page = snapshot.page(portion)
        yield page
        cursor, missing = page.following, missing - page.returned
        if cursor is None or missing <= 0:
            return

"""Vector tiles: made by the database, kept compressed as long as nothing in them changes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from isal import igzip

from gis_service.errors import UnknownCollection
from gis_service.model.audience import Audience, Principal, visible_collections, visible_geometry
from gis_service.model.fields import Collection
from gis_service.model.queries import ItemsQuery
from gis_service.model.tiles import BUFFER, Box, Tile
from gis_service.services.tile_sizes import Attempt
from gis_service.store.changes import Version, version_of
from gis_service.store.reading import Prepared, Reader
from gis_service.store.roles import Login
from gis_service.store.tiles import Layer, tile_statement, tile_values

_LEAST_COMPRESSED = 256
"""Tiles below so many bytes are kept as they are."""
_OVERHEAD = 600
"""Bytes that a kept tile takes beside its content."""


class Feed(Protocol):
    """What is known of changes; see `store.changes.Changes`."""

    @property
    def epoch(self) -> int: ...

    def version(self, collection: str, *, staff: bool) -> Version | None: ...

    def boxes_since(self, collection: str, number: int, *, staff: bool) -> list[Box] | None: ...


@dataclass(frozen=True, slots=True)
class FinishedTile:
    """
    A tile as it is answered.

    Parameters
    ----------
    body
        Mapbox vector tile, version 2.1; empty when nothing lies in it.
    is_gzip
        Whether `body` is compressed.
    etag
        Names the content, without quotes.
    thinned
        Whether features that lie in the tile were left out of it.
    found
        How many features may lie in it; without any, nor do tiles below it hold any.
    """

    body: bytes
    is_gzip: bool
    etag: str
    thinned: bool
    found: int = 0

    def plain(self) -> bytes:
        """The tile without compression."""
        return gzip.decompress(self.body) if self.is_gzip else self.body


Versions = tuple[Version, ...]
_Key = tuple[tuple[str, ...], bool, Tile]


@dataclass(slots=True)
class _Kept:
    tile: FinishedTile
    versions: Versions

    @property
    def size(self) -> int:
        return len(self.tile.body) + _OVERHEAD


class Tiles:
    """
    Tiles of one collection or of several together.

    A tile is read with the versions of its collections in one snapshot. It is
    answered from memory as long as no change since touches its box, which the
    notified changes tell; when they are not heard, nothing is. Requests for
    the same tile at the same versions wait for one reading.

    Parameters
    ----------
    most_bytes
        No tile is larger, before compression.
    cache_bytes
        Bytes of finished tiles that are kept in memory.
    """

    def __init__(
        self, reader: Reader, feed: Feed, *, most_bytes: int, cache_bytes: int
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._most_bytes = most_bytes
        self._cache_bytes = cache_bytes
        self._epoch = feed.epoch
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._fills: dict[tuple[_Key, Versions], asyncio.Task[FinishedTile]] = {}
        self.answered = {"memory": 0, "database": 0}
        """Tiles answered since the start, by where they came from."""

    @property
    def kept_bytes(self) -> int:
        """Bytes of the tiles in memory."""
        return self._bytes

    def layers(self, principal: Principal) -> tuple[Collection, ...]:
        """The collections that the reader sees in tiles."""
        audience = principal.audience
        known = visible_collections(audience)
        return tuple(c for c in known if visible_geometry(c, audience) is not None)

    def layer(self, id_: str, principal: Principal) -> Collection:
        """The collection called `id_`, if the reader sees it in tiles; else UnknownCollection."""
        known = {c.id: c for c in self.layers(principal)}
        if id_ not in known:
            raise UnknownCollection(id_, known=known)
        return known[id_]

    async def tile(
        self, collections: Sequence[Collection], tile: Tile, principal: Principal
    ) -> FinishedTile:
        """
        The tile with a layer for each collection that has features in it.

        Raises
        ------
        Unavailable
            The database does not answer, or not in time.
        """
        audience = principal.audience
        key = (tuple(c.id for c in collections), audience.is_staff, tile)
        if self._epoch != self._feed.epoch:
            self._forget()
        now = self._versions(key)
        if now is not None and (kept := self._fresh(key, now)) is not None:
            self.answered["memory"] += 1
            return kept
        self.answered["database"] += 1
        if now is None:
            return (await self._made(collections, tile, audience)).tile
        running = self._fills.get((key, now))
        if running is None:
            running = asyncio.create_task(self._fill(key, collections, audience))
            self._fills[key, now] = running
            running.add_done_callback(lambda task: self._ended(task, key, now))
        return await asyncio.shield(running)

    async def filtered(
        self, query: ItemsQuery, tile: Tile, principal: Principal
    ) -> FinishedTile:
        """A tile of the features that meet a query's filter; it is not kept."""
        made = await self._made([query.collection], tile, principal.audience, query)
        return made.tile

    def _forget(self) -> None:
        """Keep nothing from before the epoch, nor what is being read since then."""
        self._epoch = self._feed.epoch
        self._kept.clear()
        self._bytes = 0
        self._fills.clear()

    def _versions(self, key: _Key) -> Versions | None:
        ids, staff, _ = key
        found = [self._feed.version(id_, staff=staff) for id_ in ids]
        known = tuple(version for version in found if version is not None)
        return known if len(known) == len(found) else None

    def _fresh(self, key: _Key, now: Versions) -> FinishedTile | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if kept.versions != now:
            if any(
                self._touched(id_, key, was, is_)
                for id_, was, is_ in zip(key[0], kept.versions, now, strict=True)
            ):
                return None
            kept.versions = now
        self._kept.move_to_end(key)
        return kept.tile

    def _touched(self, collection: str, key: _Key, was: Version, now: Version) -> bool:
        if was == now:
            return False
        boxes = self._feed.boxes_since(collection, was.number, staff=key[1])
        if boxes is None:
            return True
        west, south, east, north = key[2].box(buffer=BUFFER)
        return any(
            box[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south
            for box in boxes
        )

    async def _fill(
        self, key: _Key, collections: Sequence[Collection], audience: Audience
    ) -> FinishedTile:
        epoch = self._epoch
        made = await self._made(collections, key[2], audience)
        if epoch == self._feed.epoch:
            self._keep(key, made)
        return made.tile

    def _ended(self, task: asyncio.Task[FinishedTile], key: _Key, now: Versions) -> None:
        if self._fills.get((key, now)) is task:
            del self._fills[key, now]
        with suppress(asyncio.CancelledError):
            task.exception()  # looked at here for the case that nobody waits any more

    def _keep(self, key: _Key, made: _Kept) -> None:
        before = self._kept.pop(key, None)
        if before is not None:
            self._bytes -= before.size
        self._kept[key] = made
        self._bytes += made.size
        while self._bytes > self._cache_bytes and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.size

    async def _made(
        self,
        collections: Sequence[Collection],
        tile: Tile,
        audience: Audience,
        query: ItemsQuery | None = None,
    ) -> _Kept:
        login = Login.of(audience)
        attempt = Attempt.first(collections, tile.zoom, self._most_bytes, query)
        while True:
            values = tile_values(tile, attempt.budgets)
            row = await self._reader.prepared_row(
                _prepared(attempt.layers, tile.zoom, audience), values, login
            )
            assert row is not None  # noqa: S101 - every part of the statement is an aggregate
            following = attempt.after(row)
            if following is None:
                break
            attempt = following
        count = range(len(collections))
        versions = tuple(
            version_of({name: row[f"{name}_{n}"] for name in ("version", "changed_at")})
            for n in count
        )
        made = finished(attempt.body(row), thinned=attempt.is_thinned(row))
        return _Kept(replace(made, found=sum(row[f"found_{n}"] for n in count)), versions)


def finished(content: bytes, *, thinned: bool) -> FinishedTile:
    """A tile ready to be answered: compressed once, and named by its content."""
    etag = hashlib.sha256(content + bytes([thinned])).hexdigest()[:24]
    if len(content) < _LEAST_COMPRESSED:
        return FinishedTile(content, is_gzip=False, etag=etag, thinned=thinned)
    return FinishedTile(igzip.compress(content, 2, mtime=0), True, etag, thinned)


def _prepared(layers: tuple[Layer, ...], zoom: int, audience: Audience) -> Prepared:
    if any(layer.query is not None for layer in layers):
        return Prepared(tile_statement(layers, zoom, audience))
    return _compiled_once(layers, zoom, audience)


@lru_cache(maxsize=512)
def _compiled_once(layers: tuple[Layer, ...], zoom: int, audience: Audience) -> Prepared:
    return Prepared(tile_statement(layers, zoom, audience))

"""Layers of a map with more items than a page can hold: an overview, tiles, and what is near."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from sqlalchemy import Connection

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.layers import (
    NEAR_ZOOM,
    drawn_by,
    layer_payload,
    major_values,
    overview_payload,
    told_apart,
)
from gis_service.errors import NotFound
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Field, GeometryType
from gis_service.model.tiles import BUFFER, Box, Tile
from gis_service.store.changes import Version
from gis_service.store.database import Database
from gis_service.store.frames import read_frame
from gis_service.store.map_tiles import map_tile
from gis_service.store.overview import can_be_outlined, cells, counts

MOST_MAJOR = 1_000
"""Items that stand out from afar."""
KEPT_BYTES = 32_000_000
"""Of tiles in memory."""
_OVERHEAD = 300

_Key = tuple[str, bool, Tile]
_Kept = tuple[int, int, bytes]
"""The epoch and the version at which a tile was made, and the tile."""


class Feed(Protocol):
    """What is known of changes; see `store.changes.Changes`."""

    @property
    def epoch(self) -> int: ...

    def version(self, collection: str, *, staff: bool) -> Version | None: ...

    def boxes_since(self, collection: str, number: int, *, staff: bool) -> list[Box] | None: ...


def large_overview(
    connection: Connection, layer: LayerDefinition, fields: Sequence[Field], audience: Audience,
    *, lean: bool = True,
) -> bytes:
    """What a page holds of a large layer: see `overview_payload`; what stands out lean or not."""
    collection = REGISTRY[layer.collection]
    by = drawn_by(layer, fields)
    major = major_values(layer, fields)
    frame = None
    if major:
        frame = read_frame(connection, collection, audience, among=major, most=MOST_MAJOR)
    gathered = collection.geometry is GeometryType.POINT and not major
    return overview_payload(
        layer,
        fields=fields,
        counts=counts(connection, collection, audience, told_apart(layer, fields)),
        cells=cells(connection, collection, audience, by) if gathered else (),
        major=None if frame is None else layer_payload(layer, frame, fields=fields, lean=lean),
    )


class LargeLayers:
    """Tiles of large layers, kept as long as no change touches them."""

    def __init__(self, feed: Feed | None) -> None:
        self._feed = feed
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def tile(
        self,
        database: Database,
        layer: LayerDefinition,
        fields: Sequence[Field],
        audience: Audience,
        tile: Tile,
    ) -> bytes:
        """
        A tile of a layer, for a map that draws it on 512 pixels.

        Parameters
        ----------
        database
            The database under the login of the audience; asked for what is not kept.

        Raises
        ------
        NotFound
            There is no such tile: from `NEAR_ZOOM` on the map asks by box.
        """
        collection = REGISTRY[layer.collection]
        if not tile.exists or tile.zoom >= NEAR_ZOOM or not can_be_outlined(collection):
            raise NotFound(
                f"{layer.collection} has no tile {tile.zoom}/{tile.row}/{tile.column}."
            )
        key = (collection.id, audience.is_staff, tile)
        now = None
        if self._feed is not None:
            now = self._feed.version(collection.id, staff=audience.is_staff)
        epoch = 0 if self._feed is None else self._feed.epoch
        kept = None if now is None else self._fresh(key, epoch, now.number)
        if kept is not None:
            return kept
        with database.begin() as connection:
            made = map_tile(connection, collection, audience, tile, drawn_by(layer, fields))
        if now is not None:
            self._keep(key, (epoch, now.number, made))
        return made

    def _fresh(self, key: _Key, epoch: int, number: int) -> bytes | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != epoch:
                return None
            if kept[1] != number and self._touched(key, kept[1]):
                return None
            self._kept[key] = (epoch, max(number, kept[1]), kept[2])
            self._kept.move_to_end(key)
            return kept[2]

    def _touched(self, key: _Key, number: int) -> bool:
        assert self._feed is not None  # noqa: S101 - nothing is kept without one
        boxes = self._feed.boxes_since(key[0], number, staff=key[1])
        if boxes is None:
            return True
        west, south, east, north = key[2].box(buffer=BUFFER)
        return any(
            box[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south
            for box in boxes
        )

    def _keep(self, key: _Key, made: _Kept) -> None:
        with self._lock:
            before = self._kept.pop(key, None)
            if before is not None:
                self._bytes -= len(before[2]) + _OVERHEAD
            self._kept[key] = made
            self._bytes += len(made[2]) + _OVERHEAD
            while self._bytes > KEPT_BYTES:
                _, (_, _, oldest) = self._kept.popitem(last=False)
                self._bytes -= len(oldest) + _OVERHEAD

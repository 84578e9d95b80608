"""The public's tiles in one PMTiles file, for any static host."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_service.errors import InvalidInput
from gis_service.model.audience import PUBLIC, Audience
from gis_service.model.fields import Collection
from gis_service.model.publications import Publication
from gis_service.model.queries import BBox
from gis_service.model.tiles import WORLD, Box, Tile
from gis_service.ogc.tiles import vector_layers
from gis_service.services.features import Features
from gis_service.services.tiles import Tiles

_WRITER: Any = Writer


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: tiles that are not empty, and how many of them are thinned."""

    tiles: int
    thinned: int


class Archive:
    """
    Writes tiles as the public sees them.

    Parameters
    ----------
    title
        Names the map, and says where it comes from.
    publication
        The last one, by which the file is named; None when there was none.
    """

    def __init__(
        self,
        tiles: Tiles,
        features: Features,
        *,
        title: str,
        publication: Publication | None = None,
    ) -> None:
        self.publication = publication
        self._tiles = tiles
        self._features = features
        self._title = title

    def layers(self, ids: Sequence[str]) -> tuple[Collection, ...]:
        """The collections called so; all when none is named. Raises `UnknownCollection`."""
        if not ids:
            return self._tiles.layers(PUBLIC)
        return tuple(self._tiles.layer(id_, PUBLIC) for id_ in dict.fromkeys(ids))

    async def write(
        self,
        file: BinaryIO,
        layers: Sequence[Collection],
        *,
        zooms: range,
        tell: Callable[[int, int, int], None],
    ) -> Written:
        """
        Write a PMTiles archive (version 3), whose tiles are compressed.

        A tile in which nothing lies is left out, with all below it. Each tile
        is of one moment, but an edit meanwhile may be in some tiles only. In
        memory are the places of one zoom's tiles, and of those written.

        Parameters
        ----------
        tell
            Is told the zoom, how many of its tiles are done, and how many there are.

        Raises
        ------
        InvalidInput
            The collections hold nothing.
        Unavailable
            The database does not answer, or not in time.
        """
        bbox = await self._features.bbox(layers, PUBLIC)
        if bbox is None:
            raise InvalidInput("There is nothing to write: the collections hold no features.")
        writer: Any = _WRITER(file)
        count = thinned = 0
        candidates = [WORLD]
        for zoom in range(zooms.stop):
            filled = []
            for done, tile in enumerate(candidates):
                tell(zoom, done, len(candidates))
                made = await self._tiles.tile(layers, tile, PUBLIC)
                if not made.found:
                    continue
                filled.append(tile)
                if zoom in zooms and made.body:
                    content = made.body if made.is_gzip else gzip.compress(made.body, mtime=0)
                    writer.write_tile(_number(tile), content)
                    count += 1
                    thinned += made.thinned
            candidates = sorted(_below(filled, bbox), key=_number)
        if not count:
            raise InvalidInput("There is nothing to write: at these zooms all tiles are empty.")
        writer.finalize(_header(bbox), self._metadata(layers, zooms))
        return Written(count, thinned)

    def _metadata(self, layers: Sequence[Collection], zooms: range) -> dict[str, object]:
        last = self.publication
        named: dict[str, object] = {"version": "1"}
        if last is not None:
            named = {"version": str(last.number), "publication": last.document()}
        return {
            "name": self._title,
            "attribution": self._title,
            "type": "overlay",
            **named,
            "vector_layers": vector_layers(
                layers, Audience.PUBLIC, "en", zooms=(zooms.start, zooms.stop - 1)
            ),
        }


def _number(tile: Tile) -> int:
    number: int = zxy_to_tileid(tile.zoom, tile.column, tile.row)
    return number


def _below(tiles: Iterable[Tile], bbox: BBox) -> Iterable[Tile]:
    return (each for tile in tiles for each in tile.children() if _meets(each.box(), bbox))


def _meets(box: Box, bbox: BBox) -> bool:
    west, south, east, north = box
    return west <= bbox.east and east >= bbox.west and south <= bbox.north and north >= bbox.south


def _header(bbox: BBox) -> dict[str, object]:
    west, south, east, north = (
        round(degrees * 10_000_000) for degrees in (bbox.west, bbox.south, bbox.east, bbox.north)
    )
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 0,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }

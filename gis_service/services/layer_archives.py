"""A large layer of a map as two PMTiles files, which a page reads by ranges from any web host."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_service.cartography.assets import hashed_name
from gis_service.cartography.layers import NEAR_ZOOM
from gis_service.model.tiles import Tile

ITEMS_ZOOM = NEAR_ZOOM - 1
"""Tiles are drawn on 512 pixels, so these are as wide as the map's at `NEAR_ZOOM`."""
SHAPES_ZOOMS = range(4, ITEMS_ZOOM)
"""The map is never farther away than its zoom 5."""
BUFFER = 8 / 512
"""Parts of a tile around it in which shapes are drawn too."""
_FURTHEST_DEG = 85.05
_WRITER: Any = Writer


@dataclass(frozen=True, slots=True)
class LayerArchives:
    """Names of the files: bare shapes from afar, items as GeoJSON from near."""

    shapes: str
    items: str


def write_archives(
    folder: Path,
    name: str,
    frame: gpd.GeoDataFrame,
    *,
    shapes: Callable[[Tile], bytes],
    items: Callable[[gpd.GeoDataFrame], bytes],
) -> LayerArchives:
    """
    Write the archives of a layer; their names change with their content.

    Parameters
    ----------
    frame
        All of its items, in EPSG:4326 (longitude, latitude).
    shapes
        The vector tile of a place; empty where nothing lies.
    items
        Some of the rows as GeoJSON.
    """
    geometries = frame.geometry.to_numpy()
    bounds = shapely.bounds(geometries)
    with _Archive(folder / f"{name}-shapes.pmtiles", TileType.MVT) as archive:
        for zoom in SHAPES_ZOOMS:
            for tile in sorted(_places(bounds, zoom, BUFFER), key=_number):
                if body := shapes(tile):
                    archive.add(tile, body)
    with _Archive(folder / f"{name}-items.pmtiles", TileType.UNKNOWN) as kept:
        places = _places(bounds, ITEMS_ZOOM)
        for tile in sorted(places, key=_number):
            rows = np.array(places[tile])
            rows = rows[shapely.intersects(geometries[rows], shapely.box(*tile.box()))]
            if len(rows):
                kept.add(tile, items(frame.iloc[rows]))
    return LayerArchives(archive.name, kept.name)


class _Archive:
    """A PMTiles file (version 3) that is written in the order of its tiles."""

    def __init__(self, path: Path, type_: TileType) -> None:
        self._path = path
        self._type = type_
        self.name = ""

    def __enter__(self) -> _Archive:
        self._file = self._path.open("wb")
        self._writer = _WRITER(self._file)
        return self

    def add(self, tile: Tile, content: bytes) -> None:
        self._writer.write_tile(_number(tile), gzip.compress(content, mtime=0))

    def __exit__(self, failed: object, *_: object) -> None:
        with closing(self._file):
            if failed is not None:
                return
            header = {"tile_type": self._type, "tile_compression": Compression.GZIP}
            self._writer.finalize(header, {})
        self.name = hashed_name(self._path.name, self._path.read_bytes())
        self._path.rename(self._path.with_name(self.name))


def _places(bounds: Any, zoom: int, buffer: float = 0) -> Mapping[Tile, list[int]]:
    """The tiles that each box of `bounds` (west, south, east, north) meets, with its rows."""
    count = 1 << zoom
    longitudes = bounds[:, [0, 2]]
    latitudes = np.radians(np.clip(bounds[:, [3, 1]], -_FURTHEST_DEG, _FURTHEST_DEG))
    x = (longitudes + 180) / 360 * count
    y = (1 - np.arcsinh(np.tan(latitudes)) / np.pi) / 2 * count
    around = np.array([-buffer, buffer])
    columns, rows = (
        np.clip(np.floor(each + around), 0, count - 1).astype(int) for each in (x, y)
    )
    found: defaultdict[Tile, list[int]] = defaultdict(list)
    for n, ((left, right), (top, bottom)) in enumerate(zip(columns, rows, strict=True)):
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found[Tile(zoom, row, column)].append(n)
    return found


def _number(tile: Tile) -> int:
    number: int = zxy_to_tileid(tile.zoom, tile.column, tile.row)
    return number

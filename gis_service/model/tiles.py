"""
Tiles of the tile matrix set WebMercatorQuad, and what they show at which zoom.

Rows count from the north, columns from the west; a tile has 4096 units and is drawn on
512 pixels, so a pixel is 8 units.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.queries import BBox

MOST_ZOOM = 24
"""The last tile matrix of WebMercatorQuad (OGC 17-083r4, annex D.1)."""
DETAIL_ZOOM = 16
"""From here on a unit of a tile is at most 15 cm; clients magnify tiles of this zoom."""
WHOLE_ZOOM = 14
"""From here on a tile holds every feature with its whole shape, unless it grows too large."""
NAMES_ZOOM = 12
"""From here on features carry their name and id, and from `WHOLE_ZOOM` on all that is scalar."""

EXTENT = 4096
BUFFER = 64
"""Units around a tile in which features are drawn too, so that lines meet at its edges."""
PIXEL = 8
"""Units of a pixel."""

RADIUS_M = 6378137.0
HALF_M = math.pi * RADIUS_M
"""Half the side of the square that Web Mercator maps the world to, in its metres."""

Box = tuple[float, float, float, float]
"""West, south, east, north."""

_SCALAR = frozenset(FieldType) - {FieldType.CODES, FieldType.REFERENCES, FieldType.OBJECT}
_TELLING = frozenset({FieldType.CODE, FieldType.BOOLEAN})


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """A tile by its zoom, row (from the north) and column (from the west)."""

    zoom: int
    row: int
    column: int

    @property
    def exists(self) -> bool:
        """Whether the tile matrix set has it."""
        if not 0 <= self.zoom <= MOST_ZOOM:
            return False
        count = 1 << self.zoom
        return 0 <= self.row < count and 0 <= self.column < count

    @property
    def side_m(self) -> float:
        """Its side in metres of Web Mercator."""
        return 2 * HALF_M / (1 << self.zoom)

    @property
    def unit_m(self) -> float:
        """One of its units in metres of Web Mercator."""
        return unit_m(self.zoom)

    def box_m(self, *, buffer: int = 0) -> Box:
        """Its box in metres of Web Mercator, with `buffer` units around it."""
        more = buffer * self.unit_m
        west = self.column * self.side_m - HALF_M
        north = HALF_M - self.row * self.side_m
        return west - more, north - self.side_m - more, west + self.side_m + more, north + more

    def box(self, *, buffer: int = 0) -> Box:
        """Its box in degrees of WGS84; at the edge of the world it goes beyond it."""
        west, south, east, north = self.box_m(buffer=buffer)
        return _longitude(west), _latitude(south), _longitude(east), _latitude(north)

    def children(self) -> tuple[Tile, Tile, Tile, Tile]:
        """The four tiles of the next zoom that cover it."""
        zoom, row, column = self.zoom + 1, 2 * self.row, 2 * self.column
        return (
            Tile(zoom, row, column),
            Tile(zoom, row, column + 1),
            Tile(zoom, row + 1, column),
            Tile(zoom, row + 1, column + 1),
        )


WORLD = Tile(0, 0, 0)


def unit_m(zoom: int) -> float:
    """A tile's unit in metres of Web Mercator."""
    return 2 * HALF_M / (1 << zoom) / EXTENT


def tiles_over(box: BBox, zoom: int) -> tuple[Tile, Tile]:
    """The north-western and the south-eastern tile that hold the corners of a box."""
    return _tile_at(box.west, box.north, zoom), _tile_at(box.east, box.south, zoom)


def tile_fields(collection: Collection, audience: Audience, zoom: int) -> tuple[Field, ...]:
    """
    The fields that a tile's features carry: few at low zoom, all scalar ones at high zoom.

    Codes and yes or no tell by what a map colours its features, so they are always there.
    """
    fields = [f for f in visible_fields(collection, audience) if f.type in _SCALAR]
    if zoom >= WHOLE_ZOOM:
        return tuple(fields)
    label = collection.label if zoom >= NAMES_ZOOM else None
    return tuple(f for f in fields if f.type in _TELLING or f.name == label)


def has_ids(zoom: int) -> bool:
    """Whether features carry their whole id as the property `id`, beside the number."""
    return zoom >= NAMES_ZOOM


def _tile_at(longitude: float, latitude: float, zoom: int) -> Tile:
    count = 1 << zoom
    bounded = math.radians(min(max(latitude, -89.9), 89.9))
    x = (longitude + 180) / 360
    y = (1 - math.asinh(math.tan(bounded)) / math.pi) / 2
    column, row = (min(max(math.floor(part * count), 0), count - 1) for part in (x, y))
    return Tile(zoom, row, column)


def _longitude(easting_m: float) -> float:
    return easting_m / HALF_M * 180


def _latitude(northing_m: float) -> float:
    return math.degrees(math.atan(math.sinh(northing_m / RADIUS_M)))

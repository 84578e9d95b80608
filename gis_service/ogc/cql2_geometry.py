"""Geometries in filters: checked, bounded, and turned into WKB of WGS84."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry import shape

from gis_service.crs import box_in_degrees, to_degrees
from gis_service.model.filters import Kind, Literal
from gis_service.model.queries import CRS84, ServedCrs

MOST_VERTICES = 2000
MOST_TANGLED = 100
"""
Vertices of a line that crosses itself: the database works out every crossing
again for each item (0.6 s an item at 2,000 vertices).
"""

_LEVELS = {
    "Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2,
    "MultiPolygon": 3,
}
_MANY = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


class FaultyGeometry(Exception):
    """A geometry of a filter breaks a rule; the message says which."""


def is_geometry(tree: dict[str, Any]) -> bool:
    """Whether an object of CQL2 JSON is a geometry or a box."""
    return set(tree) in ({"type", "coordinates"}, {"type", "geometries"}, {"bbox"})


class Geometries:
    """
    Reads the geometries of one filter, which share one bound of vertices.

    Parameters
    ----------
    crs
        The CRS of their coordinates, which stand in the order of its axes.
    """

    def __init__(self, crs: ServedCrs = CRS84) -> None:
        self._crs = crs
        self._vertices = 0

    def read(self, tree: dict[str, Any]) -> Literal:
        """
        The geometry that an object of CQL2 JSON describes.

        A box whose west is above its east crosses the antimeridian.

        Raises
        ------
        FaultyGeometry
            It is none, lies outside its CRS, is too large or not valid.
        """
        if "bbox" in tree:
            made = self._box(tree["bbox"])
        elif "geometries" in tree:
            made = self._collection(tree)
        else:
            made = self._simple(tree)
        if not made.is_valid:
            raise FaultyGeometry(f"the geometry is not valid: {shapely.is_valid_reason(made)}")
        is_long = shapely.get_num_coordinates(made) > MOST_TANGLED
        if is_long and "Line" in made.geom_type and not made.is_simple:
            raise FaultyGeometry(
                f"a line that crosses itself may have {MOST_TANGLED} vertices at most"
            )
        return Literal(shapely.to_wkb(made), Kind.GEOMETRY)

    def _simple(self, tree: dict[str, Any]) -> shapely.Geometry:
        type_ = tree["type"]
        level = _LEVELS.get(type_) if isinstance(type_, str) else None
        if level is None:
            raise FaultyGeometry(f"{str(type_)[:40]!r} is no type of geometry")
        coordinates = self._coordinates(tree["coordinates"], level)
        rings = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(type_, [])
        for ring in (ring for polygon in rings for ring in polygon):
            if len(ring) < 4 or ring[0] != ring[-1]:
                raise FaultyGeometry("a ring needs four positions and ends where it starts")
        lines = {"LineString": [coordinates], "MultiLineString": coordinates}.get(type_, [])
        if any(len(line) < 2 for line in lines):
            raise FaultyGeometry("a line needs two positions")
        return shape({"type": type_, "coordinates": coordinates})

    def _collection(self, tree: dict[str, Any]) -> shapely.Geometry:
        parts = tree["geometries"]
        if tree["type"] != "GeometryCollection" or not isinstance(parts, list) or not parts:
            raise FaultyGeometry("a GeometryCollection holds geometries")
        if not all(isinstance(p, dict) and set(p) == {"type", "coordinates"} for p in parts):
            raise FaultyGeometry("a GeometryCollection holds plain geometries only")
        made = [self._simple(part) for part in parts]
        types = {each.geom_type for each in made}
        if len(types) == 1 and (many := _MANY.get(types.pop())) is not None:
            # The database compares collections of one type in more ways than mixed ones.
            return _joined(many, made)
        return shapely.GeometryCollection(made)

    def _coordinates(self, tree: Any, level: int) -> Any:
        if not isinstance(tree, list):
            raise FaultyGeometry("coordinates are nested as in GeoJSON")
        if level == 0:
            return self._position(tree)
        if not tree:
            raise FaultyGeometry("a geometry may not be empty")
        return [self._coordinates(part, level - 1) for part in tree]

    def _position(self, numbers: list[Any]) -> tuple[float, float]:
        self._vertices += 1
        if self._vertices > MOST_VERTICES:
            raise FaultyGeometry(f"its geometries have more than {MOST_VERTICES:,} vertices")
        if len(numbers) not in (2, 3):
            raise FaultyGeometry("a position has two or three numbers")
        return self._degrees(*_finite(numbers)[:2])

    def _degrees(self, first: float, second: float) -> tuple[float, float]:
        east, north = (second, first) if self._crs.flipped else (first, second)
        if self._crs.srid == CRS84.srid:
            return _within(east, north)
        longitude, latitude = to_degrees(self._crs.srid).transform(east, north)
        if not (math.isfinite(longitude) and math.isfinite(latitude)):
            raise FaultyGeometry(f"the position {first:g} {second:g} lies outside the CRS")
        return _within(longitude, latitude)

    def _box(self, numbers: Any) -> shapely.Geometry:
        if not isinstance(numbers, list) or len(numbers) not in (4, 6):
            raise FaultyGeometry("a BBOX has four numbers, or six with heights")
        checked = _finite(numbers)
        half = len(checked) // 2
        west, south, east, north = (*checked[:2], *checked[half : half + 2])
        if self._crs.flipped:
            west, south, east, north = south, west, north, east
        if south > north:
            raise FaultyGeometry("the south of a BBOX is above its north")
        if self._crs.srid != CRS84.srid:
            try:
                (west, south, east, north), outline = box_in_degrees(
                    self._crs, west, south, east, north
                )
            except ValueError as fault:
                raise FaultyGeometry(f"the BBOX is not valid: {fault}") from None
            if outline:
                return shapely.Polygon(outline)
        west, south = _within(west, south)
        east, north = _within(east, north)
        if west <= east:
            return shapely.MultiPoint([(west, south), (east, north)]).envelope
        sides = [(west, 180.0), (-180.0, east)]
        halves = [shapely.MultiPoint([(w, south), (e, north)]).envelope for w, e in sides]
        return shapely.union_all(halves)


def _joined(many: str, parts: Iterable[shapely.Geometry]) -> shapely.Geometry:
    made = {
        "MultiPoint": shapely.MultiPoint,
        "MultiLineString": shapely.MultiLineString,
        "MultiPolygon": shapely.MultiPolygon,
    }
    return made[many](list(parts))


def _finite(numbers: Iterable[Any]) -> list[float]:
    checked = []
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise FaultyGeometry("coordinates are numbers")
        if not -1e12 < number < 1e12 or not math.isfinite(number):
            raise FaultyGeometry("a coordinate is out of range")
        checked.append(float(number))
    return checked


def _within(longitude: float, latitude: float) -> tuple[float, float]:
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise FaultyGeometry(
            f"the position {longitude:g} {latitude:g} lies outside the CRS: longitudes are "
            "between -180 and 180, latitudes between -90 and 90"
        )
    return longitude, latitude

"""Coordinate reference systems: which one is meant, and moving between them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError
from shapely import LineString, Polygon, box, segmentize

from gis_service.errors import ConfigurationError, InvalidParameter
from gis_service.model.queries import CRS84, ServedCrs

if TYPE_CHECKING:
    import geopandas as gpd

Outline = tuple[tuple[float, float], ...]
"""A closed ring of (longitude, latitude)."""

WEB_MERCATOR = 3857
WGS84 = CRS.from_epsg(4326)
ELLIPSOID = Geod(ellps="WGS84")


def parse_crs(text: str) -> CRS:
    """
    The CRS that a user names: `EPSG:32736`, `21036`, a URI or WKT.

    Raises
    ------
    InvalidParameter
        PROJ does not know it.
    """
    try:
        return CRS.from_user_input(int(text) if text.isdigit() else text)
    except (CRSError, ValueError):
        raise InvalidParameter(
            "crs", text, "PROJ knows no such CRS; write it like EPSG:32736"
        ) from None


def crs_title(crs: CRS) -> str:
    """Authority code and name, such as `EPSG:32736 (WGS 84 / UTM zone 36S)`."""
    authority = crs.to_authority(min_confidence=70)
    name = str(crs.name)
    return f"{authority[0]}:{authority[1]} ({name})" if authority else name


@lru_cache(maxsize=32)
def utm_srid(longitude: float, latitude: float) -> int:
    """EPSG code of the WGS84 UTM zone that holds a point (degrees)."""
    zone = min(60, int((longitude + 180) // 6) + 1)
    return (32600 if latitude >= 0 else 32700) + zone


def geodesic_m(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres on WGS84 between points of (longitude, latitude), shape (n, 2) each."""
    metres: NDArray[np.float64] = np.asarray(
        ELLIPSOID.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2], dtype=np.float64
    )
    return metres


def to_wgs84(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A copy in longitude and latitude of WGS84; axis order is always (longitude, latitude)."""
    return frame if frame.crs == WGS84 else frame.to_crs(WGS84)


@lru_cache(maxsize=64)
def epsg(code: int) -> ServedCrs:
    """
    A CRS of the EPSG register, to answer and ask coordinates in.

    Raises
    ------
    ConfigurationError
        There is none of that code with two axes of length or angle.
    """
    try:
        crs = CRS.from_epsg(code)
    except CRSError:
        raise ConfigurationError(f"EPSG:{code} is no CRS that PROJ knows.") from None
    if len(crs.axis_info) != 2 or not (crs.is_geographic or crs.is_projected):
        raise ConfigurationError(
            f"EPSG:{code} ({crs.name}) is no CRS of two axes on the ground."
        )
    return ServedCrs(
        f"http://www.opengis.net/def/crs/EPSG/0/{code}",
        srid=code,
        flipped=crs.axis_info[0].direction in ("north", "south"),
        decimals=7 if crs.is_geographic else 3,
        is_degrees=bool(crs.is_geographic),
    )


def served_crs(codes: Iterable[int]) -> tuple[ServedCrs, ...]:
    """CRS84, EPSG:4326, Web Mercator and those of `codes`, each once."""
    return (CRS84, *map(epsg, dict.fromkeys((WGS84.to_epsg(), WEB_MERCATOR, *codes))))


def spellings(crs: ServedCrs) -> tuple[str, ...]:
    """The ways to name a CRS: as a URI, a URN or a CURIE, safe (OGC 11-135) or bare."""
    authority, version, code = crs.uri.rsplit("/", 3)[1:]
    urn = f"urn:ogc:def:crs:{authority}:{'' if version == '0' else version}:{code}"
    curie = f"{authority}:{code}"
    return crs.uri, urn, f"[{curie}]", curie


@lru_cache(maxsize=64)
def to_degrees(srid: int) -> Transformer:
    """From easting and northing, in this order, to longitude and latitude of WGS84."""
    return Transformer.from_crs(srid, WGS84, always_xy=True)


def from_degrees(
    srid: int, points: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """
    Points of (longitude, latitude) as PROJ moves them to (easting, northing) of a CRS.

    What lies outside the CRS becomes infinite.
    """
    lon, lat = zip(*points, strict=True)
    return list(zip(*to_plane(srid).transform(lon, lat), strict=True))


@lru_cache(maxsize=64)
def to_plane(srid: int) -> Transformer:
    """From longitude and latitude of WGS84 to easting and northing, in this order."""
    return Transformer.from_crs(WGS84, srid, always_xy=True)


def box_in_degrees(
    crs: ServedCrs, west: float, south: float, east: float, north: float
) -> tuple[tuple[float, float, float, float], Outline]:
    """
    A box of another CRS than WGS84, in easting and northing, as a box of degrees.

    Returns
    -------
    tuple
        West, south, east, north; and the outline, with points between the
        corners, where the edges do not follow the degrees.

    Raises
    ------
    ValueError
        The box does not lie where the CRS is of use.
    """
    if max(map(abs, (west, south, east, north))) > _FARTHEST:
        raise ValueError("it does not lie within its CRS")
    if crs.srid == WEB_MERCATOR:
        corners = _in_degrees(crs, ((west, south), (east, north)))
        return (corners[0][0], corners[0][1], corners[1][0], corners[1][1]), ()
    if west > east:
        raise ValueError("its west is above its east")
    if west == east or south == north:
        return LineString(_in_degrees(crs, ((west, south), (east, north)))).bounds, ()
    longest = max(east - west, north - south)
    ring = segmentize(box(west, south, east, north), longest / _STEPS).exterior
    outline = _in_degrees(crs, tuple(ring.coords))
    shape = Polygon(outline)
    west, _, east, _ = shape.bounds
    if not shape.is_valid or east - west > _WIDEST:
        raise ValueError("it is too large for its CRS")
    return shape.bounds, outline


def _in_degrees(crs: ServedCrs, points: Outline) -> Outline:
    """Points of (easting, northing); those that PROJ does not bring back to their place lie out."""
    east, north = zip(*points, strict=True)
    lon, lat = to_degrees(crs.srid).transform(east, north)
    found = tuple((_held(float(x)), float(y)) for x, y in zip(lon, lat, strict=True))
    astray = np.abs(np.array(from_degrees(crs.srid, found)) - np.array(points)).max()
    if not astray < (1e-5 if crs.is_degrees else 1.0):
        raise ValueError("it does not lie within its CRS")
    return found


_FARTHEST = 1e9
_WIDEST = 180
"""In degrees; what looks wider has crossed the antimeridian."""
_STEPS = 64
"""Pieces into which the longer edges of a box are cut, so that they bend as they should."""


def _held(longitude: float) -> float:
    """The edge of Web Mercator's world is a hair beyond 180 degrees."""
    return math.copysign(180.0, longitude) if 180 < abs(longitude) < 180.000001 else longitude

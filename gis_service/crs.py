"""Coordinate reference systems: which one a file means, and moving frames between them."""

from __future__ import annotations

from functools import lru_cache

import geopandas as gpd
from pyproj import CRS
from pyproj.exceptions import CRSError

from gis_service.errors import InvalidParameter

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
WGS84 = CRS.from_epsg(4326)


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


def to_wgs84(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A copy in longitude and latitude of WGS84; axis order is always (longitude, latitude)."""
    return frame if frame.crs == WGS84 else frame.to_crs(WGS84)

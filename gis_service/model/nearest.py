"""What is asked of the surroundings of a place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gis_service.model.queries import BBox, ItemsQuery

_SMALLEST_RADIUS_M = 6_335_000
"""
Below every radius of curvature of WGS84 (the meridian's at the equator is
6,335,439 m), so that an angle made with it is never too small.
"""
_MARGIN = 1.01


@dataclass(frozen=True, slots=True)
class NearestQuery:
    """
    The items of a query that lie nearest to a place.

    Parameters
    ----------
    query
        Which items, and how many of them.
    lon, lat
        The place, in degrees of WGS84.
    max_distance_m
        How far away they may be; None for any distance.
    """

    query: ItemsQuery
    lon: float
    lat: float
    max_distance_m: float | None = None

    def box(self, distance_m: float) -> BBox:
        """A box that holds every point within a distance, and others."""
        return box_around((self.lon, self.lat, self.lon, self.lat), distance_m)


def box_around(bounds: tuple[float, float, float, float], distance_m: float) -> BBox:
    """
    A box that holds every point within a distance of a smaller one, and others.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees of WGS84.
    """
    west, south, east, north = bounds
    angle = distance_m / _SMALLEST_RADIUS_M * _MARGIN
    farthest = math.radians(max(abs(south), abs(north)))
    south, north = south - math.degrees(angle), north + math.degrees(angle)
    if south <= -90 or north >= 90 or angle >= math.pi / 2:
        return BBox(-180.0, max(south, -90.0), 180.0, min(north, 90.0))
    # The meridians that touch a circle on the sphere; closer than its centre's parallel.
    half = math.degrees(math.asin(min(1.0, math.sin(angle) / math.cos(farthest)))) * _MARGIN
    if east - west + 2 * half >= 360:
        return BBox(-180.0, south, 180.0, north)
    return BBox(_wrapped(west - half), south, _wrapped(east + half), north)


def _wrapped(degrees: float) -> float:
    return (degrees + 180.0) % 360.0 - 180.0

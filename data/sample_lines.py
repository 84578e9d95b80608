"""Lengths and places along a line, in metres on the WGS84 ellipsoid."""

from __future__ import annotations

import itertools

from pyproj import Geod
from sample_files import rounded
from shapely.geometry import LineString, Point

METRES_PER_DEGREE = 111_320.0
"""Near the equator a degree of longitude and one of latitude are alike to 0.6 %."""

WGS84 = Geod(ellps="WGS84")


def geodesic_m(line: LineString) -> float:
    """Length on the WGS84 ellipsoid in metres."""
    x, y = line.xy
    return float(WGS84.line_length(list(x), list(y)))


def point_along(line: LineString, metres: float) -> Point:
    """
    The point `metres` from the line's start, rounded to six decimals.

    Raises
    ------
    ValueError
        The line is shorter than that.
    """
    left = metres
    for (x, y), (next_x, next_y) in itertools.pairwise(line.coords):
        azimuth, _, length = WGS84.inv(x, y, next_x, next_y)
        if left <= length:
            return Point(rounded(WGS84.fwd(x, y, azimuth, left)))
        left -= length
    raise ValueError(f"{metres} m lies beyond the line's end by {left:.1f} m")

"""From the ground to paper: the frame of a printed map, its scale and where north is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import Proj

from gis_service.crs import to_degrees

Bounds = tuple[float, float, float, float]
"""West, south, east, north in metres of a projected CRS."""

_ROUND = (1.0, 2.0, 5.0)
_BAR = 0.28
"""The longest scale bar, as a part of the frame's width."""


@dataclass(frozen=True, slots=True)
class MapFrame:
    """
    A rectangle of the ground, drawn on a rectangle of paper.

    Parameters
    ----------
    srid
        EPSG code of the metric CRS.
    west_m, north_m
        The upper left corner.
    denominator
        So many metres of the CRS are one metre on paper.
    """

    srid: int
    west_m: float
    north_m: float
    denominator: float
    width_mm: float
    height_mm: float

    @property
    def metres_per_mm(self) -> float:
        return self.denominator / 1000

    def bounds_m(self, margin_mm: float = 0.0) -> Bounds:
        """What is seen, with a margin around it."""
        margin = margin_mm * self.metres_per_mm
        east = self.west_m + self.width_mm * self.metres_per_mm
        south = self.north_m - self.height_mm * self.metres_per_mm
        return self.west_m - margin, south - margin, east + margin, self.north_m + margin

    def on_paper(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """
        Points (n, 2) of (easting, northing) in millimetres from the upper left corner.

        The second axis runs down, as in SVG.
        """
        moved = (points - (self.west_m, self.north_m)) / self.metres_per_mm
        return np.asarray(moved * (1, -1), dtype=np.float64)

    def factors(self) -> tuple[float, float]:
        """
        How the projection changes the frame's middle (PROJ's factors).

        Returns
        -------
        tuple
            Metres of the CRS per metre on the ground, west to east; and the
            bearing of true north on paper, in degrees clockwise from up.
        """
        west, south, east, north = self.bounds_m()
        lon, lat = to_degrees(self.srid).transform((west + east) / 2, (south + north) / 2)
        found = Proj(self.srid).get_factors(lon, lat)
        return found.parallel_scale, -found.meridian_convergence


@dataclass(frozen=True, slots=True)
class ScaleBar:
    """A length on the ground and on paper."""

    length_m: float
    length_mm: float

    @property
    def label(self) -> str:
        """The length in round kilometres, or metres below one."""
        if self.length_m >= 1000:
            return f"{self.length_m / 1000:g} km"
        return f"{self.length_m:g} m"


def frame_around(
    bounds: Bounds, srid: int, *, width_mm: float, height_mm: float, margin_mm: float = 3.0
) -> MapFrame:
    """
    The frame that shows `bounds` in its middle at the largest round scale.

    The denominator has two digits of meaning, so that people can say it.
    """
    west, south, east, north = bounds
    inner = (width_mm - 2 * margin_mm, height_mm - 2 * margin_mm)
    needed = max((east - west) / inner[0], (north - south) / inner[1], 0.1) * 1000
    step = 10 ** (math.floor(math.log10(needed)) - 1)
    denominator = math.ceil(needed / step) * step
    half = width_mm * denominator / 2000, height_mm * denominator / 2000
    return MapFrame(
        srid, (west + east) / 2 - half[0], (south + north) / 2 + half[1],
        float(denominator), width_mm, height_mm,
    )


def scale_bar(frame: MapFrame) -> ScaleBar:
    """The longest bar of 1, 2 or 5 times a power of ten that the frame has room for."""
    scale, _ = frame.factors()
    room_m = frame.width_mm * _BAR * frame.metres_per_mm / scale
    power = 10.0 ** math.floor(math.log10(room_m))
    length = max(each * power for each in _ROUND if each * power <= room_m)
    return ScaleBar(length, length * scale / frame.metres_per_mm)

"""Lines on the ground: geodesic on WGS84, measured from their first vertex."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pyproj import Geod

from gis_service.model.plant import Position

WGS84 = Geod(ellps="WGS84")


class Route:
    """
    A line of (longitude, latitude), along which places have metres.

    Parameters
    ----------
    vertices
        Two or more, in degrees.
    """

    def __init__(self, vertices: Sequence[Position]) -> None:
        self.vertices = tuple(vertices)
        lon, lat = np.array(vertices, dtype=float).T
        azimuths, _, pieces = WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
        self._azimuths = azimuths
        self._reached = np.concatenate(([0.0], np.cumsum(pieces)))

    @property
    def length_m(self) -> float:
        """Geodesic length."""
        return float(self._reached[-1])

    def at(self, metres: float) -> Position:
        """The place so many metres along; the nearer end outside the line."""
        held = min(max(metres, 0.0), self.length_m)
        piece = int(np.searchsorted(self._reached, held, side="right")) - 1
        if piece >= len(self._azimuths):
            return self.vertices[-1]
        lon, lat = self.vertices[piece]
        ahead = held - float(self._reached[piece])
        if ahead == 0:
            return lon, lat
        east, north, _ = WGS84.fwd(lon, lat, self._azimuths[piece], ahead)
        return float(east), float(north)

    def part(self, from_m: float, to_m: float) -> tuple[Position, ...]:
        """The vertices from one place to another farther along, both included."""
        inner = (self._reached > from_m) & (self._reached < to_m)
        between = [self.vertices[i] for i in np.flatnonzero(inner)]
        return (self.at(from_m), *between, self.at(to_m))

    def nearest(self, place: Position) -> tuple[float, float]:
        """
        Metres along to the point nearest to a place, and metres from it to the place.

        Pieces are taken for straight on the plane that touches the place, which is
        right to a millionth of their length for places within a kilometre.
        """
        lon, lat = np.array(self.vertices, dtype=float).T
        size = np.full(len(lon), 1.0)
        azimuth, _, far = WGS84.inv(place[0] * size, place[1] * size, lon, lat)
        turn = np.radians(azimuth)
        spots = np.column_stack((far * np.sin(turn), far * np.cos(turn)))
        start, step = spots[:-1], np.diff(spots, axis=0)
        squared = (step**2).sum(axis=1)
        share = np.clip(-(start * step).sum(axis=1) / np.where(squared > 0, squared, 1.0), 0, 1)
        away = np.hypot(*(start + share[:, None] * step).T)
        best = int(np.argmin(away))
        pieces = np.diff(self._reached)
        return float(self._reached[best] + share[best] * pieces[best]), float(away[best])

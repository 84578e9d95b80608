"""Where trenches can run: along roads and from them to the door, or in straight lines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay, cKDTree

from gis_service.crs import geodesic_m
from gis_service.model.connect import Along
from gis_service.network.roads import Floats, Ints, Roads, in_metres
from gis_service.network.steiner import Graph

DROP_M = 100.0
"""
An office this near to an access point can be connected by a straight line,
past the roads: about the length of a drop cable. An assumption.
"""

ALONG: tuple[Along, ...] = ("road", "access", "straight")
_ROAD, _ACCESS, _STRAIGHT = range(3)
_FEW = 12


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """
    Ways between offices and access points.

    Parameters
    ----------
    offices, access_points
        Vertex of each, in the order in which they were given.
    lonlat
        (longitude, latitude) of every vertex.
    start, end, along
        Of every way: its two vertices, and a number of `ALONG`.
    places
        Of a way along a road: where it starts and ends (`Roads.stretch`).
    """

    graph: Graph
    offices: Ints
    access_points: Ints
    lonlat: Floats
    start: Ints
    end: Ints
    along: NDArray[np.int8]
    places: Floats
    roads: Roads | None

    def line(self, way: int, start: int) -> Floats:
        """(longitude, latitude) along a way, beginning at one of its two vertices."""
        if self.along[way] == _ROAD and self.roads is not None:
            points = self.roads.stretch(*self.places[way])
        else:
            points = self.lonlat[[self.start[way], self.end[way]]]
        return points if start == self.start[way] else points[::-1]


class _Ways:
    """Ways as they are gathered."""

    def __init__(self) -> None:
        self._parts: list[tuple[Ints, Ints, Floats, NDArray[np.int8], Floats]] = []

    def add(
        self, start: Ints, end: Ints, length_m: Floats, along: int, places: Floats | None = None
    ) -> None:
        kinds = np.full(len(start), along, dtype=np.int8)
        self._parts.append(
            (start, end, length_m, kinds, np.zeros((len(start), 2)) if places is None else places)
        )

    def ground(
        self, lonlat: Floats, offices: Ints, access_points: Ints, roads: Roads | None
    ) -> Ground:
        start, end, length_m, along, places = (
            np.concatenate(parts) for parts in zip(*self._parts, strict=True)
        )
        return Ground(
            graph=Graph.of(len(lonlat), start, end, length_m),
            offices=offices,
            access_points=access_points,
            lonlat=lonlat,
            start=start,
            end=end,
            along=along,
            places=places,
            roads=roads,
        )


def along_roads(
    roads: Roads, offices: Floats, access_points: Floats, *, detour_factor: float
) -> Ground:
    """
    Ways along roads, with a straight line from each office and access point to the nearest road.

    An office within `DROP_M` of an access point has a straight line to it too.
    Where the roads of an office lead to no access point, a straight line times
    the detour factor leads to the nearest road that does.

    Parameters
    ----------
    offices, access_points
        (longitude, latitude), shape (n, 2).
    """
    sites = np.concatenate([offices, access_points])
    numbers = np.arange(len(sites))
    snapped = roads.nearest(sites)
    fed = np.unique(roads.component[roads.road_at(snapped[len(offices):])])
    astray = np.flatnonzero(
        ~np.isin(roads.component[roads.road_at(snapped[: len(offices)])], fed)
    )
    feeding = np.flatnonzero(np.isin(roads.component, fed))
    across = roads.nearest(sites[astray], among=feeding) if len(feeding) else np.empty(0)
    astray = astray[: len(across)]
    # Vertices: meetings of roads, then places beside sites, then the sites themselves.
    beside = np.concatenate([snapped, across])
    first_beside = roads.meetings
    first_site = first_beside + len(beside)
    ways = _Ways()
    place = np.concatenate([roads.cut_s, beside])
    vertex = np.concatenate([roads.cut_meeting, first_beside + np.arange(len(beside))])
    order = np.lexsort((vertex, place))
    place, vertex = place[order], vertex[order]
    road = roads.road_at(place)
    ahead = np.flatnonzero((road[1:] == road[:-1]) & (vertex[1:] != vertex[:-1]))
    metres = roads.metres_at(place)
    ways.add(
        vertex[ahead], vertex[ahead + 1], metres[ahead + 1] - metres[ahead], _ROAD,
        np.column_stack([place[ahead], place[ahead + 1]]),
    )
    where = roads.lonlat_at(beside)
    legs = geodesic_m(where[: len(sites)], sites)
    ways.add(first_beside + numbers, first_site + numbers, legs, _ACCESS)
    ways.add(
        first_beside + len(sites) + np.arange(len(across)),
        first_site + astray,
        geodesic_m(where[len(sites):], sites[astray]) * detour_factor,
        _STRAIGHT,
    )
    _add_drops(ways, sites, len(offices), first_site)
    meeting = np.empty((roads.meetings, 2))
    meeting[roads.cut_meeting[::-1]] = roads.lonlat_at(roads.cut_s)[::-1]
    return ways.ground(
        np.concatenate([meeting, where, sites]),
        first_site + numbers[: len(offices)],
        first_site + numbers[len(offices):],
        roads,
    )


def _add_drops(ways: _Ways, sites: Floats, offices: int, first_site: int) -> None:
    if not 0 < offices < len(sites):
        return
    plane = in_metres(sites)
    distance, nearest = cKDTree(plane[offices:]).query(plane[:offices])
    near = np.flatnonzero(distance <= DROP_M)
    access = offices + nearest[near]
    length = geodesic_m(sites[access], sites[near])
    ways.add(first_site + access, first_site + near, length, _ACCESS)


def in_straight_lines(
    offices: Floats, access_points: Floats, *, detour_factor: float
) -> Ground:
    """
    Ways in straight lines, their length times a factor for what no road map tells.

    Neighbours are those of the Delaunay triangulation, which holds the
    minimum spanning tree; and each office has its nearest access point.

    Parameters
    ----------
    offices, access_points
        (longitude, latitude), shape (n, 2).
    """
    sites = np.concatenate([offices, access_points])
    ways = _Ways()
    if len(sites):
        plane = in_metres(sites)
        pairs = [_neighbours(plane)]
        if 0 < len(offices) < len(sites):
            nearest = len(offices) + cKDTree(plane[len(offices):]).query(plane[: len(offices)])[1]
            pairs.append(np.column_stack([nearest, np.arange(len(offices))]))
        start, end = np.concatenate(pairs).T
    else:
        start = end = np.empty(0, dtype=np.int64)
    ways.add(start, end, geodesic_m(sites[start], sites[end]) * detour_factor, _STRAIGHT)
    numbers = np.arange(len(sites))
    return ways.ground(sites, numbers[: len(offices)], numbers[len(offices):], None)


def _neighbours(plane: Floats) -> Ints:
    """Pairs of neighbouring points, shape (n, 2), that join all of them."""
    places, number = np.unique(plane, axis=0, return_inverse=True)
    number = number.reshape(-1)
    order = np.argsort(number, kind="stable")
    first = order[np.searchsorted(number[order], np.arange(len(places)))]
    same = np.column_stack([first[number], np.arange(len(plane))])
    same = same[same[:, 0] != same[:, 1]]
    pairs: Ints = np.concatenate([first[_sides(places)], same]).astype(np.int64)
    return pairs


def _sides(places: Floats) -> Ints:
    """Pairs of distinct points: the sides of their Delaunay triangles, all pairs of a few."""
    if len(places) <= _FEW:
        return np.column_stack(np.triu_indices(len(places), 1))
    centred = places - places.mean(axis=0)
    _, spread, axes = np.linalg.svd(centred, full_matrices=False)
    if spread[1] <= 1e-9 * spread[0]:  # all in one line
        along = np.argsort(centred @ axes[0])
        return np.column_stack([along[:-1], along[1:]])
    corners = Delaunay(centred, qhull_options="QJ").simplices
    return np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])

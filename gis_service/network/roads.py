"""Roads as a graph: where they meet, how long the ways between are, which road is nearest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gis_service.crs import geodesic_m, to_plane, utm_srid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MEETING_M = 1.0
"""Roads that end this near to another meet it: ends that were drawn by hand miss by less."""
_SAME_M = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Roads:
    """
    Roads cut where they meet.

    A place on a road is one number `s`: metres in the plane from the first
    road's start, the roads laid end to end with a gap between. So all roads
    are measured, cut and sorted at once.

    Parameters
    ----------
    srid
        EPSG code of the metric CRS of `lines`.
    vertex_s, vertex_lonlat, vertex_m
        Of every vertex of every road: its place, its (longitude, latitude),
        and the geodesic metres up to it.
    first_s
        Place of each road's start, rising.
    cut_s, cut_meeting
        Places where roads are cut, rising; each road's ends are among them;
        and the number of the meeting that each belongs to.
    component
        Of each road: which roads can be reached from it have the same number.
    """

    srid: int
    lines: NDArray[np.object_]
    tree: shapely.STRtree
    vertex_s: Floats
    vertex_lonlat: Floats
    vertex_m: Floats
    first_s: Floats
    cut_s: Floats
    cut_meeting: Ints
    component: Ints

    @property
    def meetings(self) -> int:
        """How many places there are where roads meet or end."""
        return int(self.cut_meeting.max()) + 1

    def road_at(self, s: Floats) -> Ints:
        """Number of the road that a place lies on."""
        found: Ints = np.searchsorted(self.first_s, s + _SAME_M / 2, side="right") - 1
        return found

    def lonlat_at(self, s: Floats) -> Floats:
        """(longitude, latitude) of places, shape (n, 2)."""
        return np.column_stack(
            [np.interp(s, self.vertex_s, self.vertex_lonlat[:, axis]) for axis in (0, 1)]
        )

    def metres_at(self, s: Floats) -> Floats:
        """Geodesic metres up to places; between two of one road, the way along it."""
        metres: Floats = np.interp(s, self.vertex_s, self.vertex_m)
        return metres

    def stretch(self, start_s: float, end_s: float) -> Floats:
        """(longitude, latitude) along a road between two places of it, the lower first."""
        between = slice(
            int(np.searchsorted(self.vertex_s, start_s + _SAME_M, side="right")),
            int(np.searchsorted(self.vertex_s, end_s - _SAME_M, side="left")),
        )
        ends = self.lonlat_at(np.array([start_s, end_s]))
        return np.concatenate([ends[:1], self.vertex_lonlat[between], ends[1:]])

    def nearest(self, lonlat: Floats, *, among: Ints | None = None) -> Floats:
        """
        The nearest place on a road to each point, of several the first road's.

        Parameters
        ----------
        lonlat
            Shape (n, 2), degrees.
        among
            Numbers of the roads to choose from; all by default.
        """
        points = shapely.points(_in_metres(self.srid, lonlat))
        tree = self.tree if among is None else shapely.STRtree(self.lines[among])
        which, found = tree.query_nearest(points)
        if among is not None:
            found = among[found]
        order = np.lexsort((found, which))
        first = order[np.searchsorted(which[order], np.arange(len(points)))]
        return self._place(found[first], points)

    def _place(self, road: Ints, points: NDArray[np.object_]) -> Floats:
        along = shapely.line_locate_point(self.lines[road], points)
        place: Floats = self.first_s[road] + along
        return place


def road_graph(lines: NDArray[np.object_], *, tolerance_m: float = MEETING_M) -> Roads | None:
    """
    Cut roads where they meet, so that one can go from each to the others.

    Roads meet where they share a point or cross (a bridge is taken for a
    crossing: a cable gets down from it), and where one ends within
    `tolerance_m` of another.

    Parameters
    ----------
    lines
        LineStrings in longitude and latitude (WGS84).

    Returns
    -------
    Roads or None
        None when there is no road with a length.
    """
    lines = lines[~(shapely.is_missing(lines) | shapely.is_empty(lines))]
    lines = lines[shapely.length(lines) > 0]
    if not len(lines):
        return None
    west, south, east, north = shapely.total_bounds(lines)
    srid = utm_srid(float((west + east) / 2), float((south + north) / 2))
    lines = _without_crossing_itself(lines)
    plane = shapely.transform(lines, lambda lonlat: _in_metres(srid, lonlat))
    lonlat, road = shapely.get_coordinates(lines, return_index=True)
    starts = np.r_[True, road[1:] != road[:-1]]
    steps = np.r_[0.0, np.hypot(*np.diff(shapely.get_coordinates(plane), axis=0).T)]
    steps[starts] = 1.0  # the gap between two roads
    metres = np.r_[0.0, geodesic_m(lonlat[:-1], lonlat[1:])]
    metres[starts] = 0.0
    vertex_s = np.cumsum(steps)
    first_s = vertex_s[starts]
    tree = shapely.STRtree(plane)
    cut_s = _cuts(plane, tree, first_s, vertex_s[np.r_[starts[1:], True]], tolerance_m)
    x, y = (
        np.interp(cut_s, vertex_s, shapely.get_coordinates(plane)[:, axis]) for axis in (0, 1)
    )
    near = cKDTree(np.column_stack([x, y])).query_pairs(tolerance_m, output_type="ndarray")
    meeting = _joined(len(cut_s), near)
    cut_road = np.searchsorted(first_s, cut_s + _SAME_M / 2, side="right") - 1
    follows = np.flatnonzero(cut_road[1:] == cut_road[:-1])
    component = _joined(
        int(meeting.max()) + 1, np.column_stack([meeting[follows], meeting[follows + 1]])
    )
    road_component = component[meeting[np.searchsorted(cut_road, np.arange(len(plane)))]]
    return Roads(
        srid=srid,
        lines=plane,
        tree=tree,
        vertex_s=vertex_s,
        vertex_lonlat=np.asfortranarray(lonlat),  # so that an axis is read without a copy
        vertex_m=np.cumsum(metres),
        first_s=first_s,
        cut_s=cut_s,
        cut_meeting=meeting,
        component=road_component,
    )


def in_metres(lonlat: Floats) -> Floats:
    """(easting, northing) of (longitude, latitude) in the UTM zone of their middle."""
    middle = (lonlat.min(axis=0) + lonlat.max(axis=0)) / 2
    return _in_metres(utm_srid(float(middle[0]), float(middle[1])), lonlat)


def _in_metres(srid: int, lonlat: Floats) -> Floats:
    return np.column_stack(to_plane(srid).transform(lonlat[:, 0], lonlat[:, 1]))


def _without_crossing_itself(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    """A road that meets itself becomes one road for each of its straight parts."""
    simple = shapely.is_simple(lines)
    if simple.all():
        return lines
    parts: list[NDArray[np.object_]] = [lines[simple]]
    for line in lines[~simple]:
        coordinates = shapely.get_coordinates(line)
        pairs = np.stack([coordinates[:-1], coordinates[1:]], axis=1)
        parts.append(shapely.linestrings(pairs[(pairs[:, 0] != pairs[:, 1]).any(axis=1)]))
    return np.concatenate(parts)


def _cuts(
    plane: NDArray[np.object_],
    tree: shapely.STRtree,
    first_s: Floats,
    last_s: Floats,
    tolerance_m: float,
) -> Floats:
    """Places where roads are cut, rising, none twice."""
    one, other = tree.query(plane, predicate="intersects")
    one, other = one[one < other], other[one < other]
    shared, pair = shapely.get_coordinates(
        shapely.intersection(plane[one], plane[other]), return_index=True
    )
    crossing = shapely.points(shared)
    ends = shapely.points(np.concatenate([
        shapely.get_coordinates(shapely.get_point(plane, 0)),
        shapely.get_coordinates(shapely.get_point(plane, -1)),
    ]))
    end, near = tree.query(ends, predicate="dwithin", distance=tolerance_m)
    others = near != end % len(plane)
    end, near = end[others], near[others]
    found = [first_s, last_s]
    for road, points in (
        (one[pair], crossing), (other[pair], crossing), (near, ends[end])
    ):
        along = shapely.line_locate_point(plane[road], points)
        found.append(np.minimum(first_s[road] + along, last_s[road]))
    cuts = np.sort(np.concatenate(found))
    distinct = np.r_[True, np.diff(cuts) > _SAME_M]
    rising: Floats = cuts[distinct]
    return rising


def _joined(count: int, pairs: Ints) -> Ints:
    """Number things so that those which pairs join have the same number."""
    joins = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(joins, directed=False)[1], dtype=np.int64)

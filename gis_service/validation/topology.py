"""
How lines and nodes hang together: gaps, snapping, twins, crossings, islands.

Lines are given in longitude and latitude of WGS84. Distances to nodes are
geodesic; what is compared line with line is measured in the local UTM zone.
All work is done on arrays, of lines some thousands at a time, and what hostile data
could make endless is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_service.crs import geodesic_m, to_plane, utm_srid
from gis_service.validation.drawn import Counts, Drawn, drawn, in_blocks, meeting, near_each_other

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Lines = NDArray[np.object_]

SNAP_M = 5.0
"""An end this near to a node is meant to be there."""
NEAR_M = 50.0
"""An end this near to a node may be meant to be there; one farther off is elsewhere."""
TWIN_M = 5.0
"""Lines between the same nodes that are nowhere farther apart (Hausdorff) are one line twice."""
MOST_CROSSINGS = 10_000
_MOST_SEEN = 5_000_000
"""Pairs with boxes that overlap, before the search ends."""
_TWINS = 8
_LINES, _NEAR, _VERTICES = 2_000, 1_000, 1_000_000
"""Lines that are compared with lines near them at one time, and vertices of either."""
METRES_PER_DEGREE = 110_000.0
"""At least; only to find what may be near."""
_BLOCK = 10_000
"""Lines whose vertices are held at one time."""


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """
    The nearest node of each point.

    Parameters
    ----------
    node
        Index of the node; -1 where there is none.
    gap_m
        Geodesic metres to it; NaN where there is none.
    """

    node: Ints
    gap_m: Floats


def middle(lonlat: Floats) -> tuple[float, float]:
    """The middle of the box of finite points of (longitude, latitude); (0, 0) of none."""
    finite = lonlat[np.isfinite(lonlat).all(axis=1)]
    if not len(finite):
        return (0.0, 0.0)
    lon, lat = (finite.min(axis=0) + finite.max(axis=0)) / 2
    return (float(lon), float(lat))


def local_srid(lonlat: Floats) -> int:
    """EPSG code of the UTM zone in which points of (longitude, latitude) have their middle."""
    lon, lat = middle(lonlat)
    return utm_srid(min(max(lon, -180.0), 180.0), lat)


def lengths_m(lines: Lines) -> Floats:
    """Geodesic metres along each line; 0 where there is none."""
    coordinates, owner = shapely.get_coordinates(lines, return_index=True)
    if len(coordinates) < 2:
        return np.zeros(len(lines))
    inside = owner[1:] == owner[:-1]
    steps = geodesic_m(coordinates[:-1][inside], coordinates[1:][inside])
    of = owner[1:][inside]
    return np.bincount(of, weights=steps, minlength=len(lines)).astype(np.float64)


def ends_of(lines: Lines) -> tuple[Floats, Floats]:
    """(longitude, latitude) of the first and the last vertex of each line; NaN where none is."""
    ends = (np.full((len(lines), 2), np.nan), np.full((len(lines), 2), np.nan))
    for begin in range(0, len(lines), _BLOCK):
        coordinates, owner = shapely.get_coordinates(
            lines[begin : begin + _BLOCK], return_index=True
        )
        if not len(owner):
            continue
        turn = np.flatnonzero(np.diff(owner))
        for side, at in zip(ends, (np.r_[0, turn + 1], np.r_[turn, len(owner) - 1]), strict=True):
            side[begin + owner[at]] = coordinates[at]
    return ends


def gaps_m(ends: Floats, nodes: Floats) -> Floats:
    """Geodesic metres between ends and the nodes that they name; NaN where either is unknown."""
    gaps: Floats = np.full(len(ends), np.nan)
    known = np.isfinite(ends).all(axis=1) & np.isfinite(nodes).all(axis=1)
    gaps[known] = 0.0
    known &= (ends != nodes).any(axis=1)
    gaps[known] = geodesic_m(ends[known], nodes[known])
    return gaps


def nearest_nodes(ends: Floats, nodes: Floats, tree: PlaceTree | None = None) -> Nearest:
    """
    The nearest node of each end, whichever it names.

    Parameters
    ----------
    ends, nodes
        (longitude, latitude), shape (n, 2); rows with NaN are left out.
    tree
        Of `nodes`, where it is made already.
    """
    node: Ints = np.full(len(ends), -1, dtype=np.int64)
    known = np.isfinite(ends).all(axis=1)
    if known.any() and len(nodes):
        node[known] = (tree or PlaceTree(nodes)).nearest(ends[known])
    found = np.full(ends.shape, np.nan)
    found[node >= 0] = nodes[node[node >= 0]]
    return Nearest(node, gaps_m(ends, found))


class PlaceTree:
    """Finds the nearest of many places; those of NaN are in no place."""

    def __init__(self, lonlat: Floats) -> None:
        from scipy.spatial import cKDTree  # noqa: PLC0415 - slow

        self._placed = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        self._tree = cKDTree(_on_sphere(lonlat[self._placed])) if len(self._placed) else None

    def nearest(self, lonlat: Floats) -> Ints:
        """Index of the place that is nearest to each; -1 where there is none at all."""
        if self._tree is None:
            return np.full(len(lonlat), -1, dtype=np.int64)
        found: Ints = self._placed[self._tree.query(_on_sphere(lonlat))[1]]
        return found


def twins(
    lines: Drawn | Lines, start: Ints | Counts, end: Ints | Counts, *, srid: int
) -> Ints:
    """
    Pairs of lines between the same nodes that run in the same place.

    Parameters
    ----------
    start, end
        Index of the node at each end, -1 for unknown; such lines have no twin.
    srid
        EPSG code of the UTM zone to measure in.

    Returns
    -------
    array
        Indices of the earlier and the later line, shape (n, 2).
    """
    lines = drawn(lines)
    several = np.flatnonzero((start >= 0) & (end >= 0) & np.isfinite(lines.bounds).all(axis=1))
    pair = np.minimum(start, end)[several].astype(np.int64)
    pair *= int(max(start.max(initial=0), end.max(initial=0))) + 1
    pair += np.maximum(start, end)[several]
    order = np.lexsort((several, pair))
    several, pair = several[order], pair[order]
    begins = np.flatnonzero(np.diff(pair, prepend=-1))
    counts = np.diff(begins, append=len(pair))
    found = [np.empty((0, 2), dtype=np.int64)]
    begins, counts = begins[counts > 1], counts[counts > 1]
    for block in in_blocks(counts, most=_NEAR, most_vertices=_LINES):
        within = np.repeat(begins[block], counts[block]) + _counted(counts[block])
        group = np.repeat(np.arange(len(counts[block])), counts[block])
        found.append(_twins(lines, several[within], group, srid))
    whole = np.concatenate(found)
    return whole[np.lexsort((whole[:, 0], whole[:, 1]))]


def _counted(counts: Ints) -> Ints:
    """0, 1 and so on for each count, one after the other."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _twins(lines: Drawn, several: Ints, pair: Ints, srid: int) -> Ints:
    """Pairs of lines of the same group that run in the same place."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - slow

    bounds = lines.bounds[several]
    # Boxes first, by degrees made metres that are a little short: few lines are then measured.
    narrow = max(float(np.cos(np.radians(np.abs(bounds[:, [1, 3]]).max()))), 0.01)
    bounds = bounds * METRES_PER_DEGREE * np.array([narrow, 1.0, narrow, 1.0])
    # Lines of another pair of nodes are out of reach along the fifth axis.
    reach = TWIN_M * 1.01
    place = np.column_stack([bounds, pair * (4 * TWIN_M)])
    _, near = cKDTree(place).query(place, k=_TWINS, p=np.inf, distance_upper_bound=reach)
    one, other = np.repeat(np.arange(len(several)), _TWINS), near.ravel()
    kept = (other < len(several)) & (one < other)
    one, other = several[one[kept]], several[other[kept]]
    sizes = lines.vertices[one].astype(np.int64) + lines.vertices[other]
    same = np.zeros(len(one), dtype=bool)
    for block in in_blocks(sizes, most=_LINES, most_vertices=_VERTICES):
        measured, at = np.unique(np.concatenate([one[block], other[block]]), return_inverse=True)
        plane = in_plane(lines.take(measured), srid)
        plane[~np.isfinite(shapely.bounds(plane)).all(axis=1)] = None
        first, second = np.split(plane[at.reshape(-1)], 2)
        same[block] = shapely.hausdorff_distance(first, second) < TWIN_M
    found: Ints = np.column_stack([one[same], other[same]])
    return found


def crossings(
    lines: Drawn | Lines, start: Ints, end: Ints, *, most: int = MOST_CROSSINGS, known: int = 0
) -> tuple[Ints, Floats, bool]:
    """
    Pairs of lines that cross without a node that both end at.

    Parameters
    ----------
    known
        So many at the end are compared with the others, and not with each other.
    most
        Look no further once so many are found.

    Returns
    -------
    tuple
        Indices of both lines, shape (n, 2), the earlier first but for those that are
        known; (longitude, latitude) of one place where they cross; and whether all
        lines were looked at.
    """
    lines = drawn(lines)
    compared = len(lines) - known
    bounds = lines.bounds
    asked = np.flatnonzero(np.isfinite(bounds[:compared]).all(axis=1))
    asked = asked[near_each_other(bounds[asked])]
    pairs: list[Ints] = []
    places: list[Floats] = []
    found = seen = 0
    whole = True
    for block in in_blocks(lines.vertices[asked], most=_LINES, most_vertices=_VERTICES):
        mine = asked[block]
        shapes = lines.take(mine)
        tree = shapely.STRtree(shapes)
        near = meeting(
            bounds, (*bounds[mine, :2].min(axis=0), *bounds[mine, 2:].max(axis=0))
        )
        for part in in_blocks(lines.vertices[near], most=_NEAR, most_vertices=_VERTICES):
            beside, at = tree.query(shapely.box(*bounds[near[part]].T))
            one, other = near[part][beside], mine[at]
            apart = ((one < other) | (one >= compared)) & ~_share_node(one, other, start, end)
            seen += int(apart.sum())
            crossing, place = _crossing(
                lines, one[apart], other[apart], shapes[at[apart]], room=most + 1 - found
            )
            pairs.append(crossing)
            places.append(place)
            found += len(crossing)
            if found > most or seen >= _MOST_SEEN:
                break
        if found >= most or seen >= _MOST_SEEN:
            whole = found <= most and block.stop == len(asked) and seen < _MOST_SEEN
            break
    if not found:
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 2)), whole
    crossing, place = np.concatenate(pairs)[:most], np.concatenate(places)[:most]
    order = np.lexsort((crossing[:, 0], crossing[:, 1]))
    return crossing[order], place[order], whole


def _crossing(
    lines: Drawn, one: Ints, other: Ints, shapes: Lines, *, room: int
) -> tuple[Ints, Floats]:
    """
    Those pairs that cross, and where; to see whether they meet at all is the cheaper question.

    Parameters
    ----------
    shapes
        The other of each pair.
    room
        So many at most.
    """
    places, at = np.unique(one, return_inverse=True)
    theirs = lines.take(places)[at.reshape(-1)]
    shapely.prepare(shapes)
    meet = shapely.intersects(shapes, theirs)
    shapely.destroy_prepared(shapes)
    meet[meet] = shapely.crosses(shapes[meet], theirs[meet])
    kept = np.flatnonzero(meet)[:room]
    place = shapely.point_on_surface(shapely.intersection(theirs[kept], shapes[kept]))
    return (
        np.column_stack([one[kept], other[kept]]),
        np.column_stack([shapely.get_x(place), shapely.get_y(place)]),
    )


def components(nodes: int, start: Ints, end: Ints) -> Ints:
    """Number of the component of each node; lines with an unknown end (-1) join nothing."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - slow
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    known = (start >= 0) & (end >= 0)
    ones = np.ones(int(known.sum()), dtype=np.int8)
    graph = coo_matrix((ones, (start[known], end[known])), shape=(nodes, nodes))
    found: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def in_plane(lines: Lines, srid: int) -> Lines:
    """Lines in easting and northing of a CRS; what lies outside of it becomes infinite."""
    moved: Lines = shapely.transform(
        lines, lambda xy: np.column_stack(to_plane(srid).transform(xy[:, 0], xy[:, 1]))
    )
    return moved


def _share_node(one: Ints, other: Ints, start: Ints, end: Ints) -> Flags:
    shared: Flags = np.zeros(len(one), dtype=bool)
    for mine in (start[one], end[one]):
        for theirs in (start[other], end[other]):
            shared |= (mine == theirs) & (mine >= 0)
    return shared


def _on_sphere(lonlat: Floats) -> Floats:
    """Unit vectors; nearest among them is nearest on the ground, all over the world."""
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])

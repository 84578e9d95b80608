"""Links of a file beside each other: given twice, or ending where another one passes."""

from __future__ import annotations

import numpy as np
import shapely

from gis_service.model.reports import RowFault, Severity
from gis_service.validation.drawn import Counts, Drawn, in_blocks, meeting, near_each_other
from gis_service.validation.key_index import Hashes
from gis_service.validation.topology import (
    METRES_PER_DEGREE,
    SNAP_M,
    Floats,
    Ints,
    ends_of,
    in_plane,
    local_srid,
    twins,
)

_ENDS, _NEAR, _VERTICES = 10_000, 2_000, 1_000_000
"""Ends that are compared with lines near them at one time, and vertices of those."""


def check_links(rows: Counts, lines: Drawn, start: Hashes, end: Hashes) -> list[RowFault]:
    """
    Warnings about links that are there twice, or end on another one.

    Parameters
    ----------
    rows
        Numbers of the rows in their file.
    lines
        In longitude and latitude.
    start, end
        A number for the node at each end, the same for the same node.
    """
    nodes = np.union1d(np.unique(start), np.unique(end))
    first, last = (np.searchsorted(nodes, each).astype(np.int32) for each in (start, end))
    srid = local_srid(lines.bounds.reshape(-1, 2))
    found = [
        RowFault(
            int(rows[later]), "geometry", "duplicate-link", "",
            f"It joins the same nodes along the same route as row {rows[earlier]}.",
            Severity.WARNING,
        )
        for earlier, later in twins(lines, first, last, srid=srid).tolist()
    ]
    return found + _ends_on_links(rows, lines, (first, last), len(nodes), srid)


def _ends_on_links(
    rows: Counts, lines: Drawn, ends: tuple[Counts, Counts], nodes: int, srid: int
) -> list[RowFault]:
    """Ends at a node that no other link of the file has, beside the middle of another link."""
    degree = np.bincount(np.concatenate(ends), minlength=nodes)
    found = []
    for side, node in enumerate(ends):
        lone = np.flatnonzero((degree[node] == 1) & np.isfinite(lines.bounds).all(axis=1))
        latitude = np.abs(lines.bounds[lone][:, [1, 3]]).max(initial=0.0)
        reach = SNAP_M / (METRES_PER_DEGREE * max(np.cos(np.radians(latitude)), 0.1))
        lone = lone[near_each_other(lines.bounds[lone])]
        for block in in_blocks(lines.vertices[lone], most=_ENDS, most_vertices=_VERTICES):
            mine = lone[block]
            lonlat = ends_of(lines.take(mine))[side]
            link, gap = _nearest_link(lines, mine, lonlat, reach, srid)
            found += [
                RowFault(
                    int(rows[mine[at]]), ("start_node", "end_node")[side], "end-on-link", "",
                    f"It ends {gap[at]:.1f} m from the link of row {rows[link[at]]}, "
                    "which has no node there.",
                    Severity.WARNING,
                )
                for at in np.flatnonzero(gap <= SNAP_M).tolist()
            ]
    return found


def _nearest_link(
    lines: Drawn, own: Ints, lonlat: Floats, reach: float, srid: int
) -> tuple[Ints, Floats]:
    """
    The other line that is nearest to each end within a reach in degrees.

    Returns
    -------
    tuple
        Its index, and metres to it; infinite where there is none.
    """
    points = shapely.points(lonlat)
    tree = shapely.STRtree(points)
    moved = in_plane(points, srid)
    link: Ints = np.full(len(own), -1, dtype=np.int64)
    gap: Floats = np.full(len(own), np.inf)
    west, south = lonlat.min(axis=0) - reach
    east, north = lonlat.max(axis=0) + reach
    bounds = lines.bounds
    near = meeting(bounds, (west, south, east, north))
    for part in in_blocks(lines.vertices[near], most=_NEAR, most_vertices=_VERTICES):
        box = bounds[near[part]] + np.array([-reach, -reach, reach, reach])
        beside, at = tree.query(shapely.box(*box.T))
        other = near[part][beside]
        apart = own[at] != other
        other, at = other[apart], at[apart]
        if not len(at):
            continue
        needed, place = np.unique(other, return_inverse=True)
        theirs = lines.take(needed)[place.reshape(-1)]
        close = shapely.dwithin(points[at], theirs, reach)
        other, at = other[close], at[close]
        metres = shapely.distance(moved[at], in_plane(theirs[close], srid))
        order = np.lexsort((other, metres, at))
        best, first = np.unique(at[order], return_index=True)
        other, metres = other[order][first], metres[order][first]
        nearer = metres < gap[best]
        gap[best[nearer]], link[best[nearer]] = metres[nearer], other[nearer]
    return link, gap

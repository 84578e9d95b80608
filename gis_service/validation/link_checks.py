"""Links of a file beside each other: given twice, or ending where another one passes."""

from __future__ import annotations

import numpy as np
import shapely

from gis_service.model.reports import RowFault, Severity
from gis_service.validation.topology import (
    METRES_PER_DEGREE,
    SNAP_M,
    Ints,
    Lines,
    ends_of,
    in_plane,
    local_srid,
    twins,
)


def check_links(rows: Ints, lines: Lines, start: Ints, end: Ints) -> list[RowFault]:
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
    nodes, index = np.unique(np.concatenate([start, end]), return_inverse=True)
    first, last = np.split(index.reshape(-1).astype(np.int64), 2)
    srid = local_srid(shapely.total_bounds(lines).reshape(2, 2))
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
    rows: Ints, lines: Lines, ends: tuple[Ints, Ints], nodes: int, srid: int
) -> list[RowFault]:
    """Ends at a node that no other link of the file has, beside the middle of another link."""
    degree = np.bincount(np.concatenate(ends), minlength=nodes)
    tree = shapely.STRtree(lines)
    found = []
    for side, (lonlat, node) in enumerate(zip(ends_of(lines), ends, strict=True)):
        lone = np.flatnonzero((degree[node] == 1) & np.isfinite(lonlat).all(axis=1))
        latitude = np.abs(lonlat[lone, 1]).max(initial=0.0)
        reach = SNAP_M / (METRES_PER_DEGREE * max(np.cos(np.radians(latitude)), 0.1))
        points = shapely.points(lonlat[lone])
        one, other = tree.query(points, predicate="dwithin", distance=reach)
        apart = lone[one] != other
        one, other = one[apart], other[apart]
        gap = shapely.distance(in_plane(points[one], srid), in_plane(lines[other], srid))
        _, nearest = np.unique(one[gap <= SNAP_M], return_index=True)
        for position in np.flatnonzero(gap <= SNAP_M)[nearest].tolist():
            link = lone[one[position]]
            found.append(RowFault(
                int(rows[link]), ("start_node", "end_node")[side], "end-on-link", "",
                f"It ends {gap[position]:.1f} m from the link of row {rows[other[position]]}, "
                "which has no node there.",
                Severity.WARNING,
            ))
    return found

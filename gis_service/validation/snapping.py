"""Joining the ends of links to nodes, before anything else is checked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from gis_service.crs import to_plane
from gis_service.model.reports import RowFault, Severity
from gis_service.validation.key_index import KeyIndex
from gis_service.validation.topology import (
    NEAR_M,
    Flags,
    Floats,
    Ints,
    PlaceTree,
    gaps_m,
    local_srid,
    nearest_nodes,
)

Names = NDArray[np.object_]
SIDES = ("start", "end")
_ROUNDED_M = 0.1
"""Nodes that are made stand at whole millionths of a degree; to move an end so far is no move."""
_SAME_M = 0.001
"""An end this near is at its node; moving it would only change its last digits."""


@dataclass(frozen=True)
class NodePlaces:
    """
    The nodes of a network.

    Parameters
    ----------
    keys
        Their `external_id`, as Arrow's texts.
    ids
        Their UUIDs as text, by which a file may name them too.
    lonlat
        (longitude, latitude), shape (n, 2).
    """

    keys: pa.Array
    ids: pa.Array
    lonlat: Floats

    @cached_property
    def tree(self) -> PlaceTree:
        return PlaceTree(self.lonlat)

    @cached_property
    def _named(self) -> tuple[KeyIndex, KeyIndex]:
        return KeyIndex(self.keys), KeyIndex(self.ids)

    def named(self, names: Names) -> Ints:
        """Index of the node that each name means, by its key or else its id; -1 for none."""
        wanted = pa.array(names, pa.string())
        by_key, by_id = (each.find(wanted) for each in self._named)
        return np.where(by_key < 0, by_id, by_key)


@dataclass(frozen=True, slots=True)
class LinkEnds:
    """
    The ends of a file's links.

    Parameters
    ----------
    rows
        Numbers of the rows in their file.
    names
        Per side the node that each end names; None where it names none.
    lonlat
        Per side (longitude, latitude); NaN where a row has no line.
    """

    rows: Ints
    names: tuple[Names, Names]
    lonlat: tuple[Floats, Floats]


@dataclass(frozen=True, slots=True)
class Joined:
    """
    What became of the ends.

    Parameters
    ----------
    names
        Per side the node of each end, with those found by place.
    lonlat
        Per side where the end belongs now; NaN where it stays.
    moved, found
        So many ends are moved, and so many have a node that they did not name.
    made
        (longitude, latitude) of nodes to make, by key.
    """

    names: tuple[Names, Names]
    lonlat: tuple[Floats, Floats]
    faults: tuple[RowFault, ...]
    moved: int = 0
    found: int = 0
    made: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def join_ends(ends: LinkEnds, nodes: NodePlaces, *, snap_m: float, create: bool) -> Joined:
    """
    Give each end its node, and move it there where it is near enough.

    Parameters
    ----------
    snap_m
        Geodesic metres within which an end belongs to a node.
    create
        Make nodes where ends have none: one for all ends within `snap_m` of each other.

    Returns
    -------
    Joined
        Ends that name a node farther off stay as they are, and are told: up to
        50 m as near, beyond that as far. A link drawn from its end to its start
        is taken as it is meant.
    """
    names = (ends.names[0].copy(), ends.names[1].copy())
    targets = (np.full_like(ends.lonlat[0], np.nan), np.full_like(ends.lonlat[1], np.nan))
    faults: list[RowFault] = []
    named = tuple(nodes.named(each) for each in ends.names)
    turned = _turned(ends.lonlat, named, nodes)
    found = 0
    for side in (0, 1):
        own = np.where(turned[:, None], ends.lonlat[1 - side], ends.lonlat[side])
        place = _places(named[side], nodes)
        gap = gaps_m(own, place)
        near = gap <= snap_m
        moving = near & (gap > _SAME_M)
        targets[side][moving & ~turned] = place[moving & ~turned]
        targets[1 - side][moving & turned] = place[moving & turned]
        faults += _gaps(ends, side, gap, ~near & np.isfinite(gap))
        blank = np.array([name is None for name in ends.names[side]], dtype=bool)
        blank &= np.isfinite(ends.lonlat[side]).all(axis=1)
        nearest = nearest_nodes(
            np.where(blank[:, None], ends.lonlat[side], np.nan), nodes.lonlat,
            nodes.tree if blank.any() else None,
        )
        taken = blank & (nearest.gap_m <= snap_m)
        names[side][taken] = nodes.keys.take(pa.array(nearest.node[taken])).to_pylist()
        moving = taken & (nearest.gap_m > _SAME_M)
        targets[side][moving] = nodes.lonlat[nearest.node[moving]]
        found += int(taken.sum())
        left = blank & ~taken
        if create:
            left &= nearest.gap_m <= NEAR_M
            faults += _beside(ends, side, nodes, nearest.node, nearest.gap_m, left)
        else:
            faults += _loose(ends, side, nodes, nearest.node, nearest.gap_m, left)
    made = _make(ends, names, targets, snap_m=snap_m) if create else {}
    moved = sum(
        int((gaps_m(ends.lonlat[side], targets[side]) > _ROUNDED_M).sum()) for side in (0, 1)
    )
    return Joined(names, targets, tuple(faults), moved, found, made)


def told(moved: int, found: int, made: int, *, snap_m: float) -> tuple[str, ...]:
    """What is to be told of the ends of a file's links."""
    said = (
        (moved, f"{moved:,} ends of links were moved to their nodes, by {snap_m:g} m at most."),
        (found, f"{found:,} ends that name no node got the one at which they end."),
        (made, f"{made:,} nodes were made where links end."),
    )
    return tuple(text for count, text in said if count)


def _places(positions: Ints, nodes: NodePlaces) -> Floats:
    found: Floats = np.full((len(positions), 2), np.nan)
    found[positions >= 0] = nodes.lonlat[positions[positions >= 0]]
    return found


def _turned(
    lonlat: tuple[Floats, Floats], named: tuple[Ints, ...], nodes: NodePlaces
) -> Flags:
    """Links that fit both of their nodes better from the last vertex to the first."""
    first, last = (_places(each, nodes) for each in named)
    drawn = gaps_m(lonlat[0], first) + gaps_m(lonlat[1], last)
    apart = np.flatnonzero(drawn > 0)
    turned: Flags = np.zeros(len(drawn), dtype=bool)
    other = gaps_m(lonlat[1][apart], first[apart]) + gaps_m(lonlat[0][apart], last[apart])
    turned[apart] = other < drawn[apart]
    return turned


def _gaps(ends: LinkEnds, side: int, gap: Floats, which: Flags) -> list[RowFault]:
    faults = []
    for position in np.flatnonzero(which).tolist():
        name, metres = str(ends.names[side][position]), float(gap[position])
        rule = "end-near-node" if metres <= NEAR_M else "end-far-from-node"
        faults.append(RowFault(
            int(ends.rows[position]), f"{SIDES[side]}_node", rule, name[:120],
            f"The link ends {metres:,.1f} m from its {SIDES[side]} node {name[:80]!r}.",
            Severity.WARNING,
        ))
    return faults


def _loose(  # noqa: PLR0917 - arrays that belong together
    ends: LinkEnds, side: int, nodes: NodePlaces, node: Ints, gap: Floats, which: Flags
) -> list[RowFault]:
    faults = []
    for position in np.flatnonzero(which).tolist():
        lon, lat = ends.lonlat[side][position].tolist()
        nearest = (
            f" The nearest is {nodes.keys[int(node[position])].as_py()!r}, "
            f"{gap[position]:,.1f} m away."
            if node[position] >= 0 else ""
        )
        faults.append(RowFault(
            int(ends.rows[position]), f"{SIDES[side]}_node", "loose-end", "",
            f"No node is at its {SIDES[side]} ({lon:.5f}, {lat:.5f}).{nearest}",
            Severity.WARNING,
        ))
    return faults


def _beside(  # noqa: PLR0917 - arrays that belong together
    ends: LinkEnds, side: int, nodes: NodePlaces, node: Ints, gap: Floats, which: Flags
) -> list[RowFault]:
    """Ends that get a node of their own although another one is near."""
    positions = np.flatnonzero(which)
    keys = nodes.keys.take(pa.array(node[positions])).to_pylist()
    return [
        RowFault(
            int(ends.rows[position]), f"{SIDES[side]}_node", "end-near-node", key[:120],
            f"A node is made at its {SIDES[side]}, {gap[position]:,.1f} m from the node "
            f"{key[:80]!r}. Are they one?",
            Severity.WARNING,
        )
        for position, key in zip(positions.tolist(), keys, strict=True)
    ]


def _make(
    ends: LinkEnds, names: tuple[Names, Names], targets: tuple[Floats, Floats], *, snap_m: float
) -> dict[str, tuple[float, float]]:
    """Nodes for the ends that still have none, one for all that meet; filled in place."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - slow
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415
    from scipy.spatial import cKDTree  # noqa: PLC0415

    sides = np.repeat([0, 1], len(ends.rows))
    rows = np.tile(np.arange(len(ends.rows)), 2)
    places = np.concatenate(ends.lonlat)
    without = np.array([name is None for each in names for name in each], dtype=bool)
    without &= np.isfinite(places).all(axis=1)
    sides, rows, places = sides[without], rows[without], places[without]
    if not len(places):
        return {}
    plane = np.column_stack(to_plane(local_srid(places)).transform(places[:, 0], places[:, 1]))
    # Equal places first: else hostile data of one place would make pairs without end.
    _, first, place = np.unique(
        np.round(plane, 2), axis=0, return_index=True, return_inverse=True
    )
    pairs = cKDTree(plane[first]).query_pairs(snap_m, output_type="ndarray")
    ones = np.ones(len(pairs), dtype=np.int8)
    joined = coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(first), len(first)))
    meeting = connected_components(joined, directed=False)[1][place.reshape(-1)]
    _, at, cluster = np.unique(meeting, return_index=True, return_inverse=True)
    where = np.round(places[at], 6)
    keys = np.array([f"junction {lon:.6f} {lat:.6f}" for lon, lat in where.tolist()], object)
    for side in (0, 1):
        mine = sides == side
        names[side][rows[mine]] = keys[cluster[mine]]
        targets[side][rows[mine]] = where[cluster[mine]]
    return {key: (lon, lat) for key, (lon, lat) in zip(keys, where.tolist(), strict=True)}

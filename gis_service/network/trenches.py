"""Trenches: a tree of ways cut where it parts and where offices stand."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gis_service.model.connect import Trench
from gis_service.network.ground import ALONG, Ground
from gis_service.network.roads import Ints
from gis_service.network.steiner import Tree

_DECIMALS = 7


@dataclass(frozen=True, slots=True)
class Branch:
    """
    A stretch of a tree.

    Parameters
    ----------
    above
        Position of the branch that it goes on from; -1 where it begins at a source.
    start, end
        Its vertices at the ends, the nearer to the source first.
    edges
        From start to end.
    """

    above: int
    start: int
    end: int
    edges: tuple[int, ...]


def branches(tree: Tree, terminals: Ints) -> list[Branch]:
    """Cut a tree at its terminals and where it parts; each branch after the one above it."""
    below = Counter(tree.above.tolist())
    ends = set(terminals.tolist())
    cut: list[Branch] = []
    number_at: dict[int, int] = {}
    growing: dict[int, tuple[int, int, list[int]]] = {}
    for vertex, above, edge in zip(
        tree.vertex.tolist(), tree.above.tolist(), tree.edge.tolist(), strict=True
    ):
        number, start, edges = growing.pop(above, (number_at.get(above, -1), above, []))
        edges.append(edge)
        if vertex not in ends and below[vertex] == 1:
            growing[vertex] = number, start, edges
            continue
        number_at[vertex] = len(cut)
        cut.append(Branch(number, start, vertex, tuple(edges)))
    return cut


def part_of(tree: Tree, cut: Sequence[Branch], ends: Sequence[int]) -> Tree:
    """The part of a tree above the ends of some of its branches."""
    needed: set[int] = set()
    for end in ends:
        number = end
        while number >= 0 and number not in needed:
            needed.add(number)
            number = cut[number].above
    edges = [edge for number in needed for edge in cut[number].edges]
    kept = np.isin(tree.edge, edges)
    return Tree(tree.vertex[kept], tree.above[kept], tree.edge[kept])


def branch_m(ground: Ground, branch: Branch) -> float:
    """Metres of a branch."""
    return math.fsum(ground.graph.length_m[list(branch.edges)])


def trench(
    ground: Ground, branch: Branch, names: Mapping[int, str], *, offices: int, rank: int
) -> Trench:
    """
    A branch as it is told.

    Parameters
    ----------
    names
        Ids of the offices and access points, by vertex.
    """
    points: list[tuple[float, float]] = []
    metres = Counter[str]()
    at = branch.start
    for edge in branch.edges:
        way = int(ground.graph.way[edge])
        metres[ALONG[ground.along[way]]] += ground.graph.length_m[edge]
        for lon, lat in ground.line(way, at).round(_DECIMALS).tolist():
            if not points or points[-1] != (lon, lat):
                points.append((lon, lat))
        at = int(ground.graph.low[edge] + ground.graph.high[edge]) - at
    if len(points) == 1:
        points *= 2
    return Trench(
        above=None if branch.above < 0 else branch.above,
        access_point=names.get(branch.start) if branch.above < 0 else None,
        office=names.get(branch.end),
        line=tuple(points),
        length_m=branch_m(ground, branch),
        road_m=float(metres["road"]),
        access_m=float(metres["access"]),
        straight_m=float(metres["straight"]),
        offices=offices,
        rank=rank,
    )

"""
What reaches a gateway, as a depth-first tree that shows every weak point.

Rule: Tarjan, Depth-first search and linear graph algorithms (1972). In a
depth-first tree every other edge leads from a vertex to one of its ancestors,
so a subtree depends on the edge above it when no other edge leaves it, and on
the vertex above it when none leads higher than that. The search is compiled
(SciPy); what follows from it is computed for all vertices at once, on intervals
of the order in which the search met them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import depth_first_order

from gis_service.network.graph import Flags, NetworkGraph, Numbers, Traffic

Places = NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class SearchTree:
    """
    The depth-first tree from the super-gateway over what carries.

    A place is where the search met a vertex; the super-gateway has place 0, and
    the vertices below one follow it without a gap.

    Parameters
    ----------
    vertex
        The vertex at each place.
    place
        The place of each vertex; -1 for one that reaches no gateway.
    parent
        The place above each place; that of place 0 is 0.
    last
        The last place below each place, or the place itself.
    edge
        The edge by which the search came to each place; -1 for place 0.
    others
        How many edges that carry leave the places below and at each place,
        besides `edge`.
    is_block
        Whether no edge leads from below higher than `parent`: with it begins a
        part that hangs on its parent alone.
    """

    vertex: Places
    place: Places
    parent: Places
    last: Places
    edge: Places
    others: Places
    is_block: Flags

    def below(self, weight: Numbers) -> Numbers:
        """The sum of a weight of each place over all places below and at each place."""
        total = np.concatenate([[0], np.cumsum(weight)])
        found: Numbers = total[self.last + 1] - total[: len(self.last)]
        return found

    def above(self, marked: Flags) -> Places:
        """How many marked places there are above and at each place."""
        step = np.zeros(len(marked) + 1, dtype=np.int32)
        step[:-1] = marked
        np.subtract.at(step, self.last[marked] + 1, 1)
        return np.cumsum(step[:-1], dtype=np.int32)


def search_tree(graph: NetworkGraph, traffic: Traffic) -> SearchTree:
    """The depth-first tree of what carries; ties fall by the order of ids."""
    vertex, above = depth_first_order(
        graph.matrix(traffic), graph.super_gateway, directed=True
    )
    size = len(vertex)
    place = np.full(graph.super_gateway + 1, -1, dtype=np.int32)
    place[vertex] = np.arange(size, dtype=np.int32)
    parent = np.zeros(size, dtype=np.int32)
    parent[1:] = place[above[vertex[1:]]]
    last = _last_below(parent)

    adjacency = graph.adjacency
    edges = np.flatnonzero(graph.edges_on(traffic)).astype(np.int32)
    one, other = place[adjacency.edge_start[edges]], place[adjacency.edge_end[edges]]
    edges, one, other = (a[one >= 0] for a in (edges, one, other))
    high, low = np.minimum(one, other), np.maximum(one, other)

    edge = np.full(size, -1, dtype=np.int32)
    steps = np.flatnonzero((parent[low] == high) & (low > high))[::-1]
    edge[low[steps]] = edges[steps]  # of parallel links the first
    leaving = np.bincount(low, minlength=size) - np.bincount(high, minlength=size)
    counted = np.concatenate([[0], np.cumsum(leaving)])
    others = (counted[last + 1] - counted[:size] - 1).astype(np.int32)
    others[0] = 0

    highest = np.arange(size, dtype=np.int32)
    np.minimum.at(highest, low, high)
    is_block = _least_within(highest, last) == parent
    is_block[0] = False
    return SearchTree(vertex, place, parent, last, edge, others, is_block)


def _last_below(parent: Places) -> Places:
    """
    The last place below each, from the places above.

    It is the one before the next sibling; who has none ends where its parent does.
    """
    size = len(parent)
    children = np.argsort(parent[1:], kind="stable") + 1
    following = np.zeros(size, dtype=np.int32)
    same = parent[children[:-1]] == parent[children[1:]]
    following[children[:-1][same]] = children[1:][same]
    ends_at = np.where(following > 0, np.arange(size, dtype=np.int32), parent)
    while True:
        further = ends_at[ends_at]
        if np.array_equal(further, ends_at):
            break
        ends_at = further
    last = following[ends_at] - 1
    last[ends_at == 0] = size - 1
    return last.astype(np.int32)


def _least_within(values: Places, last: Places) -> Places:
    """The least value from each place to its last, by minima over spans of powers of two."""
    size = len(values)
    spans = last - np.arange(size) + 1
    power = np.frexp(spans)[1] - 1
    least = values.copy()
    table = values
    for level in range(1, int(power.max()) + 1):
        half = 2 ** (level - 1)
        table = np.minimum(table[:-half], table[half:])
        first = np.flatnonzero(power == level)
        least[first] = np.minimum(table[first], table[last[first] - 2 * half + 1])
    return least


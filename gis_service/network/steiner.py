"""Shortest trees that join terminals to the nearest of several sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, dijkstra, minimum_spanning_tree

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEAST_M = 1e-6
"""Sparse matrices take a length of 0 for no edge at all."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """
    An undirected graph without loops, of parallel ways the shortest.

    Parameters
    ----------
    low, high, length_m
        The vertices of each edge, the lower first, in rising order.
    way
        The number that each edge had among the ways it was made of.
    """

    vertices: int
    low: Ints
    high: Ints
    length_m: Floats
    way: Ints
    matrix: csr_matrix

    @classmethod
    def of(cls, vertices: int, start: Ints, end: Ints, length_m: Floats) -> Graph:
        """The graph of ways between numbered vertices."""
        low, high = np.minimum(start, end), np.maximum(start, end)
        order = np.lexsort((length_m, high, low))
        low, high, length_m = low[order], high[order], length_m[order]
        first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])][: len(low)]
        kept = first & (low != high)
        low, high, length_m = low[kept], high[kept], length_m[kept]
        return cls(
            vertices, low, high, length_m, order[kept], _matrix(vertices, low, high, length_m)
        )

    def edges_between(self, one: Ints, other: Ints) -> Ints:
        """The edges between pairs of neighbours."""
        keys = self.low * self.vertices + self.high
        wanted = np.minimum(one, other) * self.vertices + np.maximum(one, other)
        edges: Ints = np.searchsorted(keys, wanted)
        return edges


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """Of every vertex: metres to the nearest start (inf: none), the next vertex there, and it."""

    metres: Floats
    next: Ints
    start: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """
    A tree that hangs from the sources, each vertex after the one it hangs from.

    Parameters
    ----------
    vertex, edge
        Each vertex but the sources, and the edge that it hangs by.
    above
        The vertex at the other end of the edge, maybe a source.
    """

    vertex: Ints
    above: Ints
    edge: Ints


def shortest_paths(graph: Graph, starts: Ints) -> Paths:
    """Shortest paths from every vertex to the nearest of several starts (Dijkstra 1959)."""
    metres, following, start = dijkstra(
        graph.matrix, directed=False, indices=starts, min_only=True, return_predecessors=True
    )
    return Paths(metres, following.astype(np.int64), start.astype(np.int64))


def path_tree(graph: Graph, paths: Paths, terminals: Ints) -> Tree:
    """The shortest paths of some vertices, each stretch of them once."""
    return _hung(graph, _walked(graph, paths, terminals), paths.start[terminals])


def steiner_tree(graph: Graph, sources: Ints, terminals: Ints) -> Tree:
    """
    A short tree that joins every terminal to some source.

    After Mehlhorn (A faster approximation algorithm for the Steiner problem in
    graphs, Information Processing Letters 27, 1988): each vertex goes to its
    nearest terminal, the sources together counting as one; the edges between
    those regions give a minimum spanning tree of the terminals, which is then
    laid out along the shortest paths. The tree is spanned anew over its own
    vertices and loses what ends at no terminal. It is less than twice as long
    as the shortest there is, and never longer than the shortest paths of all
    terminals one by one.

    Parameters
    ----------
    terminals
        Vertices from each of which some source can be reached.
    """
    starts = np.concatenate([sources, terminals])
    regions = shortest_paths(graph, starts)
    number = np.zeros(graph.vertices, dtype=np.int64)
    number[terminals] = np.arange(1, len(terminals) + 1)
    reached = regions.start >= 0
    owner = number[np.where(reached, regions.start, 0)]
    one, other = owner[graph.low], owner[graph.high]
    crossing = np.flatnonzero((one != other) & reached[graph.low] & reached[graph.high])
    through = (
        regions.metres[graph.low[crossing]]
        + graph.length_m[crossing]
        + regions.metres[graph.high[crossing]]
    )
    chosen = crossing[_spanning(len(terminals) + 1, one[crossing], other[crossing], through)]
    ends = np.concatenate([graph.low[chosen], graph.high[chosen], terminals])
    edges = np.union1d(_walked(graph, regions, ends), chosen)
    return _hung(graph, _spanned_anew(graph, edges, sources, terminals), sources)


def _matrix(vertices: int, low: Ints, high: Ints, length_m: Floats) -> csr_matrix:
    length = np.maximum(length_m, _LEAST_M)
    return csr_matrix((length, (low, high)), shape=(vertices, vertices))


def _spanning(vertices: int, one: Ints, other: Ints, length_m: Floats) -> Ints:
    """Positions of the edges of a minimum spanning forest; parallel ones are allowed."""
    graph = Graph.of(vertices, one, other, length_m)
    low, high = minimum_spanning_tree(graph.matrix).nonzero()
    return graph.way[graph.edges_between(low.astype(np.int64), high.astype(np.int64))]


def _walked(graph: Graph, paths: Paths, from_: Ints) -> Ints:
    """The edges of the paths of some vertices, each once."""
    seen = np.zeros(graph.vertices, dtype=bool)
    at = np.unique(from_)
    ones, others = [], []
    while len(at):
        seen[at] = True
        ahead = paths.next[at]
        going = ahead >= 0
        ones.append(at[going])
        others.append(ahead[going])
        at = np.unique(ahead[going])
        at = at[~seen[at]]
    if not ones:
        return np.empty(0, dtype=np.int64)
    return np.unique(graph.edges_between(np.concatenate(ones), np.concatenate(others)))


def _spanned_anew(graph: Graph, edges: Ints, sources: Ints, terminals: Ints) -> Ints:
    """A minimum spanning tree of the vertices that edges touch, without needless ends."""
    inside = np.zeros(graph.vertices, dtype=bool)
    inside[graph.low[edges]] = inside[graph.high[edges]] = True
    every = np.flatnonzero(inside[graph.low] & inside[graph.high])
    vertices, number = _numbered(graph, every, sources)
    low, high = number[graph.low[every]], number[graph.high[every]]
    kept = every[_spanning(vertices, low, high, graph.length_m[every])]
    needed = np.zeros(vertices, dtype=bool)
    needed[number[terminals]] = True
    needed[0] = True
    while len(kept):
        low, high = number[graph.low[kept]], number[graph.high[kept]]
        useless = (np.bincount(np.concatenate([low, high]), minlength=vertices) == 1) & ~needed
        loose = useless[low] | useless[high]
        if not loose.any():
            break
        kept = kept[~loose]
    return kept


def _numbered(graph: Graph, edges: Ints, sources: Ints) -> tuple[int, Ints]:
    """How many vertices edges touch, and a number for each: 0 for all sources."""
    touched = np.unique(np.concatenate([graph.low[edges], graph.high[edges]]))
    number = np.full(graph.vertices, -1, dtype=np.int64)
    number[sources] = 0
    inner = touched[number[touched] != 0]
    number[inner] = np.arange(1, len(inner) + 1)
    return len(inner) + 1, number


def _hung(graph: Graph, edges: Ints, sources: Ints) -> Tree:
    """The edges of a tree in order, from the sources on."""
    vertices, number = _numbered(graph, edges, sources)
    low, high = graph.low[edges], graph.high[edges]
    joined = Graph.of(vertices, number[low], number[high], graph.length_m[edges])
    order, above = breadth_first_order(joined.matrix, 0, directed=False)
    order = order[1:].astype(np.int64)
    way = edges[joined.way[joined.edges_between(order, above[order].astype(np.int64))]]
    low, high = graph.low[way], graph.high[way]
    lower_hangs = number[low] == order
    return Tree(np.where(lower_hangs, low, high), np.where(lower_hangs, high, low), way)

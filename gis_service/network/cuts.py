"""
What groups of edges and vertices darken when they go together.

Rule: the cycle space with random labels (Pritchard and Thurimella, Fast
computation of small cuts via cycle space sampling, 2011). Each edge outside the
tree gets a random label of 64 bits, each edge of the tree the sum (exclusive
or) of those that close a cycle with it. Some edges of a group are a cut exactly
when their labels sum to nothing; a vertex is dark when a cut of the group has an
odd number of edges on the way from it up to the top. So a group costs what its
own edges cost, not a search of the network. That labels sum to nothing by chance
has odds of one in 10^19 for each combination tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_service.network.graph import Flags, Indices, NetworkGraph, Traffic
from gis_service.network.tree import SearchTree

_SEED = 20_110_101


@dataclass(frozen=True, eq=False, slots=True)
class Groups:
    """
    Edges that go together.

    Parameters
    ----------
    first, edge
        The edges of group `i` are `edge[first[i]:first[i + 1]]`.
    """

    first: NDArray[np.int64]
    edge: Indices

    def edges(self, group: int) -> Indices:
        return self.edge[self.first[group] : self.first[group + 1]]


@dataclass(frozen=True, eq=False, slots=True)
class Shadows:
    """
    What each group darkens, as subtrees added and taken away.

    Parameters
    ----------
    group, place, sign
        Row by row: of which group, the subtree below which place, and 1 or -1.
    """

    group: NDArray[np.int64]
    place: NDArray[np.int64]
    sign: NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Labels:
    """
    Labels of the edges.

    Parameters
    ----------
    label
        Of each edge; only of edges that carry and reach a gateway has it a meaning.
    known
        Which edges those are.
    below
        The place below each edge of the tree; -1 for other edges.
    """

    label: NDArray[np.uint64]
    known: Flags
    below: NDArray[np.int32]


def labels(graph: NetworkGraph, traffic: Traffic, tree: SearchTree) -> Labels:
    """The labels of all edges of a tree's network; always the same."""
    adjacency = graph.adjacency
    start, end = tree.place[adjacency.edge_start], tree.place[adjacency.edge_end]
    known = graph.edges_on(traffic) & (start >= 0)
    below = np.full(len(known), -1, dtype=np.int32)
    below[tree.edge[1:]] = np.arange(1, len(tree.edge), dtype=np.int32)
    label = np.random.default_rng(_SEED).integers(
        1, 2**64 - 1, size=len(known), dtype=np.uint64, endpoint=True
    )
    rest = known & (below < 0)
    summed = np.zeros(len(tree.vertex), dtype=np.uint64)
    np.bitwise_xor.at(summed, start[rest], label[rest])
    np.bitwise_xor.at(summed, end[rest], label[rest])
    total = np.concatenate([[np.uint64(0)], np.bitwise_xor.accumulate(summed)])
    places = np.arange(1, len(tree.vertex))
    label[tree.edge[1:]] = total[tree.last[1:] + 1] ^ total[places]
    return Labels(label, known, below)


def shadows(tree: SearchTree, known: Labels, groups: Groups) -> Shadows:
    """
    What each group of edges darkens when all of it is gone.

    Edges that do not carry or reach no gateway change nothing.
    """
    rows: list[tuple[int, int, int]] = []
    for number in np.flatnonzero(_may_cut(known, groups)).tolist():
        edges = groups.edges(number)
        edges = edges[known.known[edges]]
        hanging = sorted(
            (place, bit) for bit, place in enumerate(known.below[edges].tolist()) if place >= 0
        )
        cuts = _cuts(known.label[edges].tolist())
        rows += [(number, *row) for row in _shadow(hanging, cuts, tree.last)]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Shadows(columns[:, 0], columns[:, 1], columns[:, 2])


def _may_cut(known: Labels, groups: Groups) -> Flags:
    """
    Which groups hold a cut: some of their labels sum to nothing.

    Gauss's elimination for all groups of like size at once. Larger ones are let
    through: each is looked at by itself anyway.
    """
    sizes = np.diff(groups.first)
    hangs = np.concatenate([[0], np.cumsum(known.below[groups.edge] >= 0)])
    found: Flags = hangs[groups.first[1:]] > hangs[groups.first[:-1]]
    for most in (1, 2, 4, 8, 16):
        alike = np.flatnonzero(found & (sizes <= most) & (sizes > most // 2))
        holds = np.zeros(len(alike), dtype=bool)
        reduced: list[NDArray[np.uint64]] = []
        for step in range(most if len(alike) else 0):
            edge = groups.edge[np.minimum(groups.first[alike] + step, len(groups.edge) - 1)]
            there = (sizes[alike] > step) & known.known[edge]
            row = np.where(there, known.label[edge], np.uint64(0))
            for before in reduced:
                # Takes the leading bit of `before` out of the row, if it is there.
                row = np.minimum(row, row ^ before)
            holds |= there & (row == 0)
            reduced.append(row)
        found[alike] = holds
    return found


def _cuts(labels: Sequence[int]) -> list[int]:
    """A basis of the combinations that sum to nothing, each as bits over the labels."""
    rows: dict[int, tuple[int, int]] = {}
    cuts = []
    for bit, label in enumerate(labels):
        chosen = 1 << bit
        while label and (row := rows.get(label.bit_length())) is not None:
            label ^= row[0]  # noqa: PLW2901 - Gauss's elimination, a step at a time
            chosen ^= row[1]
        if label:
            rows[label.bit_length()] = (label, chosen)
        else:
            cuts.append(chosen)
    return cuts


def _shadow(
    hanging: Sequence[tuple[int, int]], cuts: Sequence[int], last: NDArray[np.int32]
) -> list[tuple[int, int]]:
    """
    The dark parts of the tree: place and sign.

    Between the edges of the group the tree falls into pieces; each is dark or lit
    as a whole. A dark piece below a lit one adds its subtree, a lit one below a
    dark one takes its subtree away again.
    """
    found = []
    open_: list[tuple[int, int, bool]] = []
    for place, bit in hanging:
        while open_ and open_[-1][0] < place:
            open_.pop()
        above, is_dark_above = open_[-1][1:] if open_ else (0, False)
        path = above | 1 << bit
        is_dark = any((path & cut).bit_count() & 1 for cut in cuts)
        if is_dark != is_dark_above:
            found.append((place, 1 if is_dark else -1))
        open_.append((int(last[place]), path, is_dark))
    return found

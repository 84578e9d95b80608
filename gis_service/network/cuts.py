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

from gis_service.network.graph import Flags, NetworkGraph, Traffic
from gis_service.network.tree import SearchTree

_SEED = 20_110_101


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


def shadows(tree: SearchTree, known: Labels, groups: Sequence[Sequence[int]]) -> Shadows:
    """
    What each group of edges darkens when all of it is gone.

    Parameters
    ----------
    groups
        Indices of edges; those that do not carry or reach no gateway change nothing.
    """
    last = tree.last
    rows: list[tuple[int, int, int]] = []
    for number, edges in enumerate(groups):
        kept = [edge for edge in edges if known.known[edge]]
        hanging = sorted(
            (int(known.below[edge]), bit) for bit, edge in enumerate(kept) if known.below[edge] >= 0
        )
        if not hanging:
            continue
        cuts = _cuts([int(known.label[edge]) for edge in kept])
        if cuts:
            rows += [(number, *row) for row in _shadow(hanging, cuts, last)]
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return Shadows(columns[:, 0], columns[:, 1], columns[:, 2])


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

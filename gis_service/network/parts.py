"""
A network in parts, each small enough for one process, and what the others must know of it.

The single points of failure of a whole network from its parts, exactly. What a
link or a node of a part darkens when it goes does not depend on how the others
hang together inside, only on which of their ends of links across the border
hang together: the others stand still meanwhile, so each of their connected
pieces counts as one node that weighs what it holds (contraction preserves every
cut that it does not touch). The same holds of what several parts lose together,
a trench or a site across a border, in a skeleton of all parts in which only
these stand as they are (`skeleton`).

So there are three rounds. Each part says what may reach beyond it (`noted`);
then what it is like from outside (`bones`); then it is told which of its ends
hang together elsewhere, and answers for what is its own (`part_weak_points`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis_service.network.graph import (
    OPERATIONAL,
    Flags,
    Ids,
    Indices,
    Links,
    NetworkGraph,
    Nodes,
    Numbers,
    Offices,
    Pairs,
    Traffic,
    texts,
)
from gis_service.network.sites import joined_sites, pairs_of
from gis_service.network.weak_points import node_weights

LIT = 0
"""The vertex of a part, and of the skeleton, that is lit without others: all that hangs together
with a gateway of its own."""
ABSENT = -1


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """
    What of a network is in one process.

    Parameters
    ----------
    graph
        The part's own nodes with their offices, all links and joins that end at
        one of them, and the nodes elsewhere at their other ends, of which
        nothing but the id is known. Sites are of own nodes alone.
    own
        Which nodes are its own. A link is its own when it starts at one.
    beside
        Pairs of an own node and one elsewhere that stand together.
    """

    graph: NetworkGraph
    own: Flags
    beside: Pairs


@dataclass(frozen=True, slots=True)
class Changes:
    """Ids of what a scenario adds and takes away; what is not there is passed over."""

    adds: tuple[str, ...] = ()
    removes: tuple[str, ...] = ()
    removes_nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Noted:
    """
    What may reach beyond a part.

    Parameters
    ----------
    trenches
        Of its own links.
    beside
        Ids of nodes that stand together across the border.
    """

    trenches: tuple[str, ...]
    beside: tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Crossing:
    """Trenches that several parts share, and nodes that stand together with those of another."""

    trenches: tuple[str, ...] = ()
    nodes: frozenset[bytes] = frozenset()


@dataclass(frozen=True, eq=False, slots=True)
class Bones:
    """
    What a part is like from outside: connected pieces, and nodes that stand as they are.

    Parameters
    ----------
    weights
        Of each vertex, as `node_weights`; the first is `LIT`.
    kept
        Ids of the nodes that stand as they are: the last vertices.
    kept_on
        Which of those carry.
    kept_site
        Their sites in the part; -1 for none.
    kept_at
        Their longitude and latitude, a row each.
    edge
        Rows of two vertices, and the place among the crossing trenches or -1.
    border
        Rows of the own vertex, and the place among the crossing trenches or -1:
        what carries across the border as far as this part knows.
    border_keys
        Of each of them a key that the other part has too.
    trench_links
        Ids of the own links in each crossing trench, whether they carry or not.
    """

    weights: Numbers
    kept: Ids
    kept_on: Flags
    kept_site: Indices
    kept_at: Numbers
    edge: NDArray[np.int64]
    border: NDArray[np.int64]
    border_keys: tuple[bytes, ...]
    trench_links: tuple[tuple[str, ...], ...]


def part_of(
    nodes: Nodes,
    links: Links,
    ends: tuple[Ids, Ids],
    offices: Offices,
    *,
    office_nodes: Ids,
    joins: tuple[Ids, Ids],
    near: tuple[Ids, Ids],
    trenches: tuple[str, ...],
) -> Part:
    """
    A part from its rows.

    Parameters
    ----------
    nodes
        Its own; their sites do not matter.
    links, joins, near
        Those with an end among its own nodes: links, confirmed joins, and pairs of
        nodes that stand together by their positions.
    ends
        Ids of the nodes at both ends of the links.
    office_nodes
        Ids of the own nodes that serve the offices.
    trenches
        Names of the trenches that the links lie in, ascending.
    """
    named = [*ends, *joins, *near]
    ids = np.unique(np.concatenate([nodes.ids, *named])).astype("S36")
    at = np.searchsorted(ids, nodes.ids)
    own = np.zeros(len(ids), dtype=bool)
    own[at] = True

    def placed(values: NDArray[np.generic], elsewhere: float) -> NDArray[np.generic]:
        whole = np.full((len(ids), *values.shape[1:]), elsewhere, dtype=values.dtype)
        whole[at] = values
        return whole

    start, end, *pairs = (np.searchsorted(ids, each).astype(np.int32) for each in named)
    joined, beside = pairs_of(*pairs[:2]), pairs_of(*pairs[2:])
    together = np.unique(np.concatenate([joined, beside]), axis=0)
    inside = own[together].all(axis=1)
    none: NDArray[np.int32] = np.full(len(ids), -1, dtype=np.int32)
    site, count = joined_sites(none, together[inside])
    graph = NetworkGraph(
        Nodes(
            ids=ids,
            position=placed(nodes.position, np.nan),  # type: ignore[arg-type]
            gateway=placed(nodes.gateway, False),  # type: ignore[arg-type]
            status=placed(nodes.status, OPERATIONAL),  # type: ignore[arg-type]
            cut=placed(nodes.cut, False),  # type: ignore[arg-type]
            site=site,
        ),
        replace(links, start=start, end=end),
        replace(offices, node=np.searchsorted(ids, office_nodes).astype(np.int32)),
        joins=joined,
        trenches=trenches,
        site_count=count,
    )
    return Part(graph, own, together[~inside])


def noted(part: Part) -> Noted:
    """What may reach beyond a part."""
    graph, ids = part.graph, part.graph.nodes.ids
    own = _own_trenches(part)
    names = tuple(graph.trenches[i] for i in np.unique(own[own >= 0]).tolist())
    pairs = zip(*(ids[column].tolist() for column in part.beside.T), strict=True)
    return Noted(names, tuple(pairs))


def bones(part: Part, changes: Changes, crossing: Crossing) -> Bones:
    """What a part is like from outside, when what `crossing` names stands as it is."""
    graph, own = part.graph, part.own
    traffic = traffic_of(part, changes)
    kept, numbers = kept_nodes(part, crossing), trench_numbers(part, crossing)
    vertex, weights = _pieces(part, traffic, kept)
    adjacency, on = graph.adjacency, graph.edges_on(traffic)
    start, end = adjacency.edge_start, adjacency.edge_end
    links = len(graph.links.ids)
    trench = np.full(len(on), -1, dtype=np.int64)
    trench[:links] = numbers
    is_own = np.append(own, True)
    inside = on & is_own[start] & is_own[end] & ((vertex[start] != vertex[end]) | (trench >= 0))
    at = border_edges(part, on)
    near = np.where(own[start[at]], start[at], end[at])
    places = np.flatnonzero(kept)
    return Bones(
        weights=weights,
        kept=graph.nodes.ids[places],
        kept_on=traffic.nodes[places],
        kept_site=graph.nodes.site[places],
        kept_at=graph.nodes.position[places],
        edge=np.column_stack([vertex[start], vertex[end], trench])[inside].astype(np.int64),
        border=np.column_stack([vertex[near], trench[at]]).astype(np.int64),
        border_keys=tuple(_key(part, edge) for edge in at.tolist()),
        trench_links=_listed(part, numbers, len(crossing.trenches)),
    )


def traffic_of(part: Part, changes: Changes) -> Traffic:
    """What carries in a part, as far as it knows: nodes elsewhere count as if they did."""
    graph = part.graph

    def found(ids: Ids, wanted: Sequence[str]) -> Indices:
        return np.flatnonzero(np.isin(ids, np.array(wanted, dtype="S36")))

    return graph.traffic(
        adds=found(graph.links.ids, changes.adds),
        removes=found(graph.links.ids, changes.removes),
        removes_nodes=found(graph.nodes.ids, changes.removes_nodes),
    )


def border_edges(part: Part, on: Flags) -> Indices:
    """Edges that carry between an own node and one elsewhere, ascending."""
    adjacency, own = part.graph.adjacency, np.append(part.own, True)
    across = own[adjacency.edge_start] != own[adjacency.edge_end]
    return np.flatnonzero(on & across)


def kept_nodes(part: Part, crossing: Crossing) -> Flags:
    """Own nodes that stand as they are: at links of crossing trenches, and in crossing sites."""
    graph = part.graph
    kept = np.isin(graph.nodes.ids, np.array(sorted(crossing.nodes), dtype="S36"))
    kept |= in_crossing_site(part, crossing)
    links = trench_numbers(part, crossing) >= 0
    kept[graph.links.start[links]] = True
    kept[graph.links.end[links]] = True
    return kept & part.own


def in_crossing_site(part: Part, crossing: Crossing) -> Flags:
    """Own nodes whose site in the part goes on beyond it."""
    nodes = part.graph.nodes
    named = np.isin(nodes.ids, np.array(sorted(crossing.nodes), dtype="S36"))
    sites = np.unique(nodes.site[named & (nodes.site >= 0)])
    found: Flags = np.isin(nodes.site, sites)
    return found


def trench_numbers(part: Part, crossing: Crossing) -> NDArray[np.int64]:
    """Of each link the place of its trench among the crossing ones; -1 for none."""
    number = {name: i for i, name in enumerate(crossing.trenches)}
    known = [number.get(name, -1) for name in part.graph.trenches]
    return np.array([*known, -1], dtype=np.int64)[part.graph.links.trench]


def _own_trenches(part: Part) -> Indices:
    """The trench of each link that is the part's own; -1 of others."""
    links = part.graph.links
    return np.where(part.own[links.start], links.trench, -1)


def _pieces(part: Part, traffic: Traffic, kept: Flags) -> tuple[Indices, Numbers]:
    """
    The vertex of each node and of the super-gateway, and what each vertex weighs.

    Only connected pieces from which something leads further are vertices, and
    after them the nodes that are kept.
    """
    graph = part.graph
    adjacency, on = graph.adjacency, graph.edges_on(traffic)
    start, end = adjacency.edge_start, adjacency.edge_end
    loose = np.append(part.own & ~kept & traffic.nodes, True)
    inside = on & loose[start] & loose[end]
    size = len(loose)
    beside = coo_matrix(
        (np.ones(inside.sum()), (start[inside], end[inside])), shape=(size, size)
    )
    _, piece = connected_components(beside, directed=False)
    leaves = np.zeros(size, dtype=bool)
    for each in (start, end):
        leaves[each[on & ~inside]] = True
    further = np.unique(piece[leaves & loose])
    further = further[further != piece[-1]]
    number = np.full(size, ABSENT, dtype=np.int64)
    number[further] = np.arange(1, len(further) + 1)
    number[piece[-1]] = LIT
    vertex = np.where(loose, number[piece], ABSENT)
    vertex[:-1][kept] = len(further) + 1 + np.arange(kept.sum())
    weights = np.zeros((len(further) + 1 + int(kept.sum()), 4))
    counted = vertex[:-1] > LIT
    np.add.at(weights, vertex[:-1][counted], node_weights(graph)[counted])
    return vertex, weights


def _key(part: Part, edge: int) -> bytes:
    """The id of a link; of a join the ids of its two nodes."""
    graph = part.graph
    if edge < len(graph.links.ids):
        link: bytes = graph.links.ids[edge]
        return b"link " + link
    one, other = graph.nodes.ids[graph.joins[edge - len(graph.links.ids)]].tolist()
    joined: bytes = b"join " + one + b" " + other
    return joined


def _listed(part: Part, numbers: NDArray[np.int64], count: int) -> tuple[tuple[str, ...], ...]:
    """Ids of the own links in each crossing trench."""
    links = part.graph.links
    mine = np.where(part.own[links.start], numbers, -1)
    return tuple(tuple(texts(links.ids[mine == number])) for number in range(count))

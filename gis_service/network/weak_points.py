"""
Single points of failure, each with what it darkens.

A link is one when it is a bridge, a node when it is an articulation point of the
network with its super-gateway (see `tree`); shared trenches and sites when going
together darkens a node that does not stand in them (see `cuts`). One search of
the network answers for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis_service.model.weak_points import WeakKind, WeakPoint, WeakPoints
from gis_service.network.cuts import Groups, Labels, labels, shadows
from gis_service.network.graph import Flags, Indices, NetworkGraph, Numbers, Traffic, texts
from gis_service.network.tree import SearchTree, search_tree

KINDS = tuple(WeakKind)


@dataclass(frozen=True, eq=False, slots=True)
class WeakTable:
    """
    All single points of failure, the worst first: rows of columns.

    Parameters
    ----------
    kind
        Index into `KINDS`.
    index
        Of the link, node, trench or site.
    nodes_dark, offices, beneficiaries, offices_unknown
        As of `WeakPoint`.
    """

    kind: NDArray[np.int8]
    index: NDArray[np.int64]
    nodes_dark: NDArray[np.int64]
    offices: NDArray[np.int64]
    beneficiaries: NDArray[np.int64]
    offices_unknown: NDArray[np.int64]


def weak_points(
    graph: NetworkGraph, traffic: Traffic | None = None, *, most: int | None = None
) -> WeakPoints:
    """
    The single points of failure, ranked by what they darken.

    First those that darken most offices, among them those with most people
    known, then those that darken most nodes, then by kind and id.

    Parameters
    ----------
    traffic
        What carries; today's when None.
    most
        How many to list; all when None.
    """
    return listed(graph, weak_table(graph, traffic), most=most)


def weak_table(
    graph: NetworkGraph,
    traffic: Traffic | None = None,
    *,
    tree: SearchTree | None = None,
    weights: Numbers | None = None,
) -> WeakTable:
    """
    `weak_points` as columns, for many of them.

    Parameters
    ----------
    weights
        What goes dark with each node, where one stands for several; else `node_weights`.
    """
    traffic = traffic or graph.today
    tree = tree or search_tree(graph, traffic)
    weights = node_weights(graph) if weights is None else weights
    own = np.vstack([weights, np.zeros(weights.shape[1])])[tree.vertex]
    below = np.column_stack([tree.below(column) for column in own.T])
    found = [
        _links(graph, tree, below),
        _nodes(graph, tree, own, below),
        *_groups(graph, traffic, tree, own, below),
    ]
    kind = np.concatenate([
        np.full(len(index), number, dtype=np.int8) for number, (index, _) in enumerate(found)
    ])
    index = np.concatenate([index for index, _ in found])
    dark = np.rint(np.concatenate([dark for _, dark in found])).astype(np.int64)
    order = np.lexsort((index, kind, *-dark[:, [0, 2, 1]].T))
    return WeakTable(kind[order], index[order], *dark[order].T)


def listed(
    graph: NetworkGraph,
    table: WeakTable,
    *,
    most: int | None = None,
    kind: WeakKind | None = None,
) -> WeakPoints:
    """The first rows of a table as weak points, of all kinds or of one; all are counted."""
    rows = np.arange(len(table.kind))
    if kind is not None:
        rows = np.flatnonzero(table.kind == KINDS.index(kind))
    return WeakPoints(
        counts={kind: int((table.kind == i).sum()) for i, kind in enumerate(KINDS)},
        points=tuple(_point(graph, table, row) for row in rows[:most].tolist()),
    )


def node_weights(graph: NetworkGraph) -> Numbers:
    """A row for each node: itself, offices with service, their people known, and those unknown."""
    offices = graph.offices
    with_service = np.flatnonzero((offices.node >= 0) & ~offices.cut)
    node, people = offices.node[with_service], offices.beneficiaries[with_service]
    size = graph.super_gateway
    return np.column_stack([
        np.ones(size),
        np.bincount(node, minlength=size),
        np.bincount(node, weights=np.nan_to_num(people), minlength=size),
        np.bincount(node, weights=np.isnan(people), minlength=size),
    ])


def in_one_trench(graph: NetworkGraph, traffic: Traffic, tree: SearchTree) -> Flags:
    """
    The nodes that one shared trench darkens, several links of which carry.

    A node with two independent ways may be among them: both then lie in the trench.
    """
    known = labels(graph, traffic, tree)
    cast = shadows(tree, known, _in_trenches(graph, known)[1])
    step = np.zeros(len(tree.vertex) + 1, dtype=np.int64)
    np.add.at(step, cast.place, cast.sign)
    np.subtract.at(step, tree.last[cast.place] + 1, cast.sign)
    dark = np.zeros(graph.super_gateway + 1, dtype=bool)
    dark[tree.vertex] = np.cumsum(step[:-1]) > 0
    return dark[:-1]


_Found = tuple[Indices, Numbers]
"""Indices of what is weak, and a row of weights that it darkens for each."""


def _links(graph: NetworkGraph, tree: SearchTree, below: Numbers) -> _Found:
    """Bridges: no other edge leaves what is below them."""
    is_link = (tree.edge >= 0) & (tree.edge < len(graph.links.ids))
    place = np.flatnonzero(is_link & (tree.others == 0))
    return tree.edge[place], below[place]


def _nodes(graph: NetworkGraph, tree: SearchTree, own: Numbers, below: Numbers) -> _Found:
    """Articulation points: they take with them every part that hangs on them alone."""
    hanging = np.flatnonzero(tree.is_block & (tree.parent > 0))
    on = tree.parent[hanging]
    size = len(tree.vertex)
    dark = own + np.column_stack([
        np.bincount(on, weights=column, minlength=size) for column in below[hanging].T
    ])
    place = np.unique(on)
    return tree.vertex[place], dark[place]


def _groups(
    graph: NetworkGraph, traffic: Traffic, tree: SearchTree, own: Numbers, below: Numbers
) -> tuple[_Found, _Found]:
    """Trenches with several links that carry, and sites with several nodes that do."""
    known = labels(graph, traffic, tree)
    trench, trench_links = _in_trenches(graph, known)
    standing = np.flatnonzero((tree.place[:-1] >= 0) & (graph.nodes.site >= 0))
    site, site_nodes = _several(graph.nodes.site[standing], standing)

    def dark(groups: Groups) -> Numbers:
        cast = shadows(tree, known, groups)
        found = np.zeros((len(groups.first) - 1, own.shape[1]))
        np.add.at(found, cast.group, cast.sign[:, None] * below[cast.place])
        return found

    by_trench, by_site = dark(trench_links), dark(_edges_at(graph, site_nodes))
    weak_trench = by_trench[:, 0] > 0
    weak_site = by_site[:, 0] > np.diff(site_nodes.first)
    return (trench[weak_trench], by_trench[weak_trench]), (site[weak_site], by_site[weak_site])


def _in_trenches(graph: NetworkGraph, known: Labels) -> tuple[Indices, Groups]:
    links = np.flatnonzero(known.known[: len(graph.links.ids)] & (graph.links.trench >= 0))
    return _several(graph.links.trench[links], links)


def _several(group: Indices, member: Indices) -> tuple[Indices, Groups]:
    """The groups of more than one member, ascending, and their members in order."""
    order = np.argsort(group, kind="stable")
    numbers, count = np.unique(group, return_counts=True)
    kept = np.repeat(count > 1, count)
    first = np.concatenate([[0], np.cumsum(count[count > 1])])
    return numbers[count > 1].astype(np.int64), Groups(first, member[order[kept]])


def _edges_at(graph: NetworkGraph, nodes: Groups) -> Groups:
    """All edges at the nodes of each group, joins and uplinks included."""
    adjacency = graph.adjacency
    edges = [
        np.unique(np.concatenate([
            adjacency.edge[adjacency.row[node] : adjacency.row[node + 1]]
            for node in nodes.edges(group).tolist()
        ]))
        for group in range(len(nodes.first) - 1)
    ]
    first = np.concatenate([[0], np.cumsum([len(each) for each in edges], dtype=np.int64)])
    return Groups(first, np.concatenate([np.array([], dtype=np.int32), *edges]))


def _point(graph: NetworkGraph, table: WeakTable, row: int) -> WeakPoint:
    kind, index = KINDS[table.kind[row]], int(table.index[row])
    links, nodes = _parts(graph, kind, index)
    return WeakPoint(
        kind=kind,
        id=_id(graph, kind, index, nodes),
        name=_name(graph, kind, index),
        links=tuple(texts(graph.links.ids[links])),
        nodes=tuple(texts(graph.nodes.ids[nodes])),
        nodes_dark=int(table.nodes_dark[row]),
        offices=int(table.offices[row]),
        beneficiaries=int(table.beneficiaries[row]),
        offices_unknown=int(table.offices_unknown[row]),
    )


def _parts(graph: NetworkGraph, kind: WeakKind, index: int) -> tuple[Indices, Indices]:
    """Links and nodes that a weak point consists of."""
    none = np.array([], dtype=np.int64)
    if kind is WeakKind.LINK:
        return np.array([index]), none
    if kind is WeakKind.NODE:
        return none, np.array([index])
    if kind is WeakKind.TRENCH:
        return np.flatnonzero(graph.links.trench == index), none
    return none, np.flatnonzero(graph.nodes.site == index)


def _id(graph: NetworkGraph, kind: WeakKind, index: int, nodes: Sequence[int] | Indices) -> str:
    if kind is WeakKind.LINK:
        return str(graph.links.ids[index].decode())
    if kind is WeakKind.TRENCH:
        return graph.trenches[index]
    return str(graph.nodes.ids[nodes[0]].decode())


def _name(graph: NetworkGraph, kind: WeakKind, index: int) -> str | None:
    if kind is WeakKind.LINK:
        return graph.link_names[index] if graph.link_names else None
    if kind is WeakKind.TRENCH:
        return graph.trenches[index]
    node = index if kind is WeakKind.NODE else int(np.flatnonzero(graph.nodes.site == index)[0])
    return graph.node_names[node] if graph.node_names else None

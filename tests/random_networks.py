"""Small random networks, and what removing parts of them leaves, by networkx."""

from __future__ import annotations

from collections.abc import Collection

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from gis_service.network.graph import OPERATIONAL, Links, NetworkGraph, Nodes, Offices
from gis_service.network.sites import pairs_of


@st.composite
def networks(draw: st.DrawFn, *, largest: int = 9) -> NetworkGraph:
    """Multigraphs with parallel links, loops, dead parts, gateways, joins, trenches and sites."""
    size = draw(st.integers(1, largest))
    node = st.integers(0, size - 1)
    ends = draw(st.lists(st.tuples(node, node), max_size=2 * largest))
    joined = draw(st.sets(st.tuples(node, node), max_size=3))
    hosts = draw(st.lists(st.integers(-1, size - 1), max_size=largest))

    def drawn(count: int, *values: object) -> list[object]:
        return draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))

    few = (False, False, False, True)
    return NetworkGraph(
        Nodes(
            ids=_ids("N", size),
            position=np.zeros((size, 2)),
            gateway=np.array(drawn(size, False, True), dtype=bool),
            status=np.full(size, OPERATIONAL),
            cut=np.array(drawn(size, *few), dtype=bool),
            site=np.array(drawn(size, -1, -1, 0, 1), dtype=np.int32),
        ),
        Links(
            ids=_ids("L", len(ends)),
            start=np.array([a for a, _ in ends], dtype=np.int32),
            end=np.array([b for _, b in ends], dtype=np.int32),
            status=np.full(len(ends), OPERATIONAL),
            cut=np.array(drawn(len(ends), *few), dtype=bool),
            route_length_m=np.full(len(ends), 100.0),
            fibre_length_m=np.full(len(ends), np.nan),
            trench=np.array(drawn(len(ends), -1, 0, 1, 2), dtype=np.int32),
        ),
        Offices(
            ids=_ids("O", len(hosts)),
            position=np.zeros((len(hosts), 2)),
            node=np.array(hosts, dtype=np.int32),
            cut=np.array(drawn(len(hosts), *few), dtype=bool),
            connection=np.zeros(len(hosts), dtype=np.int8),
            theme=np.array(drawn(len(hosts), -1, 0, 1), dtype=np.int8),
            ward=np.array(drawn(len(hosts), -1, 0), dtype=np.int32),
            beneficiaries=np.array(drawn(len(hosts), np.nan, 0.0, 5.0, 70.0), dtype=float),
        ),
        joins=pairs_of(*np.array(sorted(joined), dtype=np.int32).reshape(-1, 2).T),
        trenches=("T1", "T2", "T3"),
        wards=("W1",),
        site_count=2,
    )


def _ids(letter: str, count: int) -> np.ndarray:
    return np.array([f"{letter}{i:03}".encode() for i in range(count)], dtype="S36")


def lit_without(
    graph: NetworkGraph,
    *,
    links: Collection[int] = (),
    nodes: Collection[int] = (),
    joins: Collection[int] = (),
    uplinks: Collection[int] = (),
) -> set[int]:
    """The nodes with a gateway when links, nodes, joins and uplinks of gateways are gone."""
    node_on, link_on = graph.today.nodes, graph.today.links
    multi = nx.MultiGraph()
    multi.add_node("top")
    multi.add_nodes_from(i for i in np.flatnonzero(node_on).tolist() if i not in nodes)
    for i in np.flatnonzero(link_on).tolist():
        start, end = int(graph.links.start[i]), int(graph.links.end[i])
        if i not in links and not {start, end} & set(nodes):
            multi.add_edge(start, end)
    multi.add_edges_from(
        (a, b) for i, (a, b) in enumerate(graph.joins.tolist())
        if i not in joins and node_on[a] and node_on[b] and not {a, b} & set(nodes)
    )
    multi.add_edges_from(
        (g, "top") for g in graph.gateways.tolist()
        if node_on[g] and g not in nodes and g not in uplinks
    )
    return set(nx.node_connected_component(multi, "top")) - {"top"}

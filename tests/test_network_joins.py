"""Nodes of two networks that are one place: on drawings, and beside networkx contracting them."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings

from gis_service.model.weak_points import WeakKind
from gis_service.network.graph import NetworkGraph
from gis_service.network.outage import outage
from gis_service.network.reach import Ways, reach
from gis_service.network.sites import joined_sites, pairs_of
from gis_service.network.trace import trace_between, trace_to_gateway, ways_to_gateways
from gis_service.network.weak_points import weak_points
from tests.drawing import Office, draw, named, nodes_of
from tests.random_networks import networks

TWO = """
A--a:300--B--b:200--C          P--p:700--Q--q--[G]
"""
"""Of a town's network B is where the backbone's P stands."""


def town() -> NetworkGraph:
    return draw(
        TWO, {"depot": Office("A", 12), "clinic": Office("C", 5)}, joins=[("B", "P")]
    )


def test_a_gateway_of_the_backbone_reaches_the_town() -> None:
    alone, joined = draw(TWO), town()
    assert not {"A", "B", "C"} & named(alone, reach(alone).lit)
    assert named(joined, reach(joined).lit) == {"A", "B", "C", "G", "P", "Q"}
    assert set(reach(joined).ways.tolist()) == {Ways.ONE}


def test_the_way_passes_the_join_without_a_length() -> None:
    graph = town()
    start, goal = (int(i) for i in nodes_of(graph, "A", "G"))
    for way in (trace_to_gateway(graph, start), trace_between(graph, start, goal)):
        assert [link.id for link in way.links] == ["a", "p", "q"]
        assert [(j.from_node, j.to_node, j.after) for j in way.joins] == [("B", "P", 1)]
        assert way.nodes == ("A", "B", "P", "Q", "G")
        assert way.route_length_m == 1100
        assert [[link.id for link in run] for run in way.runs] == [["a"], ["p", "q"]]
    back = trace_between(graph, goal, start)
    assert back.nodes == ("G", "Q", "P", "B", "A")
    assert [(j.from_node, j.to_node, j.after) for j in back.joins] == [("P", "B", 2)]


def test_a_way_that_begins_with_the_join_has_one_run() -> None:
    graph = town()
    way = trace_to_gateway(graph, int(nodes_of(graph, "B")[0]))
    assert (way.nodes, len(way.runs)) == (("B", "P", "Q", "G"), 1)


def test_each_node_of_the_pair_fails_by_itself() -> None:
    graph = town()
    for node, dark in (("B", {"A", "B", "C"}), ("P", {"A", "B", "C", "P"})):
        gone = outage(graph, nodes=nodes_of(graph, node))
        assert set(gone.nodes) == dark
    points = weak_points(graph).points
    weak = {(p.kind, p.id): p.nodes_dark for p in points}
    assert weak[WeakKind.NODE, "B"] == 3
    assert weak[WeakKind.NODE, "P"] == 4
    assert (WeakKind.LINK, "") not in weak
    assert {p.id for p in points if p.kind is WeakKind.LINK} == {"a", "b", "p", "q"}


def test_joined_nodes_stand_together() -> None:
    """Of five nodes 0 and 3 are near each other, and 3 is joined with 4, 1 with 2."""
    site = np.array([0, -1, -1, 0, -1], dtype=np.int32)
    found, count = joined_sites(site, pairs_of(np.array([4, 1, 2]), np.array([3, 2, 1])))
    assert (found.tolist(), count) == ([0, 1, 1, 0, 0], 2)


def test_pairs_that_name_nothing_or_one_node_twice_are_left_out() -> None:
    assert pairs_of(np.array([-1, 2, 3]), np.array([1, 2, 0])).tolist() == [[0, 3]]


def contracted(graph: NetworkGraph) -> nx.MultiGraph:
    """What carries, with the nodes of each join made one."""
    on = graph.today
    multi = nx.MultiGraph()
    multi.add_nodes_from(np.flatnonzero(on.nodes).tolist())
    for i in np.flatnonzero(on.links).tolist():
        multi.add_edge(int(graph.links.start[i]), int(graph.links.end[i]), length=100.0)
    place = {node: node for node in multi}
    for a, b in graph.joins.tolist():
        if on.nodes[a] and on.nodes[b] and place[a] != place[b]:
            kept, gone = place[a], place[b]
            multi = nx.contracted_nodes(multi, kept, gone, self_loops=False, copy=False)
            place = {node: kept if at == gone else at for node, at in place.items()}
    multi.graph["place"] = place
    return multi


@settings(max_examples=60, deadline=None)
@given(networks())
def test_joined_nodes_reach_what_one_contracted_node_reaches(graph: NetworkGraph) -> None:
    multi = contracted(graph)
    place = multi.graph["place"]
    gateways = {place[g] for g in graph.gateways.tolist() if g in place}
    shortest = nx.multi_source_dijkstra_path_length(multi, gateways, weight="length") \
        if gateways else {}
    lit = reach(graph).lit
    length_m = ways_to_gateways(graph).length_m
    for node in range(len(graph.nodes.ids)):
        at = place.get(node)
        assert bool(lit[node]) == (at in shortest)
        if at in shortest:
            assert length_m[node] == shortest[at]

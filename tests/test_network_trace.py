"""Ways to gateways: by hand on drawings, and beside networkx on random networks."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.model.trace import Trace
from gis_service.network.graph import NetworkGraph
from gis_service.network.trace import trace_between, trace_to_gateway, ways_to_gateways
from tests.drawing import draw, links_of, nodes_of
from tests.random_networks import networks

TOWN = """
[G]--a:300--A--b:200--B--c:250--C
            |         |
            +--d:150--+
"""


def way(graph: NetworkGraph, node: str) -> Trace:
    return trace_to_gateway(graph, int(nodes_of(graph, node)[0]))


def test_the_way_lists_its_links_in_order_with_lengths() -> None:
    found = way(draw(TOWN), "C")
    assert [(link.id, link.from_node, link.to_node, link.forward) for link in found.links] == [
        ("c", "C", "B", False), ("d", "B", "A", False), ("a", "A", "G", True),
    ]
    assert [link.reached_m for link in found.links] == [250, 400, 700]
    assert (found.start, found.end, found.route_length_m) == ("C", "G", 700)
    assert found.nodes == ("C", "B", "A", "G")
    assert found.fibre_length_m is None, "the drawing knows no fibre lengths"
    assert (found.ways, found.gateways) == (1, 1)


def test_a_gateway_is_there_already() -> None:
    found = way(draw(TOWN), "G")
    assert (found.links, found.end, found.route_length_m, found.fibre_length_m) == ((), "G", 0, 0)


def test_without_a_way_there_is_no_gateway() -> None:
    found = way(draw("[G]--a--A--b!--B"), "B")
    assert (found.links, found.end, found.route_length_m, found.ways) == ((), None, None, 0)


def test_of_equally_long_ways_the_one_of_fewer_links_and_then_of_the_first_id() -> None:
    """A to G: b + a and c are 200 m; from A to B, y and x are."""
    graph = draw(
        """
        A--b:100--B--a:100--[G]
        |                    |
        +-------c:200--------+
        """
    )
    assert [link.id for link in way(graph, "A").links] == ["c"]
    parallel = draw(
        """
        A--y--B--z--[G]
        |     |
        +--x--+
        """
    )
    assert [link.id for link in way(parallel, "A").links] == ["x", "z"]


def test_the_nearest_of_several_gateways_counts() -> None:
    graph = draw("[G]--a:500--A--b:400--[H]")
    found = way(graph, "A")
    assert (found.end, found.route_length_m) == ("H", 400)
    assert (found.ways, found.gateways) == (2, 2)
    ring = draw(
        """
        [G]--A
         |   |
         B---C
        """
    )
    assert (way(ring, "C").ways, way(ring, "C").gateways) == (2, 1)


def test_a_scenario_changes_the_way() -> None:
    graph = draw(TOWN)
    without = graph.traffic(removes=links_of(graph, "d"))
    found = trace_to_gateway(graph, int(nodes_of(graph, "C")[0]), traffic=without)
    assert [link.id for link in found.links] == ["c", "b", "a"]
    assert found.route_length_m == 750


def test_no_way_between_nodes_leads_behind_the_gateways() -> None:
    graph = draw("A--a--[G]   [H]--b--B")
    a, b = (int(i) for i in nodes_of(graph, "A", "B"))
    assert trace_between(graph, a, b).end is None


@st.composite
def measured(draw_: st.DrawFn) -> NetworkGraph:
    """Random networks whose lengths often make ways equally long."""
    graph = draw_(networks())
    count = len(graph.links.ids)
    lengths = draw_(st.lists(st.sampled_from((0.0, 0.1, 0.2, 0.3, 7.5)),
                             min_size=count, max_size=count))
    graph.links.route_length_m[:] = lengths
    return graph


def multigraph(graph: NetworkGraph) -> nx.MultiGraph:
    multi = nx.MultiGraph()
    multi.add_nodes_from(np.flatnonzero(graph.today.nodes).tolist())
    for i in np.flatnonzero(graph.today.links).tolist():
        multi.add_edge(
            int(graph.links.start[i]), int(graph.links.end[i]),
            length=float(graph.links.route_length_m[i]),
        )
    carries = graph.today.nodes
    multi.add_edges_from(
        (a, b, {"length": 0.0}) for a, b in graph.joins.tolist() if carries[a] and carries[b]
    )
    return multi


@settings(max_examples=100, deadline=None)
@given(measured())
def test_ways_are_as_short_as_networkx_finds_them(graph: NetworkGraph) -> None:
    multi = multigraph(graph)
    gateways = {int(g) for g in graph.gateways if graph.today.nodes[g]}
    shortest = nx.multi_source_dijkstra_path_length(multi, gateways, weight="length") \
        if gateways else {}
    ways = ways_to_gateways(graph)
    for node in range(len(graph.nodes.ids)):
        found = trace_to_gateway(graph, node, ways=ways)
        if node not in shortest:
            assert found.end is None
            continue
        assert found.route_length_m == pytest.approx(shortest[node], abs=1e-9)
        assert ways.length_m[node] == pytest.approx(shortest[node], abs=1e-9)
        assert found.nodes[0] == found.start
        assert found.nodes[-1] == found.end
        assert len(set(found.nodes)) == len(found.nodes)


@settings(max_examples=100, deadline=None)
@given(measured(), st.data())
def test_a_way_is_the_same_from_both_ends(graph: NetworkGraph, data: st.DataObject) -> None:
    node = st.integers(0, len(graph.nodes.ids) - 1)
    start, end = data.draw(node), data.draw(node)
    there, back = trace_between(graph, start, end), trace_between(graph, end, start)
    assert [link.id for link in there.links] == [link.id for link in back.links][::-1]
    multi = multigraph(graph)
    carries = graph.today.nodes
    if not (carries[start] and carries[end] and nx.has_path(multi, start, end)):
        assert (there.end, there.links) == (None, ())
        return
    shortest = nx.dijkstra_path_length(multi, start, end, weight="length")
    assert there.route_length_m == pytest.approx(shortest, abs=1e-9)
    assert (there.start, there.end) == (back.end, back.start)

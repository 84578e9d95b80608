"""Which nodes reach a gateway, on drawings and on random networks by trying removals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gis_service.network.graph import NetworkGraph, Traffic
from gis_service.network.reach import Ways, reach
from tests.drawing import Office, draw, links_of, named, nodes_of
from tests.random_networks import lit_without, networks


def ways(graph: NetworkGraph, traffic: Traffic | None = None) -> dict[str, int]:
    found = reach(graph, traffic).ways
    return {id_.decode(): int(w) for id_, w in zip(graph.nodes.ids, found, strict=True)}


def test_a_drawing_is_what_it_shows() -> None:
    graph = draw(
        """
        [G]--a--B--b:250@T1--C
                |
                +----c!----(D)
        """,
        {"depot": Office("C", 12)},
    )
    assert list(graph.nodes.ids) == [b"B", b"C", b"D", b"G"]
    assert list(graph.nodes.gateway) == [False, False, False, True]
    assert list(graph.links.ids) == [b"a", b"b", b"c"]
    assert [(int(s), int(e)) for s, e in zip(graph.links.start, graph.links.end, strict=True)] == [
        (0, 3), (0, 1), (0, 2)
    ]
    assert list(graph.links.route_length_m) == [100, 250, 100]
    assert graph.trenches == ("T1",)
    assert list(graph.links.trench) == [-1, 0, -1]
    assert list(graph.today.links) == [True, True, False]
    assert list(graph.offices.node) == [1]


def test_a_spur_hangs_on_one_way() -> None:
    graph = draw("[G]--A--B")
    assert ways(graph) == {"A": Ways.ONE, "B": Ways.ONE, "G": Ways.ONE}


def test_a_ring_of_one_gateway_shares_nothing_but_the_gateway() -> None:
    graph = draw(
        """
        [G]--A--S
         |   |
         B---C
        """
    )
    assert ways(graph) == {
        "A": Ways.ONE_GATEWAY, "B": Ways.ONE_GATEWAY, "C": Ways.ONE_GATEWAY,
        "S": Ways.ONE, "G": Ways.ONE,
    }
    found = reach(graph)
    assert named(graph, found.looped) == {"A", "B", "C"}
    assert named(graph, found.redundant) == set()


def test_between_two_gateways_everything_is_redundant_but_the_spurs() -> None:
    """The gateways do not join what hangs on them: S has lost all when B is off."""
    graph = draw(
        """
        [G]--A--B--[H]   T--U
                |
                S
        """
    )
    found = reach(graph)
    assert named(graph, found.redundant) == {"A", "B", "G", "H"}
    assert named(graph, found.lit) == {"A", "B", "G", "H", "S"}


def test_what_hangs_on_a_gateway_is_not_redundant_through_another() -> None:
    """X reaches H only through G, though the gateways are joined behind it."""
    graph = draw("X--[G]--A--[H]")
    assert ways(graph)["X"] == Ways.ONE


def test_two_parallel_links_are_two_ways_to_one_node() -> None:
    graph = draw(
        """
        [G]--a--A--c--B
         |      |
         +---b--+
        """
    )
    assert ways(graph) == {"A": Ways.ONE_GATEWAY, "B": Ways.ONE, "G": Ways.ONE}


def test_what_is_planned_or_broken_carries_nothing() -> None:
    planned = draw("[G]--a!--A")
    assert ways(planned)["A"] == Ways.NONE
    assert ways(planned, planned.traffic(adds=links_of(planned, "a")))["A"] == Ways.ONE
    dead = draw("[G]--(A)--B")
    assert named(dead, reach(dead).lit) == {"G"}
    for broken in ("a", "A", "G"):
        faulty = draw("[G]--a--A--B", cut=[broken])
        assert "B" not in named(faulty, reach(faulty).lit)
        added = faulty.traffic(adds=links_of(faulty, "a"))
        assert "B" not in named(faulty, reach(faulty, added).lit), "a fault cuts in any scenario"


def test_a_scenario_is_a_mask_on_the_same_graph() -> None:
    graph = draw(
        """
        [G]--a--A--b--B
                      |
        [H]----c!-----+
        """
    )
    closed = graph.traffic(adds=links_of(graph, "c"))
    assert named(graph, reach(graph, closed).redundant) == {"A", "B", "G", "H"}
    cut = graph.traffic(adds=links_of(graph, "c"), removes=links_of(graph, "a"))
    assert ways(graph, cut) == {"G": 1, "A": 1, "B": 1, "H": 1}
    off = graph.traffic(removes_nodes=nodes_of(graph, "G"))
    assert named(graph, reach(graph, off).lit) == {"H"}
    both = graph.traffic(adds=links_of(graph, "c"), removes_nodes=nodes_of(graph, "B"))
    assert named(graph, reach(graph, both).lit) == {"A", "G", "H"}
    assert ways(graph) == {"G": 1, "A": 1, "B": 1, "H": 1}, "the graph is as it was"


def test_nothing_is_lit_without_nodes_or_gateways() -> None:
    assert not reach(draw("")).lit.any()
    assert not reach(draw("A--B")).lit.any()


@settings(max_examples=100, deadline=None)
@given(networks())
def test_ways_are_what_removing_each_thing_shows(graph: NetworkGraph) -> None:
    """
    Redundant is what no single other node, link or gateway's own uplink darkens.

    Looped is what no link and no node darkens that is not a gateway.
    """
    found = reach(graph)
    lit = lit_without(graph)
    assert set(np.flatnonzero(found.lit).tolist()) == lit
    nodes, links = range(len(graph.nodes.ids)), range(len(graph.links.ids))
    by_node = {i: lit_without(graph, nodes=(i,)) for i in nodes}
    by_link = [
        *(lit_without(graph, links=(i,)) for i in links),
        *(lit_without(graph, joins=(i,)) for i in range(len(graph.joins))),
    ]
    by_uplink = [lit_without(graph, uplinks=(int(g),)) for g in graph.gateways]
    redundant = {
        v for v in lit
        if all(v in rest for i, rest in by_node.items() if i != v)
        and all(v in rest for rest in (*by_link, *by_uplink))
    }
    assert set(np.flatnonzero(found.redundant).tolist()) == redundant
    looped = redundant | {
        v for v in lit
        if not graph.nodes.gateway[v]
        and all(v in rest for i, rest in by_node.items() if i != v and not graph.nodes.gateway[i])
        and all(v in rest for rest in by_link)
    }
    assert set(np.flatnonzero(found.looped).tolist()) == looped


@pytest.mark.parametrize("size", [2, 500])
def test_a_long_chain_needs_no_deep_recursion(size: int) -> None:
    drawing = "[G]" + "".join(f"--N{i:04}" for i in range(size))
    graph = draw(drawing)
    assert reach(graph).lit.all()
    assert not reach(graph).looped.any()

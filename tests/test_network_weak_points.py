"""Single points of failure: by hand, by removal, and beside networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, settings

from gis_service.model.weak_points import WeakKind, WeakPoint
from gis_service.network.graph import NetworkGraph
from gis_service.network.state import NetworkState
from gis_service.network.weak_points import weak_points
from tests.drawing import Office, draw, links_of
from tests.random_networks import lit_without, networks

LINK, NODE, TRENCH, SITE = WeakKind


def ranked(graph: NetworkGraph) -> list[tuple[WeakKind, str, int, int, int]]:
    """Kind, id, offices, beneficiaries and dark nodes of each point, in order."""
    return [
        (p.kind, p.id, p.offices, p.beneficiaries, p.nodes_dark) for p in weak_points(graph).points
    ]


def test_bridges_articulation_points_and_trenches_are_ranked_by_what_they_darken() -> None:
    """
    The ring A-B-C has a spur D-E; the two feeds of the ring lie in one trench.

    C takes the spur with it, and its own node; the trench takes everything.
    """
    graph = draw(
        """
        [G]--a@T1--A--b--C--e--D--f--E
                   |     |
                   +--c--B--d@T1--[H]
        """,
        {"one": Office("A", 10), "two": Office("D", 100), "three": Office("E", None)},
    )
    assert ranked(graph) == [
        (TRENCH, "T1", 3, 110, 5),
        (NODE, "C", 2, 100, 3),
        (LINK, "e", 2, 100, 2),
        (NODE, "D", 2, 100, 2),
        (LINK, "f", 1, 0, 1),
    ]
    trench, node, link = weak_points(graph, most=3).points
    assert (trench.links, trench.nodes, trench.offices_unknown) == (("a", "d"), (), 1)
    assert (node.links, node.nodes) == ((), ("C",))
    assert (link.links, link.nodes) == (("e",), ())
    assert weak_points(graph, most=2).counts == {LINK: 2, NODE: 2, TRENCH: 1, SITE: 0}


def test_two_parallel_links_are_no_bridges_unless_they_share_a_trench() -> None:
    apart = draw(
        """
        [G]--a--A
         |      |
         +--b---+
        """,
        {"one": Office("A", 1)},
    )
    assert ranked(apart) == [(NODE, "G", 1, 1, 2)]
    together = draw(
        """
        [G]--a@T--A
         |        |
         +--b@T---+
        """,
        {"one": Office("A", 1)},
    )
    assert ranked(together) == [(NODE, "G", 1, 1, 2), (TRENCH, "T", 1, 1, 1)]


def test_nodes_that_stand_together_fall_together() -> None:
    graph = draw(
        """
        [G]--A--C
         |      |
         +---B--+
        """,
        {"one": Office("C", 7), "two": Office("B", 1)},
        sites=[["A", "B"]],
    )
    assert ranked(graph)[:2] == [(NODE, "G", 2, 8, 4), (SITE, "A", 2, 8, 3)]
    site = weak_points(graph).points[1]
    assert (site.nodes, site.links) == (("A", "B"), ())


def test_a_gateway_that_is_the_only_way_is_a_weak_point_and_one_of_two_is_not() -> None:
    alone = draw("[G]--A", {"one": Office("A", 1)})
    assert (NODE, "G", 1, 1, 2) in ranked(alone)
    two = draw("[G]--A--[H]", {"one": Office("A", 1)})
    assert ranked(two) == []


def test_a_scenario_may_take_a_weak_point_away() -> None:
    graph = draw(
        """
        [G]--a--A--b--B
                      |
        [H]----c!-----+
        """,
        {"one": Office("B", 1)},
    )
    assert [p.id for p in weak_points(graph).points] == ["G", "a", "A", "b"]
    assert weak_points(graph, graph.traffic(adds=links_of(graph, "c"))).points == ()


def test_a_trench_of_many_links_is_one_cut() -> None:
    """A ring of 20 links in one trench: more than are looked at in one go."""
    there = "[G]" + "".join(f"--@T--M{i}" for i in range(9)) + "--@T--A"
    sides = f" |{' ' * (len(there) - 3)}|"
    back = " +-" + there[3:-1].replace("M", "L") + "+"
    ring = "\n".join([there, sides, back])
    office = {"one": Office("A", 1)}
    assert (TRENCH, "T", 1, 1, 19) in ranked(draw(ring, office))
    apart = draw(ring.replace("[G]--@T--M0", "[G]------M0"), office)
    assert (TRENCH, "T", 1, 1, 18) in ranked(apart), "M0 stays lit"
    beside = draw(f"{there}\n{sides}\n +{'-' * (len(there) - 3)}+", office)
    assert (TRENCH, "T", 0, 0, 9) in ranked(beside), "A has the other way"
    assert NetworkState(beside, beside.today).in_one_trench.sum() == 9


def test_nothing_is_weak_where_nothing_is_lit() -> None:
    assert weak_points(draw("")).points == ()
    assert weak_points(draw("A--B")).points == ()


def members(graph: NetworkGraph) -> dict[tuple[WeakKind, str], tuple[list[int], list[int]]]:
    """Links and nodes of everything that could be weak and is lit."""
    lit = lit_without(graph)
    carries = [i for i in np.flatnonzero(graph.today.links).tolist() if graph.links.start[i] in lit]
    found: dict[tuple[WeakKind, str], tuple[list[int], list[int]]] = {}
    for i in carries:
        found[LINK, f"L{i:03}"] = ([i], [])
    for i in sorted(lit):
        found[NODE, f"N{i:03}"] = ([], [i])
    for trench, name in enumerate(graph.trenches):
        links = [i for i in carries if graph.links.trench[i] == trench]
        if len(links) > 1:
            found[TRENCH, name] = (links, [])
    for site in range(graph.site_count):
        nodes = [i for i in sorted(lit) if graph.nodes.site[i] == site]
        if len(nodes) > 1:
            first = int(np.flatnonzero(graph.nodes.site == site)[0])
            found[SITE, f"N{first:03}"] = ([], nodes)
    return found


@settings(max_examples=120, deadline=None)
@given(networks())
def test_weak_points_are_what_removing_each_thing_shows(graph: NetworkGraph) -> None:
    lit = lit_without(graph)
    offices = graph.offices
    expected = {}
    for (kind, id_), (links, nodes) in members(graph).items():
        dark = lit - lit_without(graph, links=links, nodes=nodes)
        if len(dark) <= len(nodes):
            continue
        hit = [
            i for i, node in enumerate(offices.node.tolist()) if node in dark and not offices.cut[i]
        ]
        people = offices.beneficiaries[hit]
        expected[kind, id_] = (
            len(dark), len(hit), int(np.nansum(people)), int(np.isnan(people).sum())
        )
    found = weak_points(graph)
    assert {(p.kind, p.id): _numbers(p) for p in found.points} == expected
    order = [(-p.offices, -p.beneficiaries, -p.nodes_dark, list(WeakKind).index(p.kind), p.id)
             for p in found.points]
    assert order == sorted(order)
    assert sum(found.counts.values()) == len(found.points)


def _numbers(point: WeakPoint) -> tuple[int, int, int, int]:
    return (point.nodes_dark, point.offices, point.beneficiaries, point.offices_unknown)


@settings(max_examples=60, deadline=None)
@given(networks())
def test_a_node_is_in_one_trench_when_its_removal_darkens_it(graph: NetworkGraph) -> None:
    state = NetworkState(graph, graph.today)
    dark = {
        node
        for (kind, _), (links, _nodes) in members(graph).items() if kind is TRENCH
        for node in lit_without(graph) - lit_without(graph, links=links)
    }
    assert set(np.flatnonzero(state.in_one_trench).tolist()) == dark


@settings(max_examples=100, deadline=None)
@given(networks(largest=14))
def test_bridges_and_articulation_points_are_those_of_networkx(graph: NetworkGraph) -> None:
    """networkx, in the part that is lit; a parallel link is a node between two links to it."""
    lit = lit_without(graph)
    simple = nx.Graph()
    simple.add_edges_from((int(g), "top") for g in graph.gateways if int(g) in lit)
    for i in np.flatnonzero(graph.today.links).tolist():
        start, end = int(graph.links.start[i]), int(graph.links.end[i])
        if start in lit and start != end:
            simple.add_edge(start, f"L{i:03}")
            simple.add_edge(f"L{i:03}", end)
    simple.add_edges_from((a, b) for a, b in graph.joins.tolist() if {a, b} <= lit)
    bridges = {end for pair in nx.bridges(simple) for end in pair if str(end).startswith("L")}
    cuts = {f"N{i:03}" for i in nx.articulation_points(simple) if isinstance(i, int)}
    found = weak_points(graph).points
    assert {p.id for p in found if p.kind is LINK} == bridges
    assert {p.id for p in found if p.kind is NODE} == cuts

"""What outages darken: by hand on a drawing, and by removal on random networks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.model.outage import Effect, Hit, Outage
from gis_service.network.graph import NetworkGraph
from gis_service.network.outage import outage
from tests.drawing import Office, draw, links_of, nodes_of
from tests.random_networks import lit_without, networks

CUT, DEGRADED = Effect.CUT, Effect.DEGRADED


def town(**options: object) -> NetworkGraph:
    """A ring between two gateways, a spur with a fork, and an office that nothing serves."""
    return draw(
        """
        [G]--a@T1--A--b--B--c@T1--[H]
                         |d
                         P--e--C
                         |
                         +--f--D
        """,
        {
            "hall": Office("A", 40, "W1", "connectedCountyGovernment"),
            "clinic": Office("C", 300, "W1", "citizenSatisfaction"),
            "depot": Office("D", None, "W2"),
            "market": Office("P", 1000, None, "connectedCitizen"),
            "school": Office(None, 500, "W1"),
            "court": Office("C", 9, "W2", cut=True),
        },
        **options,  # type: ignore[arg-type]
    )


def offices(found: Outage, effect: Effect) -> set[str]:
    return {hit.id for hit in found.offices if hit.effect is effect}


def test_cutting_the_spur_darkens_what_hangs_on_it() -> None:
    graph = town()
    found = outage(graph, links=links_of(graph, "d"))
    assert offices(found, CUT) == {"clinic", "depot", "market"}
    assert offices(found, DEGRADED) == set()
    assert found.total == {CUT: Hit(3, 1300, 1), DEGRADED: Hit()}
    assert found.nodes == ("C", "D", "P")
    assert found.by_ward == {
        "": {CUT: Hit(1, 1000, 0), DEGRADED: Hit()},
        "W1": {CUT: Hit(1, 300, 0), DEGRADED: Hit()},
        "W2": {CUT: Hit(1, 0, 1), DEGRADED: Hit()},
    }
    assert {theme: hits[CUT].offices for theme, hits in found.by_theme.items()} == {
        "": 1, "citizenSatisfaction": 1, "connectedCitizen": 1,
    }
    depot = next(hit for hit in found.offices if hit.id == "depot")
    assert (depot.beneficiaries, depot.node, depot.ward, depot.theme) == (None, "D", "W2", None)
    assert (depot.ways_before, depot.ways_after) == (1, 0)


def test_cutting_the_ring_degrades_and_darkens_nothing() -> None:
    """With b gone A hangs on G alone and B on H alone; the spur had one way all the time."""
    graph = town()
    found = outage(graph, links=links_of(graph, "b"))
    assert found.total == {CUT: Hit(), DEGRADED: Hit(1, 40, 0)}
    assert offices(found, DEGRADED) == {"hall"}
    assert (found.offices[0].ways_before, found.offices[0].ways_after) == (2, 1)


def test_one_trench_can_take_both_ways() -> None:
    graph = town()
    found = outage(graph, links=links_of(graph, "a", "c"))
    assert offices(found, CUT) == {"hall", "clinic", "depot", "market"}
    assert found.nodes == ("A", "B", "C", "D", "P"), "the gateways have themselves"


def test_without_a_gateway_the_other_one_carries_on() -> None:
    graph = town()
    found = outage(graph, nodes=nodes_of(graph, "G"))
    assert offices(found, CUT) == set()
    assert offices(found, DEGRADED) == {"hall"}
    assert found.nodes == ("G",)
    both = outage(graph, nodes=nodes_of(graph, "G", "H"))
    assert both.total[CUT].offices == 4


def test_what_is_dark_already_cannot_be_cut() -> None:
    graph = town(cut=["d"])
    found = outage(graph, links=links_of(graph, "e"), nodes=nodes_of(graph, "D"))
    assert found.total == {CUT: Hit(), DEGRADED: Hit()}
    assert (found.nodes, found.offices, found.by_ward) == ((), (), {})


def test_offices_beyond_the_list_are_counted() -> None:
    graph = town()
    found = outage(graph, links=links_of(graph, "b", "d"), most_offices=2)
    assert [hit.id for hit in found.offices] == ["clinic", "depot"]
    assert found.offices_left_out == 2
    assert found.total == {CUT: Hit(3, 1300, 1), DEGRADED: Hit(1, 40, 0)}


@settings(max_examples=100, deadline=None)
@given(networks(), st.data())
def test_an_outage_is_what_removal_shows_and_more_gone_is_never_better(
    graph: NetworkGraph, data: st.DataObject
) -> None:
    def some(count: int) -> set[int]:
        return set(data.draw(st.lists(st.integers(0, count - 1), max_size=3))) if count else set()

    links, nodes = some(len(graph.links.ids)), some(len(graph.nodes.ids))
    more_links = links | some(len(graph.links.ids))
    more_nodes = nodes | some(len(graph.nodes.ids))

    def of(links: set[int], nodes: set[int]) -> Outage:
        return outage(graph, links=np.array(list(links), int), nodes=np.array(list(nodes), int))

    found, more = of(links, nodes), of(more_links, more_nodes)
    dark = lit_without(graph) - lit_without(graph, links=links, nodes=nodes)
    assert set(found.nodes) == {f"N{i:03}" for i in dark}
    assert offices(found, CUT) == {
        f"O{i:03}" for i, node in enumerate(graph.offices.node.tolist())
        if node in dark and not graph.offices.cut[i]
    }
    assert set(found.nodes) <= set(more.nodes)
    assert offices(found, CUT) <= offices(more, CUT)
    assert offices(found, DEGRADED) <= offices(more, CUT) | offices(more, DEGRADED)
    for groups in (found.by_ward, found.by_theme):
        for effect in Effect:
            parts = [hits[effect] for hits in groups.values()]
            assert found.total[effect] == Hit(
                sum(p.offices for p in parts), sum(p.beneficiaries for p in parts),
                sum(p.offices_unknown for p in parts),
            )

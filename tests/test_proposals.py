"""Plans kept as proposed links, and taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.model.connect import ConnectionPlan
from gis_service.network.connect import connection_plan
from gis_service.network.proposal import proposal
from gis_service.settings import Settings
from tests.editing import GEOJSON, PATCH, World, world
from tests.streets import COSTS, node, office, place, street, streets

BUDGET = 20_000_000


@pytest.fixture(scope="module")
def worlds(databases: Any, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(worlds: World) -> Iterator[TestClient]:
    with worlds.clients(audience=Audience.PLANNER) as client:
        yield client


def fresh_name() -> str:
    return f"Phase {uuid4()}"


def run(client: TestClient, process: str, **inputs: Any) -> Any:
    return client.post(f"/processes/{process}/execution", json={"inputs": inputs})


def propose(client: TestClient, **inputs: Any) -> Any:
    answer = run(client, "propose-connections", **{"name": fresh_name(), **inputs})
    assert answer.status_code == 200, answer.text
    return answer.json()


def withdraw(client: TestClient, phase: str) -> Any:
    answer = run(client, "withdraw-connections", phase=phase)
    assert answer.status_code == 200, answer.text
    return answer.json()


def items(client: TestClient, collection: str, phase: str) -> list[Any]:
    address = f"/collections/{collection}/items"
    found: list[Any] = client.get(address, params={"phase": phase, "limit": 1000}).json()[
        "features"
    ]
    return found


def counts(client: TestClient) -> dict[str, int]:
    return {
        name: client.get(f"/collections/{name}/items?limit=1").json()["numberMatched"]
        for name in ("phases", "network_nodes", "fibre_links")
    }


def plan_of(*offices: Any) -> ConnectionPlan:
    roads = streets(street((0, 0), (3, 0)), street((1, 0), (1, 1)))
    return connection_plan(offices, [node("N", 0, 0)], roads, COSTS)


def test_links_join_up_from_the_access_point_to_every_office():
    """N ──┬── b, and a up from the fork: three links, three nodes."""
    made = proposal(plan_of(office("a", 1, 1.1), office("b", 3.2, 0)))
    assert {each.office for each in made.nodes} == {"a", "b", None}
    assert [each.start for each in made.links].count("N") == 1
    for link in made.links:
        assert isinstance(link.end, int)
        assert link.line[-1] == made.nodes[link.end].position
        begins = place(0, 0) if link.start == "N" else made.nodes[int(link.start)].position
        assert link.line[0] == pytest.approx(begins, abs=1e-7)
    assert sum(each.length_m for each in made.links) == pytest.approx(4300, rel=2e-4)


def test_an_office_at_its_access_point_needs_nothing_built():
    made = proposal(plan_of(office("a", 0, 0)))
    assert made.nodes == ()
    assert made.links == ()


def test_a_proposal_is_a_phase_with_proposed_nodes_and_links_that_the_public_never_sees(
    worlds, planner
):
    with worlds.clients() as public:
        address = "/collections/fibre_links/items?limit=1000"
        before = public.get(address).json()["features"]
        answer = propose(planner, budget_kes=BUDGET)
        assert public.get(address).json()["features"] == before
    assert answer["made"] is True
    links = items(planner, "fibre_links", answer["phase"])
    nodes = {each["id"]: each for each in items(planner, "network_nodes", answer["phase"])}
    assert (len(nodes), len(links)) == (answer["network_nodes"], answer["fibre_links"])
    assert {each["properties"]["status"] for each in (*links, *nodes.values())} == {"proposed"}
    access = planner.get("/collections/network_nodes/items?access_point=true&limit=1000").json()
    lit = {each["id"] for each in access["features"]}
    reached = set(lit)
    for _ in links:
        reached |= {
            each["properties"]["end_node"] for each in links
            if each["properties"]["start_node"] in reached
        }
    assert set(nodes) <= reached
    for link in links:
        ends = [link["geometry"]["coordinates"][at] for at in (0, -1)]
        for end, name in zip(ends, ("start_node", "end_node"), strict=True):
            if (at := nodes.get(link["properties"][name])) is not None:
                assert end == pytest.approx(at["geometry"]["coordinates"], abs=1e-6)
    premises = [
        n for n in nodes.values() if n["properties"]["infrastructure"] == "customerPremises"
    ]
    assert len(premises) == answer["offices"]
    total = sum(each["properties"]["fibre_length_m"] for each in links)
    assert total == pytest.approx(answer["trench_m"], abs=1)


def test_the_same_proposal_again_makes_nothing_and_another_of_its_name_is_refused(planner):
    name = fresh_name()
    first = propose(planner, name=name, budget_kes=BUDGET)
    before = counts(planner)
    again = propose(planner, name=name, budget_kes=BUDGET)
    assert again["made"] is False
    assert {k: again[k] for k in ("phase", "fibre_links", "network_nodes")} == {
        k: first[k] for k in ("phase", "fibre_links", "network_nodes")
    }
    other = run(planner, "propose-connections", name=name, budget_kes=BUDGET / 2)
    assert other.status_code == 409
    assert counts(planner) == before


def test_two_who_propose_the_same_at_once_make_it_once(worlds):
    name = fresh_name()
    with (
        worlds.clients(audience=Audience.PLANNER) as one,
        worlds.clients(audience=Audience.PLANNER) as other,
        ThreadPoolExecutor(2) as threads,
    ):
        answers = list(threads.map(
            lambda client: propose(client, name=name, budget_kes=BUDGET), (one, other)
        ))
    assert sorted(each["made"] for each in answers) == [False, True]


def test_what_is_withdrawn_leaves_nothing_behind_and_can_be_proposed_again(planner):
    before, name = counts(planner), fresh_name()
    first = propose(planner, name=name, budget_kes=BUDGET)
    answer = withdraw(planner, name)
    assert answer["kept"] == []
    assert answer["withdrawn"] == {
        "phases": 1,
        "network_nodes": first["network_nodes"],
        "fibre_links": first["fibre_links"],
    }
    assert counts(planner) == before
    assert run(planner, "withdraw-connections", phase=first["phase"]).status_code == 404
    again = propose(planner, name=name, budget_kes=BUDGET)
    assert again == first
    assert withdraw(planner, name)["kept"] == []
    assert counts(planner) == before


def test_a_link_that_became_planned_stays_with_what_it_needs(planner):
    """Its two nodes, if the proposal made both, and the phase."""
    phase = propose(planner, budget_kes=BUDGET)["phase"]
    links = items(planner, "fibre_links", phase)
    nodes = {each["id"] for each in items(planner, "network_nodes", phase)}
    chosen = next(each for each in links if each["properties"]["start_node"] in nodes)
    ends = {chosen["properties"][name] for name in ("start_node", "end_node")}
    changed = planner.patch(
        f"/collections/fibre_links/items/{chosen['id']}",
        json={"properties": {"status": "planned"}}, headers=PATCH,
    )
    assert changed.status_code == 204
    answer = withdraw(planner, phase)
    told = {(each["collection"], each["id"], each["reason"]) for each in answer["kept"]}
    assert told == {
        ("fibre_links", chosen["id"], "changed"),
        *(("network_nodes", id_, "named") for id_ in ends),
        ("phases", phase, "named"),
    }
    assert [each["id"] for each in items(planner, "fibre_links", phase)] == [chosen["id"]]
    assert {each["id"] for each in items(planner, "network_nodes", phase)} == ends
    assert withdraw(planner, phase)["withdrawn"] == dict.fromkeys(answer["withdrawn"], 0)


def test_what_others_name_stays(planner):
    phase = propose(planner, budget_kes=BUDGET)["phase"]
    link = items(planner, "fibre_links", phase)[0]["id"]
    scenario = planner.post(
        "/collections/scenarios/items", headers=GEOJSON,
        json={"type": "Feature", "geometry": None,
              "properties": {"name": "With it", "adds": [link]}},
    )
    assert scenario.status_code == 201, scenario.text
    kept = withdraw(planner, phase)["kept"]
    assert {"collection": "fibre_links", "id": link, "reason": "named"} in kept


def test_what_cannot_be_proposed_or_withdrawn_is_told(worlds, planner):
    name = fresh_name()
    assert run(planner, "propose-connections", name=name, budget_kes=0).status_code == 409
    assert run(planner, "propose-connections", budget_kes=BUDGET).status_code == 400
    assert run(planner, "withdraw-connections", phase=str(uuid4())).status_code == 404
    by_hand = planner.get("/collections/phases/items", params={"external_id": "KSI-P-1"}).json()[
        "features"
    ][0]["id"]
    refused = run(planner, "withdraw-connections", phase=by_hand)
    assert refused.status_code == 409
    with worlds.clients(audience=Audience.PLANNER, max_batch=5) as client:
        refused = run(client, "propose-connections", name=name, budget_kes=BUDGET)
        assert refused.status_code == 400
        assert "GIS_MAX_BATCH" in refused.json()["detail"]
    with worlds.clients(audience=Audience.TECHNICIAN) as client:
        for process in ("propose-connections", "withdraw-connections"):
            assert run(client, process, name=name, phase=by_hand).status_code == 404

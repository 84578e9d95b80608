"""What connecting offices costs, asked over HTTP of the sample network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conformance.clients import sample_clients


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Any]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(clients: Any) -> Iterator[TestClient]:
    with clients(audience=Audience.PLANNER) as client:
        yield client


def ask(client: TestClient, **inputs: Any) -> Any:
    answer = client.post("/processes/cost-to-connect/execution", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    return answer.json()


def offices_in(answer: Any, outcome: str = "connect") -> list[Any]:
    told = [each["properties"] for each in answer["features"]]
    return [p for p in told if p["role"] == "office" and p["outcome"] == outcome]


def trenches_in(answer: Any) -> list[Any]:
    return [each for each in answer["features"] if each["properties"]["role"] == "trench"]


def test_every_unconnected_office_of_the_sample_has_a_place_and_a_cost(planner):
    answer = ask(planner)
    unconnected = planner.get("/collections/offices/items?connection=unconnected&limit=200").json()
    connected = offices_in(answer)
    assert {p["office"] for p in connected} == {f["id"] for f in unconnected["features"]}
    assert [p["rank"] for p in connected] == list(range(1, len(connected) + 1))
    assert answer["method"] == "roads"
    assert answer["trench_m"] < answer["singly_m"]
    dug = trenches_in(answer)
    assert sum(t["properties"]["length_m"] for t in dug) == pytest.approx(answer["trench_m"], abs=9)
    costs = answer["unit_costs"]
    metre = costs["trench_kes_per_km"]["amount"] / 1000 + costs["wayleave_kes_per_m"]["amount"]
    expected = answer["trench_m"] * metre + len(connected) * costs["office_kes"]["amount"]
    assert answer["cost_kes"] == pytest.approx(expected, rel=1e-4)
    assert all(each["source"] for each in costs.values())
    ends = {t["properties"]["office"] for t in dug}
    assert ends >= {p["office"] for p in connected}


def test_access_points_that_are_full_or_dark_are_not_used(planner):
    answer = ask(planner)
    used = {t["properties"]["access_point"] for t in trenches_in(answer)} - {None}
    open_ = planner.get(
        "/collections/network_nodes/items?status=operational&access_point=true"
        "&spare_capacity=true&limit=200"
    ).json()["features"]
    assert used <= {f["id"] for f in open_}
    counted = answer["access_points"]
    assert counted["usable"] + counted["dark"] == len(open_)
    assert counted["dark"] > 0
    assert counted["full"] > 0


def test_one_office_is_asked_for_by_name_also_on_a_page(planner):
    whole = {p["name"]: p for p in offices_in(ask(planner))}
    answer = ask(planner, office="Ibeno Ward Office")
    (only,) = offices_in(answer)
    assert only["alone_kes"] == only["added_kes"] == whole["Ibeno Ward Office"]["alone_kes"]
    page = planner.get(
        "/processes/cost-to-connect/execution", params={"f": "html", "office": only["office"]}
    )
    assert page.status_code == 200
    assert "Ibeno Ward Office" in page.text


def test_a_budget_a_theme_and_a_ward_narrow_the_plan(planner):
    rich, poor = ask(planner, budget_kes=20_000_000), ask(planner, budget_kes=5_000_000)
    assert poor["cost_kes"] <= 5_000_000 < rich["cost_kes"] <= 20_000_000
    assert poor["beneficiaries"] < rich["beneficiaries"]
    assert offices_in(poor, "beyondBudget")
    most = ask(planner, budget_kes=20_000_000, goal="offices")
    assert len(offices_in(most)) >= len(offices_in(rich))
    theme = ask(planner, theme="connectedCitizen")
    assert 0 < len(offices_in(theme)) < len(offices_in(ask(planner)))
    office = planner.get("/collections/offices/items?connection=unconnected&limit=1").json()
    ward = office["features"][0]["properties"]["ward"]
    assert office["features"][0]["id"] in {p["office"] for p in offices_in(ask(planner, ward=ward))}
    assert offices_in(ask(planner, network="kisii")) == offices_in(ask(planner))


def test_what_cannot_be_meant_is_told(planner):
    for inputs in ({"budget_kes": -1}, {"goal": "fame"}, {"office": "No such office"}):
        answer = planner.post("/processes/cost-to-connect/execution", json={"inputs": inputs})
        assert answer.status_code == 400, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_office_that_is_not_there_is_not_found(planner):
    nobody = "00000000-0000-4000-8000-000000000000"
    for inputs in ({"office": nobody}, {"office": "Ibeno Ward Office", "network": nobody}):
        answer = planner.post("/processes/cost-to-connect/execution", json={"inputs": inputs})
        assert answer.status_code == 404


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.TECHNICIAN])
def test_only_planners_know_of_it(clients, audience):
    with clients(audience=audience) as client:
        answer = client.post("/processes/cost-to-connect/execution", json={"inputs": {}})
        assert answer.status_code == 404


def test_without_roads_the_next_answer_says_straight_lines(databases, sample_template, settings):
    for clients in sample_clients(databases, sample_template, settings):
        with clients(audience=Audience.PLANNER) as client:
            assert ask(client)["method"] == "roads"
            roads = client.get("/collections/roads/items?limit=200").json()["features"]
            batch = [
                {"method": "DELETE", "collection": "roads", "id": road["id"]} for road in roads
            ]
            assert client.post("/batch", json=batch).status_code == 200
            answer = ask(client)
            assert answer["method"] == "straightLines"
            dug = [each["properties"] for each in trenches_in(answer)]
            assert all(p["straight_m"] == p["length_m"] for p in dug)

"""Trace, outages and weak points of the sample network, asked over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key

TRACE = "/processes/trace/execution"
OUTAGE = "/processes/outage-impact/execution"
WEAK = "/processes/single-points-of-failure/execution"


def answered(client: TestClient, path: str, **inputs: Any) -> dict[str, Any]:
    reply = client.get(path, params=inputs)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


def column(document: dict[str, Any], name: str) -> list[Any]:
    return [feature["properties"][name] for feature in document["features"]]


def test_planners_ask_and_every_answer_is_of_now(planner_client: TestClient) -> None:
    """
    Suneka's one way: the trunk to Nyanchwa, then the town ring to the headquarters.

    Nine offices in five nodes hang on the trunk (data/authored).
    """
    client = planner_client
    way = answered(client, TRACE, office="KSI-O-041")
    assert column(way, "name") == [
        "Trunk: Nyanchwa – Suneka",  # noqa: RUF001
        "Town ring: Capital Roundabout – Nyanchwa",  # noqa: RUF001
        "Dark fibre: County Headquarters Data Centre – Capital Roundabout",  # noqa: RUF001
    ]
    lengths = column(way, "route_length_m")
    assert column(way, "reached_m")[-1] == pytest.approx(sum(lengths), abs=0.03)
    assert way["route_length_m"] == column(way, "reached_m")[-1]
    assert (way["reaches"], way["ways"], way["gateways"]) == (True, 1, 1)
    assert way["one_trench"] is False
    lines = [feature["geometry"]["coordinates"] for feature in way["features"]]
    assert [line[-1] for line in lines[:-1]] == [line[0] for line in lines[1:]]
    assert column(way, "to_node")[:-1] == column(way, "from_node")[1:]
    loss = client.post("/processes/loss-budget/execution", json={"inputs": {
        "links": column(way, "link"), "node": way["start_node"]
    }}).json()
    for name in ("typical_low_db", "limit_high_db", "measured_db"):
        assert column(way, name) == column(loss, name)
    assert (way["downstream_offices"], way["downstream_nodes"]) == (9, 5), "all behind Suneka"
    assert way["start_node"] in way["downstream"]["nodes"]
    assert len(way["downstream"]["offices"]) == 9
    posted = client.post(TRACE, json={"inputs": {"office": "KSI-O-041"}})
    assert posted.json() == way
    assert answered(client, TRACE, node=way["start_node"]) == way
    back = answered(client, TRACE, node=way["end_node"], to=way["start_node"])
    assert column(back, "link") == column(way, "link")[::-1]
    cut = answered(client, TRACE, office="KSI-O-041", scenario="KSI-SC-2")
    assert (cut["reaches"], cut["features"], cut["end_node"]) == (False, [], None)

    outage = answered(client, OUTAGE, links="KSI-L-027")
    assert (outage["cut_offices"], outage["degraded_offices"], outage["nodes_dark"]) == (9, 0, 5)
    assert column(outage, "effect") == ["gone", *["cut"] * 9]
    assert sum(ward["cut_offices"] for ward in outage["by_ward"]) == 9
    assert sum(theme["cut_beneficiaries"] for theme in outage["by_theme"]) \
        == outage["cut_beneficiaries"]
    assert answered(client, OUTAGE, links="KSI-L-027", scenario="KSI-SC-2")["cut_offices"] == 0
    one = answered(client, OUTAGE, site="KSI-N-001")
    assert one == answered(client, OUTAGE, nodes="KSI-N-001"), "it stands by itself"
    trench = answered(client, OUTAGE, trench="KSI-T-03")

    weak = answered(client, WEAK)
    assert column(weak, "rank") == list(range(1, len(weak["features"]) + 1))
    found = next(f["properties"] for f in weak["features"] if f["properties"]["kind"] == "trench")
    assert found["name"] == "KSI-T-03"
    assert (found["offices"], found["nodes_dark"]) == (trench["cut_offices"], trench["nodes_dark"])
    trunk = next(f for f in weak["features"] if f["properties"]["link"] == way["features"][0]["id"])
    assert trunk["properties"]["offices"] == 9
    assert trunk["geometry"]["type"] == "LineString"
    only = answered(client, WEAK, kind="link", limit=3)
    assert column(only, "kind") == ["link"] * 3
    assert only["link_count"] == weak["link_count"]

    item = f"/collections/fibre_links/items/{way['features'][0]['id']}"
    patch = {"properties": {"status": "decommissioned"}}
    merge = {"content-type": "application/merge-patch+json"}
    assert client.patch(item, json=patch, headers=merge).status_code == 204
    assert answered(client, TRACE, office="KSI-O-041")["reaches"] is False
    assert answered(client, OUTAGE, links="KSI-L-027")["cut_offices"] == 0
    assert trunk["properties"]["link"] not in column(answered(client, WEAK), "link")

    for path in (f"{TRACE}?office=KSI-O-041", f"{OUTAGE}?nodes=KSI-N-001", f"{WEAK}?limit=9"):
        for language in ("en", "sw"):
            page = client.get(f"{path}&lang={language}&f=html")
            assert page.status_code == 200
    for path, told in (
        (TRACE, "Name one"), (f"{TRACE}?office=KSI-O-041&node=KSI-N-001", "Name one"),
        (f"{TRACE}?office=KSI-O-999", "office"), (OUTAGE, "Name links"),
        (f"{OUTAGE}?trench=Nowhere", "trench"), (f"{WEAK}?scenario=KSI-SC-9", "scenario"),
        (f"{TRACE}?node=00000000-0000-0000-0000-000000000000", "network nodes"),
        (f"{WEAK}?scenario=00000000-0000-0000-0000-000000000000", "scenarios"),
    ):
        refused = client.get(path)
        assert refused.status_code == 400
        assert told in refused.json()["detail"]


def test_technicians_may_trace_and_the_public_nothing(
    databases: Databases, sample_database: Database, settings: Settings
) -> None:
    addresses = databases.with_logins(sample_database)
    with client_of(addresses, settings) as client:
        for path in (TRACE, OUTAGE, WEAK):
            assert client.get(path).status_code == 404
        key = new_key(sample_database, Audience.TECHNICIAN)
        client.headers["Authorization"] = f"Bearer {key}"
        assert client.get(OUTAGE).status_code == 404
        firewall = answered(client, TRACE, equipment="KSI-FWL-0001")
        assert (firewall["reaches"], firewall["route_length_m"]) == (True, 0), "at the gateway"
        unserved = answered(client, TRACE, office="KSI-O-008")
        assert (unserved["reaches"], unserved["start_node"]) == (False, None)
        radio = answered(client, TRACE, equipment="KSI-MWR-0001")
        assert None in column(radio, "typical_low_db"), "nobody budgets the light of radio"

"""Two networks in one view, on a real database: pairs proposed, decided, and what follows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gis_service.model.audience import Audience
from gis_service.network.joining import likeness, names_alike
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.joins import near_pairs
from tests.conftest import Databases, client_of, new_key
from tests.two_networks import load_both, network


@pytest.fixture(scope="module")
def two_networks(databases: Databases, settings: Settings, home: Path) -> Iterator[Database]:
    database = databases.fresh("gis_migrated")
    load_both(database, settings, home)
    yield database
    databases.drop(database)


@pytest.fixture(scope="module")
def client(  # type: ignore[no-untyped-def]
    databases: Databases, two_networks: Database, settings: Settings
):
    addresses = databases.with_logins(two_networks)
    with client_of(addresses, settings, key=new_key(two_networks)) as found:
        yield found


@pytest.fixture(scope="module")
def ids(two_networks: Database) -> dict[str, str]:
    with two_networks.begin() as connection:
        rows = connection.execute(text("SELECT name, id::text AS id FROM gis.network_nodes"))
        return {row.name: row.id for row in rows}


def run(client: Any, process: str, **inputs: Any) -> Any:
    answer = client.post(f"/processes/{process}/execution", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    return answer.json()


def proposed(client: Any, **inputs: Any) -> dict[tuple[str, str], Any]:
    found = run(client, "join-candidates", **inputs)["features"]
    return {
        tuple(sorted((p["name_a"], p["name_b"]))): p
        for p in (each["properties"] for each in found)
    }


def decide(client: Any, ids: dict[str, str], decision: str, **more: Any) -> Any:
    return run(
        client, "decide-join",
        node_a=ids["Kisii PoP"], node_b=ids["KISII METRO"], decision=decision, **more,
    )


PAIR = ("KISII METRO", "Kisii PoP")


def test_names_count_without_what_nodes_are_called() -> None:
    assert names_alike("Kisii PoP", "KISII METRO") == 1
    assert names_alike("Nyamïra", "nyamira node") == 1
    assert names_alike("Exchange", "Kisii") is None
    assert names_alike("Kisii 1", "Kisii 2") == 0.5
    branch = names_alike("Kisumu - Kakamega Branch", "Kakamega Metro")
    assert branch == pytest.approx(0.70, abs=0.01)
    alike = likeness("Kisii", "Kisii", distance_m=250)
    assert (alike.names, alike.nearness, alike.score) == (1, 0.5, pytest.approx(0.8))
    assert likeness("Exchange", "Kisii", distance_m=0).score == pytest.approx(0.7)


def test_nodes_near_each_other_with_like_names_are_proposed(client: Any) -> None:
    found = proposed(client)
    assert set(found) == {PAIR, ("Boundary hut", "Hut 7")}
    pair = found[PAIR]
    assert {pair["network_a"], pair["network_b"]} == {"Town", "Backbone"}
    assert pair["distance_m"] == pytest.approx(111.3, abs=0.2)
    assert (pair["names"], pair["same_id"]) == (1, False)
    assert pair["score"] == pytest.approx(0.6 + 0.4 * 250 / 361.3, abs=0.001)
    shared = found["Boundary hut", "Hut 7"]
    assert (shared["score"], shared["same_id"]) == (1, True)
    assert shared["distance_m"] > 5_000
    assert run(client, "join-candidates")["left_out"] == 1, "the depot is as near"


def test_a_confirmed_pair_joins_the_networks_and_can_be_taken_back(
    client: Any, ids: dict[str, str], two_networks: Database
) -> None:
    def way() -> Any:
        return run(client, "trace", node=ids["Daraja Mbili"])

    assert not way()["reaches"]
    assert decide(client, ids, "confirmed", note=" same hut ")["decision"] == "confirmed"
    found = way()
    assert found["reaches"]
    assert found["end_node"] == ids["Nyamira"]
    assert found["joins"] == [{
        "after": 1, "from_node": ids["Kisii PoP"], "to_node": ids["KISII METRO"],
        "name": "KISII METRO", "network": "Backbone",
    }]
    dark = run(client, "outage-impact", nodes=[ids["KISII METRO"]])
    assert set(dark["nodes"]) == {ids[n] for n in ("KISII METRO", "Kisii PoP", "Daraja Mbili")}
    both = run(client, "outage-impact", site=ids["Kisii PoP"])
    assert {ids["KISII METRO"], ids["Kisii PoP"]} <= {
        each["properties"]["node"] for each in both["features"]
    }
    assert set(proposed(client)) == {("Boundary hut", "Hut 7")}
    (joined,) = run(client, "joined-nodes")["features"]
    assert len(joined["geometry"]["coordinates"]) == 2

    (item,) = client.get("/collections/node_joins/items").json()["features"]
    assert decide(client, ids, "confirmed")["note"] == "same hut", "what is decided stays"
    assert item["properties"]["name"] in ("Kisii PoP = KISII METRO", "KISII METRO = Kisii PoP")
    assert item["geometry"]["coordinates"] == [pytest.approx(34.7705), pytest.approx(-0.68)]
    with two_networks.begin() as connection:
        (person,) = connection.scalars(text("SELECT id::text FROM internal.people"))
        kept = connection.execute(text(
            "SELECT operation, person_id::text, decision FROM history.node_joins ORDER BY seq"
        )).all()
        versions = set(connection.scalars(text(
            "SELECT version FROM gis.network_nodes WHERE name <> 'Nyamira'"
        )))
    assert item["properties"]["by"] == person
    assert [tuple(row) for row in kept] == [("insert", person, "confirmed")]
    assert versions == {1}, "neither node is changed"

    assert decide(client, ids, "rejected", note="two huts")["decision"] == "rejected"
    assert not way()["reaches"]
    assert PAIR not in proposed(client)
    assert proposed(client, rejected=True)[PAIR]["note"] == "two huts"
    assert decide(client, ids, "undecided")["decision"] is None
    assert PAIR in proposed(client)
    assert client.get("/collections/node_joins/items").json()["features"] == []


def test_what_cannot_be_a_pair_is_refused_in_words(client: Any, ids: dict[str, str]) -> None:
    def refused(status: int, **inputs: Any) -> str:
        answer = client.post("/processes/decide-join/execution", json={"inputs": inputs})
        assert answer.status_code == status, answer.text
        return str(answer.json()["detail"])

    one, other = ids["Kisii PoP"], ids["Depot"]
    assert "one network" in refused(400, node_a=one, node_b=other, decision="confirmed")
    assert "of these two nodes" in refused(404, node_a=one, node_b=other, decision="undecided")
    absent = "00000000-0000-0000-0000-000000000001"
    refused(404, node_a=one, node_b=absent, decision="confirmed")
    answer = client.post(
        "/processes/join-candidates/execution", json={"inputs": {"within_m": 60_000}}
    )
    assert answer.status_code == 400


def test_near_nodes_are_looked_up_in_the_spatial_index(two_networks: Database) -> None:
    """Each node of the smaller network is one look, where there are thousands of nodes."""
    with two_networks.engine.connect() as connection:
        nodes = connection.execute(text(
            "INSERT INTO gis.network_nodes (network_id, name, status, geom) "
            "SELECT n.id, 'Node', 'operational', "
            "ST_SetSRID(ST_MakePoint(34 + i % 100 / 50.0, -1 + i / 100 / 50.0), 4326) "
            "FROM gis.networks n, generate_series(1, 5000) i"
        ))
        assert nodes.rowcount >= 10_000
        connection.execute(text("ANALYZE gis.network_nodes"))
        network, other = connection.scalars(text("SELECT id FROM gis.networks LIMIT 2"))
        compiled = near_pairs(network, [other], within_m=250).compile(connection)
        values = dict(compiled.params) | {
            name: [str(each) for each in value] if isinstance(value, list) else str(value)
            for name, value in compiled.params.items() if value in (network, [other])
        }
        rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {compiled}", values)
        plan = "\n".join(rows.scalars())
        connection.rollback()
    assert "network_nodes_geom_idx" in plan, plan


def test_only_planners_see_pairs(
    client: Any, databases: Databases, two_networks: Database, settings: Settings,
    ids: dict[str, str],
) -> None:
    technician = {"authorization": f"Bearer {new_key(two_networks, Audience.TECHNICIAN)}"}
    inputs = {"node_a": ids["Kisii PoP"], "node_b": ids["KISII METRO"], "decision": "confirmed"}
    address = "/processes/decide-join/execution"
    answer = client.post(address, json={"inputs": inputs}, headers=technician)
    assert answer.status_code in (403, 404)
    assert client.get("/joins", headers=technician).status_code == 403
    public = {"authorization": ""}
    assert client.get("/collections/node_joins", headers=public).status_code == 404


def test_the_page_lists_pairs_and_draws_them(client: Any, ids: dict[str, str]) -> None:
    page = client.get("/joins", headers={"accept": "text/html"})
    assert page.status_code == 200
    for part in ("Kisii PoP", "KISII METRO", "Backbone", "111 m", "<polyline", "Hut 7"):
        assert part in page.text
    assert client.get("/joins?within_m=77", headers={"accept": "text/html"}).status_code == 400
    wide = client.get("/joins?within_m=100&lang=sw", headers={"accept": "text/html"})
    assert "Unganisha mitandao" in wide.text
    assert "111 m" not in wide.text
    pair = {"node_a": ids["Kisii PoP"], "node_b": ids["KISII METRO"], "within_m": "500"}
    for decision in ("rejected", "undecided"):
        there = pair | {"decision": decision, "rejected": "yes", "page": "2"}
        answer = client.post("/joins?lang=sw", data=there, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].endswith(
            f"/joins?within_m=500&rejected=yes&page=2&done={decision}&lang=sw"
        )
    beyond = client.get(answer.headers["location"], headers={"accept": "text/html"})
    assert "KISII METRO" in beyond.text


def test_the_nearest_of_real_backbones_are_those_named_alike(shared_data: Path) -> None:
    """Of all nodes of NOFBI and JTL within 2 km, those with the same name score and others not."""
    nofbi, jtl = (
        json.loads((shared_data / "fibre" / name).read_text())["networks"][0]["nodes"]
        for name in ("nofbi/ofds_NOFBI_kenya.json", "jtl/ofds_JTL_Kenya.json")
    )

    def metres(one: list[float], other: list[float]) -> float:
        north = (one[1] - other[1]) * 110_574
        return math.hypot(north, (one[0] - other[0]) * 111_320 * math.cos(math.radians(one[1])))

    pairs = [
        (a["name"], b["name"], metres(a["location"]["coordinates"], b["location"]["coordinates"]))
        for a in nofbi for b in jtl
    ]
    near = [each for each in pairs if each[2] <= 2_000]
    chosen = [each for each in near if likeness(*each[:2], distance_m=each[2]).score >= 0.4]
    assert (len(near), len(chosen)) == (19, 17)
    assert all(names_alike(one, other) == 1 for one, other, _ in chosen)


FAR = "c9b0f0de-7a31-4a51-8c86-51d3d5a1f733"
NEIGHBOUR = network(
    "41d1f3a0-5f0e-4c0b-9d6c-7f4f5c0a9e33", "Neighbour",
    {"hut": ("Ogembo", 34.7200, -0.8000), FAR: ("Kilgoris", 34.8800, -1.0000)},
    [("hut", FAR)],
)
NEIGHBOUR["nodes"].pop()
REACHED = network(
    "77aa0a54-2b8f-43c1-9d3e-0f8b6f0f2c44", "Reached", {FAR: ("Kilgoris", 34.8800, -1.0000)}, []
)


def test_a_span_to_a_node_of_another_network_joins_when_that_appears(
    client: Any, databases: Databases, two_networks: Database, settings: Settings, tmp_path: Path
) -> None:
    def load(document: Any) -> Any:
        path = tmp_path / "package.json"
        path.write_text(json.dumps({"networks": [document]}))
        return load_package(two_networks, settings, PackageRequest(path, read_only=True))

    first = load(NEIGHBOUR)
    (fault,) = [each for each in first.faults if each.rule == "external-end"]
    assert FAR in fault.message
    assert any("1 spans of the network" in note for note in load(REACHED).notes)
    again = load(NEIGHBOUR)
    assert again.inserted == 1
    with two_networks.begin() as connection:
        reached = dict(connection.execute(text(
            "SELECT name, id::text FROM gis.network_nodes WHERE name IN ('Ogembo', 'Kilgoris')"
        )).all())
    way = run(client, "trace", node=reached["Ogembo"], to=reached["Kilgoris"])
    assert way["reaches"]
    sent = client.get(
        f"/exports/network?network={NEIGHBOUR['id']}&f=ofds-json", headers={"accept": "*/*"}
    )
    assert sent.status_code == 200, sent.text
    assert sent.json()["networks"] == [NEIGHBOUR]


@pytest.mark.shared
def test_of_real_networks_only_places_are_proposed(
    databases: Databases, sample_template: str, settings: Settings, shared_data: Path
) -> None:
    """Two backbones and the sample's town: 26 pairs with one name, and both ends of Kisii."""
    database = databases.fresh(sample_template)
    for name in ("nofbi/ofds_NOFBI_kenya.json", "jtl/ofds_JTL_Kenya.json"):
        path = shared_data / "fibre" / name
        load_package(database, settings, PackageRequest(path, network=name[:3], read_only=True))
    with client_of(
        databases.with_logins(database), settings, key=new_key(database)
    ) as client:
        found = proposed(client, within_m=5_000)
        page = client.get("/joins?within_m=5000", headers={"accept": "text/html"}).text
        beyond = client.get("/joins?within_m=5000&page=2", headers={"accept": "text/html"}).text
        rest = run(client, "join-candidates", within_m=5_000, first=20)
    named = {pair for pair, each in found.items() if each["names"] == 1}
    assert ("Kisii", "Kisii Metro") in named
    assert ("Nairobi", "Nairobi Metro") in named
    assert {pair for pair in found if pair not in named} == {("Kisii", "Kisii West Backbone PoP")}
    assert (rest["proposed"], len(rest["features"])) == (28, 8)
    assert not any("Wi-Fi" in name for pair in found for name in pair)
    assert ("Pairs proposed: 28" in page, 'rel="next"' in page) == (True, False)
    assert ("Pairs proposed: 28" in beyond, 'rel="prev"' in beyond) == (True, False)
    databases.drop(database)

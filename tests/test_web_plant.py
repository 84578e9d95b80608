"""Questions about cables and devices, asked over HTTP of the sample network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from pyproj import Geod
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conformance.clients import sample_clients

WGS84 = Geod(ellps="WGS84")
PROCESSES = ("locate-fault", "record-fault", "loss-budget", "certifications-due", "dig-safe")


@pytest.fixture(scope="module")
def technician(
    databases: Any, sample_template: str, settings: Settings
) -> Iterator[TestClient]:
    for clients in sample_clients(databases, sample_template, settings):
        with clients(audience=Audience.TECHNICIAN) as client:
            yield client


def ask(client: TestClient, process: str, **inputs: Any) -> Any:
    """The answer to a process, by POST."""
    answer = client.post(f"/processes/{process}/execution", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(client: TestClient, process: str, **inputs: Any) -> str:
    """What is wrong with a question."""
    answer = client.post(f"/processes/{process}/execution", json={"inputs": inputs})
    assert answer.status_code in (400, 404), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def item(client: TestClient, collection: str, key: str) -> Any:
    (feature,) = client.get(
        f"/collections/{collection}/items", params={"external_id": key}
    ).json()["features"]
    return feature


class TestLocateFault:
    def test_a_fault_of_the_sample_lies_within_its_segment(self, technician: TestClient) -> None:
        fault = item(technician, "faults", "KSI-F-001")
        found = ask(technician, "locate-fault", links=["KSI-L-027"], otdr_distance_m=3998)
        likely = next(f for f in found["features"] if f["properties"]["role"] == "mostLikely")
        away = WGS84.inv(
            *likely["geometry"]["coordinates"], *fault["geometry"]["coordinates"]
        )[2]
        assert away <= found["uncertainty_m"]
        assert found["link"] == item(technician, "fibre_links", "KSI-L-027")["id"]
        sides = {f["properties"].get("side") for f in found["features"]}
        assert {"instrument", "beyond"} <= sides
        assert found["fault"] is None

    def test_from_the_other_end(self, technician: TestClient) -> None:
        link = item(technician, "fibre_links", "KSI-L-027")["properties"]
        rest_m = link["fibre_length_m"] - 3998
        there = ask(technician, "locate-fault", links=["KSI-L-027"], otdr_distance_m=3998)
        back = ask(
            technician, "locate-fault", links=["KSI-L-027"], node=link["end_node"],
            otdr_distance_m=rest_m,
        )
        assert back["position_m"] == pytest.approx(there["position_m"], abs=0.5)
        assert back["path_m"] == pytest.approx(
            link["route_length_m"] - there["position_m"], abs=0.5
        )

    def test_an_anchor_by_its_identifier_narrows_the_segment(
        self, technician: TestClient
    ) -> None:
        structures = technician.get(
            "/collections/structures/items",
            params={"link": item(technician, "fibre_links", "KSI-L-027")["id"], "limit": 100},
        ).json()["features"]
        pole = next(s["properties"] for s in structures if s["properties"]["position_m"] > 3500)
        free = ask(technician, "locate-fault", links=["KSI-L-027"], otdr_distance_m=3998)
        held = ask(
            technician, "locate-fault", links=["KSI-L-027"], otdr_distance_m=3998,
            anchors=f"{pole['external_id']}=3998",
        )
        assert held["position_m"] == pytest.approx(pole["position_m"], abs=0.01)
        assert held["uncertainty_m"] < free["uncertainty_m"]

    @pytest.mark.parametrize(
        ("inputs", "words"),
        [
            ({"links": []}, "Name the links of the path, or the node or office"),
            ({"to": "KSI-N-019"}, "not both"),
            ({"links": [str(UUID(int=n)) for n in range(101)]}, "ask about 100 at most"),
            ({"links": [], "node": "KSI-N-001"}, "No cable leads from there"),
            ({"otdr_distance_m": 99_000}, "m of cable beyond the path"),
            ({"otdr_distance_m": 100, "launch_m": 1000}, "before the path begins"),
            ({"node": "KSI-N-001"}, "does not start at the node given"),
            ({"links": ["KSI-L-027", "KSI-L-001"]}, "does not begin where the one before ends"),
            ({"links": ["00000000-0000-4000-8000-000000000000"]}, "There is no fibre link"),
            ({"links": ["KSI-L-065"]}, "this link is of microwave, not fibre"),
            ({"anchors": "nowhere=100"}, "no node or structure of the path"),
            ({"anchors": "KSI-N-004"}, "write PLACE=METRES"),
            ({"anchors": "KSI-N-004=-1"}, "write PLACE=METRES"),
        ],
    )
    def test_refusals_say_why(
        self, technician: TestClient, inputs: dict[str, Any], words: str
    ) -> None:
        asked = {"links": ["KSI-L-027"], "otdr_distance_m": 3998} | inputs
        assert words in refused(technician, "locate-fault", **asked)

    def test_without_links_it_is_the_way_to_the_gateway(self, technician: TestClient) -> None:
        """Also where a fault is open: the light is looked for in the cable that lies there."""
        way = ask(technician, "trace", node="KSI-N-019")
        links = [
            f["properties"]["link"] for f in way["features"] if f["properties"].get("link")
        ]
        assert len(links) > 1
        by_links = ask(
            technician, "locate-fault", links=links, node="KSI-N-019", otdr_distance_m=7000
        )
        by_end = ask(technician, "locate-fault", node="KSI-N-019", otdr_distance_m=7000)
        assert by_end == by_links
        ask(technician, "record-fault", node="KSI-N-019", otdr_distance_m=7000, summary="Dark",
            cuts=True)
        assert ask(technician, "locate-fault", node="KSI-N-019", otdr_distance_m=7000) == by_links

    def test_towards_an_office(self, technician: TestClient) -> None:
        offices = technician.get(
            "/collections/offices/items", params={"limit": 1000}
        ).json()["features"]
        node = item(technician, "network_nodes", "KSI-N-019")["id"]
        office = next(o["id"] for o in offices if o["properties"]["served_by"] == node)
        towards = ask(
            technician, "locate-fault", node="KSI-N-004", office=office, otdr_distance_m=3000
        )
        assert towards == ask(
            technician, "locate-fault", node="KSI-N-004", to="KSI-N-019", otdr_distance_m=3000
        )
        back = ask(technician, "loss-budget", office=office, to="KSI-N-004")
        assert {link["id"] for link in back["features"]} == {towards["link"]}

    def test_a_technician_records_it_once(self, technician: TestClient) -> None:
        chosen = str(uuid4())
        asked = {
            "links": ["KSI-L-001"], "otdr_distance_m": 200, "summary": "Cut in the trench",
            "cuts": True, "started_at": "2026-11-20T08:00:00Z", "fault": chosen,
        }
        first = ask(technician, "record-fault", **asked)
        again = ask(technician, "record-fault", **asked)
        assert first == again
        fault = technician.get(f"/collections/faults/items/{chosen}").json()
        likely = next(f for f in first["features"] if f["properties"]["role"] == "mostLikely")
        assert fault["geometry"]["coordinates"] == pytest.approx(
            likely["geometry"]["coordinates"], abs=1e-6
        )
        properties = fault["properties"]
        assert properties["source"] == "otdr"
        assert properties["cuts"] is True
        assert properties["otdr_distance_m"] == 200
        assert properties["uncertainty_m"] == pytest.approx(first["uncertainty_m"], abs=0.06)
        assert properties["link"] == first["link"]
        other = technician.post(
            "/processes/record-fault/execution", json={"inputs": asked | {"summary": "Other"}}
        )
        assert other.status_code == 422
        assert "uuid" in refused(technician, "record-fault", **asked | {"fault": "1"}).lower()

    def test_recording_is_asked_by_post_only(self, technician: TestClient) -> None:
        answer = technician.get(
            "/processes/record-fault/execution",
            params={"links": "KSI-L-001", "otdr_distance_m": 200, "summary": "x"},
        )
        assert answer.status_code == 405


class TestLossBudget:
    def test_a_link_of_the_sample(self, technician: TestClient) -> None:
        found = ask(technician, "loss-budget", links=["KSI-L-001"])
        # 559 m x 0.21 + 2 x 0.1 + 4 x 0.3, and 559 m x 0.35 + 2 x 0.3 + 4 x 0.75.
        assert found["typical_low_db"] == found["typical_high_db"] == pytest.approx(1.517, abs=1e-3)
        assert found["limit_low_db"] == found["limit_high_db"] == pytest.approx(3.796, abs=1e-3)
        assert found["verdict"] == "within"
        (feature,) = found["features"]
        link = feature["properties"]
        assert feature["geometry"] == item(technician, "fibre_links", "KSI-L-001")["geometry"]
        assert link["drift_db"] == pytest.approx(link["measured_db"] - link["first_db"])

    def test_by_address(self, technician: TestClient) -> None:
        answer = technician.get(
            "/processes/loss-budget/execution",
            params={"links": "KSI-L-001,KSI-L-002", "wavelength_nm": 1310, "splitters": "8"},
        )
        assert answer.status_code == 200, answer.text
        kinds = [each["kind"] for each in answer.json()["components"]]
        assert kinds == [*["fibre", "splices", "connectors"] * 2, "splitter"]

    @pytest.mark.parametrize(
        ("inputs", "words"),
        [
            ({"wavelength_nm": 1200}, "near one of"),
            ({"splitters": "eight"}, "numbers of outputs"),
            ({"splitters": "8,,4"}, "numbers of outputs"),
            ({"splitters": "999"}, "numbers of outputs"),
        ],
    )
    def test_refusals_say_why(
        self, technician: TestClient, inputs: dict[str, Any], words: str
    ) -> None:
        asked = {"links": ["KSI-L-001"]} | inputs
        assert words in refused(technician, "loss-budget", **asked)


class TestCertificationsDue:
    def test_states_are_those_of_the_equipment(self, technician: TestClient) -> None:
        """One rule: what a device's own page says is what the list says."""
        shown = technician.get("/collections/equipment/items", params={"limit": 1000}).json()
        standing = [
            f for f in shown["features"]
            if f["properties"]["lifecycle"] in ("installed", "inService", "underRepair")
        ]
        found = ask(technician, "certifications-due")
        wanting = {
            f["id"]: f["properties"] for f in found["features"]
            if f["properties"].get("collection") == "equipment" and "due_on" in f["properties"]
        }
        for each in standing:
            properties = each["properties"]
            state = properties["certification"]
            assert wanting.get(each["id"], {}).get("state", "valid") == state
            if state in ("due", "overdue"):
                assert wanting[each["id"]]["due_on"] == properties["certification_due_on"]
            if state == "never":
                assert wanting[each["id"]]["due_on"] == properties["installed_on"]
        states = ("never", "due", "valid", "overdue", "failed")
        assert sum(found[state] for state in states) == len(standing)
        assert set(wanting) <= {each["id"] for each in standing}
        for state in states:
            assert sum(ward[state] for ward in found["wards"]) == found[state]

    def test_a_longer_look_ahead_finds_more(self, technician: TestClient) -> None:
        near, far = (
            ask(technician, "certifications-due", within_days=days) for days in (0, 36_500)
        )
        assert near["due"] < far["due"]
        assert near["due"] + near["valid"] == far["due"] + far["valid"]
        for state in ("never", "overdue", "failed"):
            assert near[state] == far[state] > 0

    def test_devices_are_drawn_where_they_stand(self, technician: TestClient) -> None:
        found = ask(technician, "certifications-due")
        placed = [f for f in found["features"] if f["properties"].get("place")]
        assert placed
        for feature in placed[:5]:
            where = feature["properties"]
            place = technician.get(
                f"/collections/{where['place_collection']}/items/{where['place']}"
            ).json()
            assert feature["geometry"]["coordinates"] == pytest.approx(
                place["geometry"]["coordinates"], abs=1e-7
            )

    def test_one_ward(self, technician: TestClient) -> None:
        found = ask(technician, "certifications-due")
        ward = next(w for w in found["wards"] if w["ward"] and w["overdue"] + w["never"])
        one = ask(technician, "certifications-due", ward=ward["ward"])
        assert one["wards"] == [ward]
        assert {f["properties"]["ward"] for f in one["features"]} == {ward["ward"]}

    def test_an_inspection_is_open_until_it_is_repaired(self, technician: TestClient) -> None:
        node = item(technician, "network_nodes", "KSI-N-003")["id"]

        def log(kind: str, result: str, at: str) -> None:
            entry = {
                "type": "Feature", "geometry": None,
                "properties": {"kind": kind, "result": result, "node": node, "occurred_at": at},
            }
            answer = technician.post(
                "/collections/work_log/items", json=entry,
                headers={"content-type": "application/geo+json"},
            )
            assert answer.status_code == 201, answer.text

        def is_open() -> bool:
            features = ask(technician, "certifications-due")["features"]
            return any(f["id"] == node for f in features)

        assert not is_open()
        log("inspection", "failed", "2026-11-01T09:00:00+03:00")
        assert is_open()
        log("repair", "notDone", "2026-11-02T09:00:00+03:00")
        assert is_open()
        log("repair", "done", "2026-11-03T09:00:00+03:00")
        assert not is_open()


def test_before_digging_across_a_shared_trench(technician: TestClient) -> None:
    """Two cables of two owners lie in it; both are told, and whom to call."""
    link = item(technician, "fibre_links", "KSI-L-001")
    lon, lat = link["geometry"]["coordinates"][5]
    works = {"type": "LineString", "coordinates": [[lon, lat - 1e-4], [lon, lat + 1e-4]]}
    found = ask(technician, "dig-safe", works=works, distance_m=2)
    keys = {f["properties"]["external_id"]: f["properties"] for f in found["features"]}
    assert {"KSI-L-001", "KSI-L-012"} <= set(keys)
    assert keys["KSI-L-001"]["distance_m"] == 0
    assert all(each["least_m"] <= 2 for each in keys.values())
    named = {each["owner_name"] for each in found["owners"]}
    for key in ("KSI-L-001", "KSI-L-012"):
        owner = item(technician, "fibre_links", key)["properties"]["owner"]
        assert technician.get(f"/collections/organisations/items/{owner}").json()["properties"][
            "name"
        ] in named


@pytest.mark.parametrize("process", PROCESSES)
def test_the_public_knows_nothing_of_it(technician: TestClient, process: str) -> None:
    answers = [
        technician.request(method, f"/processes/{process}{end}", headers={"authorization": ""})
        for method, end in (("GET", ""), ("POST", "/execution"))
    ]
    assert {answer.status_code for answer in answers} <= {401, 404}

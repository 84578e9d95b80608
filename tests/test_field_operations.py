"""Operations of phones: kept raw, carried out once, merged by field, refused in plain words."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conftest import Databases
from tests.editing import World, world
from tests.fieldwork import HERE, OPERATIONS, body, count, first, item, operation, send


@pytest.fixture(scope="module")
def place(databases: Databases, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def technician(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.TECHNICIAN) as client:
        yield client


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        yield client


def test_work_is_written_down_with_its_checklist(technician: TestClient) -> None:
    device = first(technician, "equipment")
    one = operation(
        "work",
        target={"collection": "equipment", "id": device["id"]},
        values={"kind": "inspection", "result": "passed", "notes": "Dust",
                "checklist": {"label": "yes", "locked": "no"}},
    )
    [result] = send(technician, one, lang="sw")
    assert result["outcome"] == "applied"
    assert result["item"] == {"collection": "work_log", "id": one["item"]}
    entry = item(technician, "work_log", one["item"])
    assert entry["equipment"] == device["id"]
    assert entry["notes"].splitlines() == [
        "Dust", "Lebo ipo na inasomeka: Ndiyo", "Mlango unafungwa kwa kufuli: Hapana"
    ]
    assert entry["by"] is not None
    made = datetime.fromisoformat(one["made_at"])
    assert abs(datetime.fromisoformat(entry["occurred_at"]) - made) < timedelta(milliseconds=1)
    wrong = operation("work", target=one["target"],
                      values={"kind": "inspection", "checklist": {"colour": "yes"}})
    [result] = send(technician, wrong)
    assert (result["outcome"], "colour" in result["why"]) == ("refused", True)


def test_each_kind_is_carried_out(technician: TestClient) -> None:
    link = first(technician, "fibre_links")
    node = first(technician, "network_nodes")
    made = operation(
        "create", target={"collection": "network_nodes"}, geometry=HERE, accuracy_m=4.5,
        values={"name": "New cabinet", "status": "operational"},
    )
    fault = operation(
        "fault", target={"collection": "fibre_links", "id": link["id"]}, geometry=HERE,
        values={"summary": "Cable hangs low", "cuts": False}, accuracy_m=8,
    )
    reading = operation(
        "measurement", target={"collection": "fibre_links", "id": link["id"]},
        values={"kind": "opticalPower", "power_dbm": -19.5, "node": node["id"]},
    )
    results = send(technician, made, fault, reading)
    assert [each["outcome"] for each in results] == ["applied"] * 3, results
    assert item(technician, "network_nodes", made["item"])["accuracy_m"] == 4.5
    stands = item(technician, "faults", fault["item"])
    assert (stands["link"], stands["source"], stands["uncertainty_m"]) == (
        link["id"], "technician", 8
    )
    assert item(technician, "measurements", reading["item"])["power_dbm"] == -19.5


def test_a_walked_route_becomes_a_proposed_link_with_structures(technician: TestClient) -> None:
    node = first(technician, "network_nodes")
    line = [node["geometry"]["coordinates"], [34.772, -0.681], [34.773, -0.682]]
    poles = [
        {"id": str(uuid4()), "kind": kind, "position": at, "at_m": metres, "photo": None,
         "accuracy_m": 5}
        for kind, at, metres in (("pole", line[1], 100), ("closure", line[2], 250.5))
    ]
    walked = operation(
        "route", geometry={"type": "LineString", "coordinates": line}, accuracy_m=6,
        values={"name": "Market spur", "start_node": node["id"], "end_node": None,
                "points_of_interest": poles,
                "recorded": {"started_at": "2026-01-01T08:00:00Z", "positions": 40}},
    )
    [result] = send(technician, walked)
    assert result["outcome"] == "applied", result
    link = item(technician, "fibre_links", walked["item"])
    assert (link["status"], link["start_node"]) == ("proposed", node["id"])
    end = item(technician, "network_nodes", link["end_node"])
    assert (end["status"], end["geometry"]["coordinates"]) == ("proposed", line[-1])
    pole = item(technician, "structures", poles[0]["id"])
    assert (pole["link"], pole["structure_type"], pole["position_m"]) == (
        walked["item"], "pole", 100
    )
    straight = operation("create", target={"collection": "fibre_links"},
                         geometry=walked["geometry"],
                         values={"status": "operational", "start_node": node["id"],
                                 "end_node": link["end_node"]})
    [result] = send(technician, straight)
    assert result["outcome"] == "refused"
    assert "proposed" in result["why"]


def changed(device: dict[str, Any], values: dict[str, Any], **base: Any) -> dict[str, Any]:
    """An update of a device."""
    return operation("update", target={"collection": "equipment", "id": device["id"]},
                     values=values, base=base)


def test_changes_are_merged_by_field(technician: TestClient, planner: TestClient) -> None:
    device = first(planner, "equipment", lifecycle="inService")
    address = f"/collections/equipment/items/{device['id']}"
    other = planner.patch(address, json={"properties": {"serial": "ELSE-1"}},
                          headers={"content-type": "application/merge-patch+json"})
    assert other.status_code == 204
    seen = {name: device[name] for name in ("model", "serial", "version", "make")}
    one = changed(device, {"model": "X-100"}, **seen)
    two = changed(device, {"serial": "MINE-1", "make": "Acme"}, **seen)
    same = changed(device, {"serial": "ELSE-1"}, **seen)
    first_, second, third = send(technician, one, two, same)
    assert first_["outcome"] == "merged"
    assert (second["outcome"], second["fields"]) == ("conflict", ["serial"])
    assert "Serial number" in second["why"]
    assert third["outcome"] == "merged"
    stands = item(planner, "equipment", device["id"])
    assert (stands["model"], stands["make"], stands["serial"]) == ("X-100", "Acme", "ELSE-1")


def test_a_thing_is_moved(technician: TestClient) -> None:
    node = first(technician, "network_nodes")
    lon, lat = node["geometry"]["coordinates"]
    shown = {"type": "Point", "coordinates": [round(lon, 6), round(lat, 6)]}
    there = {"type": "Point", "coordinates": [round(lon + 0.0001, 6), round(lat, 6)]}
    target = {"collection": "network_nodes", "id": node["id"]}
    moved = operation("update", target=target, geometry=there, base={"geometry": shown})
    late = operation("update", target=target, geometry=HERE, base={"geometry": shown})
    first_, second = send(technician, moved, late)
    assert first_["outcome"] == "applied"
    assert (second["outcome"], second["fields"]) == ("conflict", ["geometry"])
    assert item(technician, "network_nodes", node["id"])["geometry"] == there


def test_what_was_sent_before_is_answered_as_before(
    technician: TestClient, place: World
) -> None:
    before = count(technician, "faults")
    one = operation("fault", values={"summary": "No light"}, geometry=HERE)
    [made] = send(technician, one)
    [again] = send(technician, one)
    assert again == made
    [asked] = technician.get(OPERATIONS, params={"ids": one["id"]}).json()["results"]
    assert asked == made
    [other] = send(technician, one | {"values": {"summary": "Else"}})
    assert other["outcome"] == "refused"
    assert "before" in other["why"]
    [asked] = technician.get(OPERATIONS, params={"ids": one["id"]}).json()["results"]
    assert asked == made
    assert count(technician, "faults") == before + 1
    with place.database.begin() as connection:
        connection.execute(text(
            "UPDATE internal.operations SET person_id = gen_random_uuid() WHERE id = :id"
        ), {"id": one["id"]})
    unknown, never = technician.get(
        OPERATIONS, params={"ids": f"{one['id']},{uuid4()}"}
    ).json()["results"]
    assert {unknown["outcome"], never["outcome"]} == {"unknown"}


def test_the_same_sent_six_times_at_once_is_done_once(technician: TestClient) -> None:
    before = count(technician, "work_log")
    device = first(technician, "equipment")
    some = [
        operation("work", target={"collection": "equipment", "id": device["id"]},
                  values={"kind": "repair", "result": "done"})
        for _ in range(4)
    ]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: send(technician, *some), range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert {each["outcome"] for each in answers[0]} == {"applied"}
    assert count(technician, "work_log") == before + len(some)


def test_what_was_kept_and_not_done_is_done_at_the_next_start(
    place: World, technician: TestClient
) -> None:
    """A process that ends between the two leaves a row that waits; here it is put there."""
    sent, started = (
        operation("fault", values={"summary": each}, geometry=HERE) for each in ("One", "Two")
    )
    send(technician, sent, started)
    with place.database.begin() as connection:
        for each in (sent, started):
            connection.execute(text("DELETE FROM gis.faults WHERE id = :id"), {"id": each["item"]})
        connection.execute(text(
            "UPDATE internal.operations SET outcome = 'waiting', answer = NULL, applied_at = NULL "
            "WHERE id = ANY(CAST(:ids AS uuid[]))"
        ), {"ids": [sent["id"], started["id"]]})
    ids = {"ids": f"{sent['id']},{started['id']}"}
    waiting = technician.get(OPERATIONS, params=ids).json()["results"]
    assert {each["outcome"] for each in waiting} == {"waiting"}
    [result] = send(technician, sent)
    assert result["outcome"] == "applied"
    with place.clients(audience=Audience.TECHNICIAN) as later:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            answer = later.get("/collections/faults/items/" + started["item"])
            if answer.status_code == 200:
                break
            time.sleep(0.05)
        assert item(later, "faults", started["item"])["summary"] == "Two"
    results = technician.get(OPERATIONS, params=ids).json()["results"]
    assert {each["outcome"] for each in results} == {"applied"}


def test_a_clock_that_is_wrong_is_put_right(technician: TestClient) -> None:
    now = datetime.now(UTC)
    off = timedelta(hours=-7)
    one = operation("fault", values={"summary": "Dark"},
                    made_at=(now + off - timedelta(minutes=30)).isoformat())
    [result] = send(technician, one, sent_at=(now + off).isoformat())
    assert result["outcome"] == "applied"
    assert datetime.fromisoformat(result["made_at"]) == datetime.fromisoformat(one["made_at"])
    started = datetime.fromisoformat(item(technician, "faults", one["item"])["started_at"])
    assert abs(started - (now - timedelta(minutes=30))) < timedelta(minutes=1)
    future = operation("fault", values={"summary": "Later"},
                       made_at=(now + timedelta(days=400)).isoformat())
    [result] = send(technician, future)
    assert datetime.fromisoformat(result["occurred_at"]) <= datetime.now(UTC)


REFUSED = (
    ({"kind": "destroy"}, "kind"),
    ({"made_at": "yesterday"}, "made_at"),
    ({"made_at": 7}, "made_at"),
    ({"made_at": "9999-12-31T23:59:59-12:00"}, "made_at"),
    ({"values": [1]}, "values"),
    ({"target": {"collection": "secrets", "id": str(uuid4())}, "kind": "create"}, "secrets"),
    ({"target": {"collection": ["x"]}, "kind": "create"}, "target"),
    ({"accuracy_m": -1}, "accuracy_m"),
    ({"accuracy_m": True}, "accuracy_m"),
    ({"photos": "all"}, "photos"),
    ({"surprise": 1}, "surprise"),
    ({"geometry": {"type": "Point", "coordinates": "here"}}, ""),
    ({"geometry": {"type": "Point", "coordinates": [0, 0]}}, "longitude 0"),
    ({"values": {"summary": ""}}, "Summary"),
    ({"values": {"summary": "x", "source": "rumour\u0000"}}, ""),
    ({"values": {"summary": "x", "link": str(uuid4())}}, "Fibre link"),
    ({"values": {"summary": {"a": {"b": 1}}}}, "Summary"),
    ({"values": {"summary": "x", "visibility": "staff"}}, ""),
    ({"values": {"summary": "x", "nonsense": 1}}, "nonsense"),
    ({"kind": "update", "target": {"collection": "equipment", "id": str(uuid4())}}, "deleted"),
    ({"kind": "update", "target": {"collection": "wards", "id": str(uuid4())}}, "Wards"),
    ({"kind": "create", "target": {"collection": "organisations"}}, "Organisations"),
    ({"kind": "work", "target": {"collection": "offices", "id": str(uuid4())}}, "Offices"),
    ({"kind": "route"}, "Place"),
    ({"kind": "route", "geometry": {"type": "LineString", "coordinates": [[34, 0]]}}, "two"),
)


def test_what_cannot_be_done_is_refused_in_words(technician: TestClient) -> None:
    usual = {"values": {"summary": "Broken"}}
    some = [operation(**({"kind": "fault"} | usual | members)) for members, _ in REFUSED]
    results = send(technician, *some, 7, {"id": "x"}, None)
    for (members, word), result in zip(REFUSED, results, strict=False):
        if members == {"values": {"summary": "x", "source": "rumour\u0000"}}:
            continue
        assert result["outcome"] == "refused", (members, result)
        assert word in result["why"], (members, result)
        assert result["what_to_do"]
    assert {each["outcome"] for each in results[len(REFUSED):]} == {"refused"}
    swahili = send(technician, *some, lang="sw")
    for here, there in zip(results, swahili, strict=False):
        assert here["why"] is None or here["why"] != there["why"]
    good = operation("fault", values={"summary": "Fine"})
    assert send(technician, operation("work"), good)[1]["outcome"] == "applied"


HOSTILE = (
    b"", b"[]", b"{", b'{"device": 1}', b"\xff\xfe", b"[" * 100_000,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    orjson.dumps(body(operation("fault"))).replace(b'"accuracy_m":null', b'"accuracy_m":NaN'),
    orjson.dumps(body()).replace(b'"operations"', b'"device":"two","operations"'),
    orjson.dumps(body(sent_at="now")), orjson.dumps(body(device="")),
    orjson.dumps(body(device="a\nb")), orjson.dumps(body(*[{}] * 101)),
    orjson.dumps(body(extra=1)), orjson.dumps({**body(), "operations": {}}),
)


def test_hostile_bodies_are_problems(technician: TestClient) -> None:
    told = {"content-type": "application/json"}
    for content in HOSTILE:
        answer = technician.post(OPERATIONS, content=content, headers=told)
        assert answer.status_code == 400, content[:80]
        assert answer.headers["content-type"] == "application/problem+json"
    large = orjson.dumps(body(operation("fault", values={"summary": "x" * 1_000_000})))
    assert technician.post(OPERATIONS, content=large, headers=told).status_code == 413
    assert technician.post(OPERATIONS, content=b"{}").status_code == 415


def test_only_staff_come_in(place: World, technician: TestClient) -> None:
    with place.clients() as public:
        nobody = public.get("/field/me").json()
        assert nobody.pop("server_time")
        assert nobody.pop("version")
        assert nobody == {"person": None, "role": None, "ward": None, "csrf": None}
        for path in ("wards", "wards/KSI-W-01", "words", "operations?ids=x"):
            answer = public.get(f"/field/{path}")
            assert answer.status_code == 401
            assert answer.headers["content-type"] == "application/problem+json"
        assert public.post(OPERATIONS, json=body()).status_code == 401
    me = technician.get("/field/me").json()
    assert (me["role"], me["csrf"]) == ("technician", None)


def test_a_ward_is_taken_along(technician: TestClient) -> None:
    wards = technician.get("/field/wards").json()["wards"]
    assert sum(each["nodes"] for each in wards) > 20
    ward = max(wards, key=lambda each: each["equipment"])
    answer = technician.get(f"/field/wards/{ward['code']}")
    package = answer.json()
    assert len(package["offices"]["rows"]) == ward["offices"]
    assert len(package["equipment"]["rows"]) >= ward["equipment"] > 0
    nodes = package["nodes"]
    ids = {row[0] for row in nodes["rows"]}
    assert len(ids) >= ward["nodes"]
    lon, lat = nodes["rows"][0][nodes["fields"].index("geometry")]
    assert 34 < lon < 35.5
    assert -1.5 < lat < 0
    links = {row[0] for row in package["links"]["rows"]}
    assert package["paths"]
    for node, path in package["paths"].items():
        assert node in ids
        assert set(path["links"]) <= links
    for name in ("nodes", "offices", "links", "equipment", "structures", "faults", "work"):
        table = package[name]
        assert all(len(row) == len(table["fields"]) for row in table["rows"])
    tag = answer.headers["etag"]
    assert not tag.startswith("W/")
    again = technician.get(f"/field/wards/{ward['code']}", headers={"if-none-match": tag})
    assert again.status_code == 304
    device = package["equipment"]["rows"][0][0]
    send(technician, operation("work", target={"collection": "equipment", "id": device},
                               values={"kind": "inspection"}))
    later = technician.get(f"/field/wards/{ward['code']}", headers={"if-none-match": tag})
    assert later.status_code == 200
    assert technician.get("/field/wards/none").status_code == 404
    words = technician.get("/field/words", params={"lang": "sw"}).json()
    assert words["checklists"]["repair"][0][1] == "Chanzo kimepatikana"
    for name in ("nodes", "offices", "equipment", "structures", "faults"):
        known = {"nodes": "network_nodes"}.get(name, name)
        titled = {field["name"] for field in words["collections"][known]["fields"]}
        assert set(package[name]["fields"]) <= titled | {"id", "geometry"}

"""Requests sent twice, at once, or many in one: carried out once, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.services import editing
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database
from gis_service.store.idempotency import sweep
from tests.conftest import Databases
from tests.editing import GEOJSON, NODES, PATCH, WHOLE, World, made, node, world


@pytest.fixture(scope="module")
def place(databases: Any, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        client.headers["accept-encoding"] = "identity"  # a compressed answer's tag is another
        yield client


def count(place: World, name: str) -> int:
    with place.database.begin() as connection:
        return int(
            connection.scalar(
                text("SELECT count(*) FROM gis.network_nodes WHERE name = :name"), {"name": name}
            )
            or 0
        )


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    """Results of calls that begin together, each in a thread of its own."""
    gate = threading.Barrier(times)

    def run(number: int) -> Any:
        gate.wait()
        return work(number)

    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(run, range(times)))


def test_of_two_writers_one_is_refused(planner: TestClient) -> None:
    for _ in range(5):
        at, etag = made(planner)
        headers = PATCH | {"If-Match": etag}

        def write(number: int, at: str = at, headers: dict[str, str] = headers) -> Any:
            body = {"properties": {"slack_m": number + 1}}
            return planner.patch(at, json=body, headers=headers)

        answers = at_once(write, 4)
        assert sorted(a.status_code for a in answers) == [204, 412, 412, 412]
        winner = [a.status_code for a in answers].index(204)
        properties = planner.get(at).json()["properties"]
        assert (properties["slack_m"], properties["version"]) == (winner + 1, 2)


def test_edits_without_a_condition_are_all_made(planner: TestClient) -> None:
    """Each of another field: none is lost, since a patch holds what it names alone."""
    at, _ = made(planner)
    address = {"streetAddress": "Here"}
    fields = {"slack_m": 1.5, "accuracy_m": 2.5, "address": address, "power": True}
    answers = at_once(
        lambda n: planner.patch(
            at, json={"properties": dict([list(fields.items())[n]])}, headers=PATCH
        ),
        len(fields),
    )
    assert {a.status_code for a in answers} == {204}, [a.text for a in answers]
    properties = planner.get(at).json()["properties"]
    assert {name: properties[name] for name in fields} == fields
    assert properties["version"] == 1 + len(fields)


def test_a_repeated_request_gets_the_same_answer(planner: TestClient, place: World) -> None:
    headers = WHOLE | {"Idempotency-Key": str(uuid4())}
    name = str(uuid4())
    first, second = (planner.post(NODES, json=node(name), headers=headers) for _ in range(2))
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for header in ("location", "etag", "last-modified", "content-type"):
        assert first.headers[header] == second.headers[header]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert count(place, name) == 1
    other = planner.post(NODES, json=node("Another"), headers=headers)
    assert other.status_code == 422
    assert count(place, "Another") == 0
    at = first.headers["location"]
    gone = {"Idempotency-Key": str(uuid4())}
    assert [planner.delete(at, headers=gone).status_code for _ in range(2)] == [204, 204]
    assert planner.post(NODES, json=node(), headers=GEOJSON | {"Idempotency-Key": "a b"}).is_error


def test_a_key_is_its_clients_own(place: World, planner: TestClient) -> None:
    headers = GEOJSON | {"Idempotency-Key": "shared-word"}
    with place.clients(audience=Audience.PLANNER) as other:
        mine = planner.post(NODES, json=node(), headers=headers)
        theirs = other.post(NODES, json=node(), headers=headers)
    assert mine.headers["location"] != theirs.headers["location"]


def test_what_was_refused_may_be_corrected(planner: TestClient) -> None:
    headers = GEOJSON | {"Idempotency-Key": str(uuid4())}
    assert planner.post(NODES, json=node(status="x"), headers=headers).status_code == 400
    assert planner.post(NODES, json=node(), headers=headers).status_code == 201


def test_repeated_at_once_it_is_carried_out_once(planner: TestClient, place: World) -> None:
    for _ in range(3):
        name = str(uuid4())
        headers = GEOJSON | {"Idempotency-Key": str(uuid4())}

        def send(_: int, name: str = name, headers: dict[str, str] = headers) -> Any:
            return planner.post(NODES, json=node(name), headers=headers)

        answers = at_once(send, 6)
        assert {a.status_code for a in answers} == {201}
        assert len({a.headers["location"] for a in answers}) == 1
        assert sum("idempotency-replayed" in a.headers for a in answers) == 5
        assert count(place, name) == 1


def test_an_answer_and_its_edit_are_kept_together(
    place: World, cluster: PrivateCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is cut before or after the answer is written; the client asks again."""
    name = str(uuid4())
    headers = GEOJSON | {"Idempotency-Key": str(uuid4())}
    keep = editing.keep_answer
    superuser = Database.at(cluster.url(str(place.database.url.database), SUPERUSER))

    def cut_before(connection: Any, request: Any, answer: Any) -> None:
        kill(connection)
        keep(connection, request, answer)

    def cut_after(connection: Any, request: Any, answer: Any) -> None:
        keep(connection, request, answer)
        kill(connection)

    def kill(connection: Any) -> None:
        backend = connection.scalar(text("SELECT pg_backend_pid()"))
        with superuser.begin() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})

    with place.clients(audience=Audience.PLANNER) as client:
        for cut in (cut_before, cut_after):
            monkeypatch.setattr(editing, "keep_answer", cut)
            assert client.post(NODES, json=node(name), headers=headers).status_code == 503
            assert count(place, name) == 0
        monkeypatch.setattr(editing, "keep_answer", keep)
        assert client.post(NODES, json=node(name), headers=headers).status_code == 201
        again = client.post(NODES, json=node(name), headers=headers)
        assert again.headers["idempotency-replayed"] == "true"
    assert count(place, name) == 1


def test_a_connection_is_kept_and_one_that_broke_is_not_used(
    place: World, databases: Databases
) -> None:
    """Each edit takes the one connection that is open; when it was cut, the next is a new one."""
    editors = text(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'gis-service' "
        "AND datname = current_database() AND usename LIKE '%planner'"
    )
    with databases.superuser(place.database) as connection:
        of_others = set(connection.scalars(editors))
    with place.clients(audience=Audience.PLANNER) as client:
        pids = []
        for turn in range(4):
            assert client.post(NODES, json=node(f"{turn}")).status_code == 201
            with databases.superuser(place.database) as connection:
                pids.append([p for p in connection.scalars(editors) if p not in of_others])
                if turn == 1:
                    for pid in pids[-1]:
                        connection.execute(
                            text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}
                        )
    assert [len(each) for each in pids] == [1] * 4
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_old_answers_do_not_count(planner: TestClient, place: World) -> None:
    name = str(uuid4())
    headers = GEOJSON | {"Idempotency-Key": str(uuid4())}
    planner.post(NODES, json=node(name), headers=headers)
    with place.database.begin() as connection:
        connection.execute(
            text("UPDATE internal.answers SET created_at = now() - interval '25 hours'")
        )
    again = planner.post(NODES, json=node(name), headers=headers)
    assert again.status_code == 201
    assert "idempotency-replayed" not in again.headers
    assert count(place, name) == 2
    with place.database.begin() as connection:
        connection.execute(sweep())
        left = connection.scalars(text("SELECT created_at > now() - interval '1 hour' "
                                       "FROM internal.answers")).all()
    assert left == [True]


def operation(method: str, collection: str = "network_nodes", **more: Any) -> dict[str, Any]:
    return {"method": method, "collection": collection, **more}


def link(start: str, end: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[34.77, -0.68], [34.78, -0.68]]},
        "properties": {"status": "planned", "start_node": start, "end_node": end},
    }


def test_a_batch_is_one_transaction(planner: TestClient, place: World) -> None:
    """A link may come before the nodes that it names, and go after them."""
    one, two, three = (str(uuid4()) for _ in range(3))
    at, etag = made(planner)
    old = at.rpartition("/")[2]
    batch = [
        operation("POST", "fibre_links", id=three, body=link(one, two)),
        operation("POST", id=one, body=node("One")),
        operation("POST", body=node("Two") | {"id": two}),
        operation("PATCH", id=old, body={"properties": {"name": "Old"}}, ifMatch=etag),
        operation("PUT", id=one, body=node("One again")),
    ]
    answer = planner.post("/batch", json=batch, headers={"Prefer": "return=representation"})
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert [r["status"] for r in results] == [201, 201, 201, 200, 200]
    assert [r["id"] for r in results] == [three, one, two, old, one]
    for result in results:
        seen = planner.get(f"/collections/{result['collection']}/items/{result['id']}")
        assert seen.headers["etag"] == result["etag"]
    with place.database.begin() as connection:
        transactions = connection.scalar(
            text(
                "SELECT count(DISTINCT transaction_id) FROM history.network_nodes "
                "WHERE id::text = ANY (:ids) AND name <> 'New mast'"
            ),
            {"ids": [one, two, old]},
        )
    assert transactions == 1
    gone = [operation("DELETE", id=one), operation("DELETE", id=two)]
    assert planner.post("/batch", json=gone).status_code == 409
    gone.append(operation("DELETE", "fibre_links", id=three))
    answer = planner.post("/batch", json=gone)
    assert [r["status"] for r in answer.json()["results"]] == [204, 204, 204]


def test_a_batch_with_faults_changes_nothing(planner: TestClient, place: World) -> None:
    at, etag = made(planner)
    id_ = at.rpartition("/")[2]
    taken = planner.get(at).json()["properties"]["external_id"]
    before = place.state()
    batch = [
        operation("POST", body=node("Good")),
        operation("POST", body=node(status="x", colour="red")),
        operation("DELETE", id=str(uuid4())),
        operation("PATCH", id=id_, body={"properties": {"name": "B"}}, ifMatch='"9-00"'),
        operation("POST", body=node(external_id=taken)),
        operation("POST", id=id_, body=node()),
        operation("POST", body={"type": "Feature"}),
        operation("PATCH", id=id_, body={"properties": {"name": "C"}}, ifMatch=etag),
    ]
    answer = planner.post("/batch", json=batch, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code == 400
    told = {o["index"]: o["status"] for o in answer.json()["operations"]}
    assert told == {1: 400, 2: 404, 3: 412, 4: 409, 5: 409, 6: 400}
    faults = {f["rule"] for f in answer.json()["operations"][0]["faults"]}
    assert faults == {"unknown-code", "unknown-property"}
    assert place.state() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ([], 400), ([1], 400), ([{}], 400), ([operation("GET")], 400),
        ([operation("POST", "nothing", body=node())], 404),
        ([operation("POST")], 400), ([operation("POST", body=[])], 400),
        ([operation("PUT", body=node())], 400), ([operation("DELETE", id=7)], 400),
        ([operation("DELETE", id=str(uuid4()), ifMatch=1)], 400),
        ([operation("POST", body=node(), role="admin")], 400),
        ([operation("DELETE", "work_log", id=str(uuid4()))], 405),
        ([operation("POST", body=node())] * 501, 400),
    ],
)
def test_a_batch_must_have_its_form(
    planner: TestClient, place: World, body: Any, status: int
) -> None:
    before = place.state()
    answer = planner.post("/batch", json=body)
    assert answer.status_code == status, answer.text
    assert place.state() == before


def test_a_batch_needs_every_right(place: World) -> None:
    fault = {
        "type": "Feature", "geometry": None,
        "properties": {"summary": "Cut", "started_at": "2026-11-01T08:00:00+03:00"},
    }
    with place.clients(audience=Audience.TECHNICIAN) as technician:
        before = place.state()
        mixed = [operation("POST", "faults", body=fault), operation("POST", body=node())]
        assert technician.post("/batch", json=mixed).status_code == 403
        assert place.state() == before
        answer = technician.post("/batch", json=mixed[:1])
        assert answer.status_code == 200, answer.text


def test_batches_in_each_others_way_are_all_made(planner: TestClient) -> None:
    """Two items in opposite orders: who waits in a circle begins anew."""
    ids = [made(planner)[0].rpartition("/")[2] for _ in range(2)]

    def both(number: int) -> int:
        order = ids if number % 2 else ids[::-1]
        batch = [
            operation("PATCH", id=id_, body={"properties": {"slack_m": number + 1}})
            for id_ in order
        ]
        return planner.post("/batch", json=batch).status_code

    assert set(at_once(both, 4)) == {200}
    found = [planner.get(f"{NODES}/{id_}").json()["properties"] for id_ in ids]
    assert found[0]["slack_m"] == found[1]["slack_m"]
    assert {f["version"] for f in found} == {5}

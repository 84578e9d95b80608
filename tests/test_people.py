"""People and keys at `/people`: for admins; to everybody else there is nothing there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.services.keys import create_key, list_keys, revoke_key
from gis_service.settings import Settings
from gis_service.store.acts import ACTS
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key

STAFF_ONLY = "/collections/equipment"
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Desk:
    """A service, its database, and an admin's key."""

    client: TestClient
    database: Database
    admin: str
    admin_id: str

    def ask(
        self, method: str, path: str, json: Any = None, *, key: str | None = None
    ) -> Any:
        headers = {"authorization": f"Bearer {key or self.admin}", "accept": "application/json"}
        return self.client.request(method, path, json=json, headers=headers)

    def acts(self, kind: str) -> list[Any]:
        with self.database.begin() as connection:
            found = connection.execute(select(ACTS).where(ACTS.c.kind == kind).order_by(ACTS.c.seq))
            return list(found.all())


@pytest.fixture(scope="module")
def desk(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[Desk]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    issued = create_key(database, role=Audience.ADMIN, name="Grace Kemunto")
    with client_of(addresses, settings) as client:
        yield Desk(client, database, issued.text.shown(), str(issued.record.person_id))
    databases.drop(database)


@pytest.mark.parametrize("role", [None, Audience.TECHNICIAN, Audience.PLANNER])
def test_to_others_it_looks_like_nothing(desk: Desk, role: Audience | None):
    key = None if role is None else new_key(desk.database, role, client=f"{role} {uuid4()}")
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    for method, path in (
        ("GET", "/people"), ("GET", f"/people/{desk.admin_id}"), ("GET", f"/people/{NOBODY}"),
        ("POST", "/people"), ("POST", f"/people/{desk.admin_id}/erase"),
        ("POST", f"/people/{desk.admin_id}/keys"),
        ("POST", f"/people/{desk.admin_id}/keys/k7m2p9qx/revoke"),
    ):
        answer = desk.client.request(method, path, headers=headers, json={"sure": "yes"})
        nothing = desk.client.request(method, "/nothing", headers=headers, json={"sure": "yes"})
        assert answer.status_code == 404
        told, other = answer.json(), nothing.json()
        assert told["detail"] == other["detail"].replace("/nothing", path)
        assert (told["type"], told["title"]) == (other["type"], other["title"])
        assert set(answer.headers) == set(nothing.headers)
    assert list_keys(desk.database)[0].person == "Grace Kemunto"


def test_a_key_is_made_used_replaced_and_revoked(desk: Desk, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    made = desk.ask("POST", "/people", {
        "name": "Jane Moraa", "contact": "0712 000 001", "role": "technician", "ward": "1301",
        "client": "phone-7", "expires": "90d",
    })
    assert made.status_code == 201
    assert made.headers["cache-control"] == "private, no-store"
    text_, person = made.json()["text"], made.json()["person"]
    assert made.headers["location"].endswith(f"/people/{person}")
    assert (made.json()["role"], made.json()["ward"]) == ("technician", "1301")
    assert desk.ask("GET", STAFF_ONLY, key=text_).status_code == 200

    one = desk.ask("GET", f"/people/{person}").json()
    assert (one["name"], one["contact"]) == ("Jane Moraa", "0712 000 001")
    (held,) = one["keys"]
    assert held["prefix"] == made.json()["prefix"]

    replaced = desk.ask("POST", f"/people/{person}/keys/{held['prefix']}/replace")
    assert replaced.status_code == 201
    second = replaced.json()["text"]
    for key in (text_, second):
        assert desk.ask("GET", STAFF_ONLY, key=key).status_code == 200
    third = desk.ask("POST", f"/people/{person}/keys/{held['prefix']}/replace")
    assert third.status_code == 409
    revoked = desk.ask("POST", f"/people/{person}/keys/{held['prefix']}/revoke")
    assert [key["state"] for key in revoked.json()["keys"]] == ["revoked", "live"]

    for secret in (text_, second):
        assert secret not in caplog.text
        for path in ("/people", f"/people/{person}"):
            answer = desk.ask("GET", path)
            assert secret not in answer.text
            assert answer.headers["cache-control"] == "private, no-store"
        with desk.database.begin() as connection:
            acts = connection.scalar(text("SELECT string_agg(a::text, ' ') FROM history.acts a"))
        assert secret.split("_")[2] not in acts
    assert "Jane" not in acts
    assert "0712" not in acts
    for kind in ("person-made", "key-made", "key-replaced", "key-revoked"):
        act = [each for each in desk.acts(kind) if str(each.subject_id) == person][-1]
        assert str(act.person_id) == desk.admin_id
        assert act.request_id


@pytest.mark.parametrize("body", [
    {"name": "X", "role": "public"},
    {"name": "X", "role": "owner"},
    {"name": "X", "role": "planner", "person_id": NOBODY},
    {"name": "X", "role": "planner", "expires": "yesterday"},
    {"name": "X", "role": "planner", "ward": "nowhere"},
    {"name": "X\nY", "role": "planner"},
    {"name": ["X"], "role": "planner"},
    {"role": "planner"},
    ["X"],
])
def test_what_is_no_key_is_not_made(desk: Desk, body: Any):
    before = len(list_keys(desk.database))
    assert desk.ask("POST", "/people", body).status_code == 400
    assert len(list_keys(desk.database)) == before


def test_one_person_s_key_is_not_another_s(desk: Desk):
    other = create_key(desk.database, role=Audience.PLANNER, name="Peter Onchiri").record
    for act in ("replace", "revoke"):
        path = f"/people/{desk.admin_id}/keys/{other.prefix}/{act}"
        assert desk.ask("POST", path).status_code == 404
    assert other.prefix in {k.prefix for k in list_keys(desk.database) if k.revoked_at is None}


def test_the_last_admin_cannot_be_locked_out(desk: Desk):
    prefix = desk.admin.split("_")[1]
    own = f"/people/{desk.admin_id}"
    assert desk.ask("POST", f"{own}/keys/{prefix}/revoke").status_code == 409
    assert desk.ask("POST", f"{own}/erase", {"sure": "yes"}).status_code == 409
    assert desk.ask("GET", own).json()["name"] == "Grace Kemunto"
    second = create_key(desk.database, role=Audience.ADMIN, name="Second", client="second")
    other = second.text.shown()
    assert desk.ask("POST", f"{own}/keys/{prefix}/replace", key=other).status_code == 201
    answer = desk.ask("POST", f"/people/{second.record.person_id}/erase", {"sure": "yes"})
    assert answer.status_code == 200
    assert answer.json()["name"] is None
    assert desk.acts("person-erased")[-1].details == {"keys": [second.record.prefix]}
    for key in list_keys(desk.database):
        if str(key.person_id) == desk.admin_id and key.prefix != prefix:
            revoke_key(desk.database, key.prefix)


def test_a_name_and_a_contact_are_corrected(desk: Desk):
    made = create_key(desk.database, role=Audience.PLANNER, name="Mary Bosibori", client="mary")
    path = f"/people/{made.record.person_id}"
    answer = desk.ask("POST", path, {"name": "Mary Bosibori Nyaboke", "contact": "020 1"})
    assert (answer.json()["name"], answer.json()["contact"]) == ("Mary Bosibori Nyaboke", "020 1")
    assert desk.ask("POST", path, {"name": "grace kemunto"}).status_code == 409
    assert desk.ask("POST", path, {"name": ""}).status_code == 400
    assert desk.ask("POST", f"{path}/erase", {}).status_code == 400
    assert desk.ask("POST", f"{path}/erase", {"sure": "yes"}).status_code == 200
    assert desk.ask("POST", path, {"name": "Mary"}).status_code == 409
    assert desk.ask("POST", f"{path}/keys", {"role": "planner"}).status_code == 409


def test_a_sign_in_is_written_down(desk: Desk):
    before = len(desk.acts("signed-in"))
    token = desk.client.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    answer = desk.client.post("/login", data={"csrf_token": token, "key": desk.admin})
    desk.client.cookies.clear()
    assert answer.status_code == 303
    (act,) = desk.acts("signed-in")[before:]
    assert str(act.person_id) == desk.admin_id
    assert act.details == {"key": desk.admin.split("_")[1], "role": "admin"}

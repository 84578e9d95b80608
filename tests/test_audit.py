"""The audit at `/audit`: complete, filtered, paged, exported, and not to be changed."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from starlette.testclient import TestClient

from gis_service.installation import Addresses
from gis_service.model.audience import Actor, Audience
from gis_service.model.collections import REGISTRY
from gis_service.services.keys import create_key, revoke_key
from gis_service.settings import Settings
from gis_service.store import audit as store
from gis_service.store.database import Database
from gis_service.store.history import TRANSACTIONS, history_table
from gis_service.store.roles import Login
from gis_service.web.audit import COLUMNS
from tests.conftest import Databases, client_of


@dataclass(frozen=True)
class Audited:
    """A service whose database knows what an admin, a planner and the owner did."""

    client: TestClient
    database: Database
    addresses: Addresses
    admin: str
    admin_id: str
    planner: str
    planner_id: str
    office: str

    def ask(self, path: str, key: str | None = None, **asked: Any) -> Any:
        headers = {"authorization": f"Bearer {key or self.admin}", "accept": "application/json"}
        return self.client.get(path, params=asked, headers=headers)

    def all(self, **asked: Any) -> list[dict[str, Any]]:
        """Every entry, a page after the other."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self.ask("/audit", **asked)
            assert answer.status_code == 200, answer.text
            document = answer.json()
            found += document["entries"]
            following = [each for each in document["links"] if each["rel"] == "next"]
            if not following:
                return found
            assert len(document["entries"]) <= int(asked.get("limit", 50))
            asked["cursor"] = following[0]["href"].split("cursor=")[1].split("&")[0]


@pytest.fixture(scope="module")
def audited(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[Audited]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    admin = create_key(database, role=Audience.ADMIN, name="=Grace")
    planner = create_key(database, role=Audience.PLANNER, name="Peter Onchiri")
    revoke_key(database, create_key(database, role=Audience.PLANNER, name="Gone").record.prefix)
    with database.begin(Actor(str(planner.record.person_id), "request-1")) as connection:
        office = str(connection.scalar(text(
            "UPDATE gis.offices SET name = name || ' (new)' WHERE id = "
            "(SELECT min(id::text)::uuid FROM gis.offices) RETURNING id"
        )))
        connection.execute(text("UPDATE gis.wards SET source = coalesce(source, '') || '!'"))
    with client_of(addresses, settings) as client:
        yield Audited(
            client, database, addresses, admin.text.shown(), str(admin.record.person_id),
            planner.text.shown(), str(planner.record.person_id), office,
        )
    databases.drop(database)


def test_every_version_is_in_the_audit_once(audited: Audited) -> None:
    entries = audited.all(limit=7)
    told: Counter[str] = Counter()
    for each in entries:
        if each["collection"]:
            told[each["collection"]] += each["inserted"] + each["updated"] + each["deleted"]
    with audited.database.begin() as connection:
        kept = {
            id_: connection.scalar(select(func.count()).select_from(history_table(each)))
            for id_, each in REGISTRY.items()
        }
    assert told == Counter({id_: count for id_, count in kept.items() if count})
    times = [each["at"] for each in entries]
    assert times == sorted(times, reverse=True)
    assert len({json.dumps(each, sort_keys=True) for each in entries}) == len(entries)


def test_small_windows_tell_the_same(audited: Audited, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = audited.all(limit=1000)
    monkeypatch.setattr(store, "WINDOW", 3)
    assert audited.all(limit=4) == whole


def test_it_is_narrowed(audited: Audited) -> None:
    (edit,) = audited.all(item=audited.office, person=audited.planner_id)
    assert (edit["kind"], edit["collection"], edit["updated"]) == ("edited", "offices", 1)
    assert (edit["person"], edit["request_id"]) == ("Peter Onchiri", "request-1")
    assert edit["item_id"] == audited.office

    theirs = audited.all(person=audited.planner_id)
    assert {each["collection"] for each in theirs} == {"offices", "wards"}
    loads = audited.all(kind="loaded", collection="offices")
    assert loads
    assert all(each["details"]["source"] for each in loads)
    assert {each["collection"] for each in loads} == {"offices"}
    made = audited.all(kind="key-made", person="owner")
    assert {each["subject"] for each in made} == {"=Grace", "Peter Onchiri", "Gone"}
    assert [each["subject"] for each in audited.all(kind="key-revoked")] == ["Gone"]
    assert audited.all(**{"to": "2020-01-31"}) == []
    assert audited.all(**{"from": "2030-01-01"}) == []
    assert audited.all(**{"from": "2020-01-01", "to": "2030-01-01"}, item=audited.office)


@pytest.mark.parametrize("asked", [
    {"person": "Peter"}, {"item": "1"}, {"kind": "x"}, {"collection": "x"}, {"from": "soon"},
    {"to": "1"}, {"cursor": "x"}, {"cursor": "WzFd"}, {"limit": "0"},
    {"other": "1"}, {"cursor": "WyIyMDI2LTAxLTAxIiwgMV0"},
])
def test_other_questions_are_refused(audited: Audited, asked: dict[str, str]) -> None:
    assert audited.ask("/audit", **asked).status_code == 400


def test_the_files_hold_all_and_no_formula(audited: Audited) -> None:
    answer = audited.ask("/audit.csv", kind="key-made")
    assert answer.headers["cache-control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == COLUMNS
    assert {row["subject"] for row in rows} == {"'=Grace", "Peter Onchiri", "Gone"}
    lines = audited.ask("/audit.jsonl").text.splitlines()
    shown = audited.all(limit=1000)
    entries = [json.loads(line) for line in lines]
    assert entries == [each for each in shown if each in entries]
    assert len(entries) >= len(shown) - 1
    taken = audited.all(kind="data-exported")
    assert [each["details"] for each in taken] == [
        {"what": "audit", "format": "jsonl"}, {"what": "audit", "format": "csv"}
    ]
    assert {each["person_id"] for each in taken} == {audited.admin_id}


def test_taking_data_away_is_written_down(audited: Audited) -> None:
    assert audited.ask("/collections/offices/items", audited.planner, f="csv").status_code == 200
    assert audited.client.get("/collections/offices/items?f=csv").status_code == 200
    assert audited.ask("/collections/offices/items", audited.planner, limit="5").status_code == 200
    (taken,) = audited.all(kind="data-exported", person=audited.planner_id)
    assert taken["details"] == {"what": "offices", "format": "csv"}


def test_only_admins_read_it(audited: Audited) -> None:
    for path in ("/audit", "/audit.csv", "/audit.jsonl"):
        assert audited.ask(path, audited.planner).status_code == 404
        assert audited.client.get(path).status_code == 404


@pytest.mark.parametrize("statement", [
    "UPDATE history.acts SET kind = 'x'",
    "UPDATE history.offices SET person_id = NULL",
    "SET gis.erasing = 'on'; UPDATE history.acts SET person_id = NULL",
    "SET gis.erasing = 'on'; UPDATE history.offices SET person_id = NULL",
    "DELETE FROM history.acts",
    "DELETE FROM history.transactions",
    "TRUNCATE history.acts",
    "ALTER TABLE history.acts DISABLE TRIGGER ALL",
    "DROP TABLE history.acts",
    "INSERT INTO history.acts (kind, at) VALUES ('x', 'epoch')",
    "SET ROLE gis_owner; DELETE FROM history.acts",
    "CREATE FUNCTION history.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
])
def test_no_login_changes_what_is_written(audited: Audited, statement: str) -> None:
    for login in audited.addresses.logins:
        own = Database.at(audited.addresses.logins[login])
        with own.engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.exec_driver_sql(statement)


@pytest.mark.parametrize("statement", [
    "UPDATE history.acts SET kind = 'x'", "DELETE FROM history.acts", "TRUNCATE history.acts",
    "SET gis.erasing = 'on'; DELETE FROM history.acts",
])
def test_not_even_the_owner_by_an_ordinary_statement(audited: Audited, statement: str) -> None:
    with audited.database.engine.connect() as connection, pytest.raises(ProgrammingError):
        connection.exec_driver_sql(statement)


def test_the_public_reads_no_audit(audited: Audited) -> None:
    for login in (Login.PUBLIC, Login.TECHNICIAN, Login.PLANNER, Login.GATE, Login.REPORTER):
        own = Database.at(audited.addresses.logins[login])
        with own.engine.connect() as connection, pytest.raises(ProgrammingError):
            connection.execute(text("SELECT kind FROM history.acts"))
    public = Database.at(audited.addresses.logins[Login.PUBLIC])
    with public.engine.connect() as connection, pytest.raises(ProgrammingError):
        connection.execute(select(TRANSACTIONS.c.committed_at))

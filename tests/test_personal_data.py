"""Personal data: the register, the notice, and what can be taken out and erased."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import func, insert, select, text
from starlette.testclient import TestClient

from gis_service.cli.writing import check_out, write_whole
from gis_service.model.audience import Actor, Audience
from gis_service.model.fields import LANGUAGES
from gis_service.model.personal_data import REGISTER, personal_fields
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from gis_service.store import personal_data
from gis_service.store.database import Database
from gis_service.store.history import METADATA_HISTORY
from gis_service.store.internal import ATTACHMENTS, METADATA_INTERNAL
from gis_service.store.people import carriers
from gis_service.store.published import published_collections
from gis_service.store.tables import METADATA
from tests.conftest import Databases, client_of


def test_the_register_names_places_that_there_are() -> None:
    list(carriers())  # declares the tables of history
    tables = {**METADATA_HISTORY.tables, **METADATA_INTERNAL.tables}
    columns = {f"{t.name}.{c.name}" for t in tables.values() for c in t.c}
    assert {place for each in REGISTER for place in each.places} <= columns


def test_no_personal_field_is_public_or_searched() -> None:
    found = {(collection.id, field.name) for collection, field in personal_fields()}
    assert {("offices", "contact"), ("faults", "reporter")} <= found
    for collection, field in personal_fields():
        assert not field.public, (collection.id, field.name)
        assert not field.searchable, (collection.id, field.name)
    named = {(c.id, f.name) for c in published_collections() for f in c.public_fields}
    assert not named & found


def test_the_notice_tells_the_whole_register_to_anybody(app_client: TestClient) -> None:
    told = app_client.get("/privacy?f=json").json()
    assert [each["id"] for each in told["kept"]] == [each.id for each in REGISTER]
    for language in LANGUAGES:
        page = app_client.get(f"/privacy?lang={language}", headers={"accept": "text/html"}).text
        shown = html.unescape(re.sub(r"\s+", " ", page))
        kept = app_client.get(f"/privacy?f=json&lang={language}").json()["kept"]
        for each in kept:
            for words in each.values():
                assert words == each["id"] or words in shown
                assert "{" not in words
        assert "odpc.go.ke" in shown
        for section in ("25", "26", "29", "30", "36", "38", "39", "40", "56"):
            assert re.search(rf"\b{section}\b", shown), section


PHONE = "0712 345 678"
MAIL = "zz.reporter@example.or.ke"


@pytest.mark.parametrize(("contact", "text", "is_found"), [
    (PHONE, "0712345678", True), (PHONE, "+254 712-345-678", True),
    (PHONE, "call 712345678!", True),
    ("+254712345678", PHONE, True), (PHONE, "0712 345 679", False),
    (MAIL, f"write to {MAIL.upper()}", True), (MAIL, "zz.reporter@example.or.ug", False),
    ("zz.reporter@example.or.ke", "zzxreporter@example.or.ke", False),
    ("Jane Moraa", "the house of jane  moraa", True), ("a+(b", "", None), ("12345", "", None),
])
def test_a_contact_is_found_however_it_is_written(
    contact: str, text: str, is_found: bool | None
) -> None:
    pattern = personal_data.pattern_of(contact)
    assert (pattern is None) == (is_found is None)
    if pattern is not None:
        assert bool(re.search(pattern, text, re.IGNORECASE)) is is_found


def counts(database: Database) -> dict[str, int]:
    """Rows of every table but those that grow with each act."""
    tables = {**METADATA.tables, **METADATA_HISTORY.tables, **METADATA_INTERNAL.tables}
    with database.begin() as connection:
        return {
            name: connection.scalar(select(func.count()).select_from(each)) or 0
            for name, each in tables.items()
            if name not in ("history.acts", "gis.collection_changes")
        }


@dataclass(frozen=True)
class Office:
    """A service whose map, reports and field work hold one contact in many places."""

    client: TestClient
    database: Database
    admin: str
    person: str

    def ask(self, path: str, json: Any) -> Any:
        headers = {"authorization": f"Bearer {self.admin}"}
        return self.client.post(path, json=json, headers=headers)

    def row(self, query: str) -> Any:
        with self.database.begin() as connection:
            return connection.execute(text(query)).one()


@pytest.fixture(scope="module")
def office(databases: Databases, sample_template: str, settings: Settings) -> Iterator[Office]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    admin = create_key(database, role=Audience.ADMIN, name="Grace").text.shown()
    worker = create_key(
        database, role=Audience.TECHNICIAN, name="Jane Moraa", contact=MAIL, client="jane's phone"
    ).record.person_id
    with database.begin(Actor(str(worker), "request-1")) as connection:
        connection.execute(text(
            "UPDATE gis.offices SET contact = 'Jane, +254712345678' WHERE id = "
            "(SELECT min(id::text)::uuid FROM gis.offices)"
        ))
    with database.begin(Actor(str(worker), "request-2")) as connection:
        connection.execute(text(
            "UPDATE gis.offices SET contact = '0712-345-678', extra = '{\"fundi\": "
            "[\"0712345678\", 712345678]}' WHERE contact = 'Jane, +254712345678'"
        ))
        connection.execute(text(
            "INSERT INTO internal.reports (reference, kind, description, place, contact, language, "
            "fingerprint) VALUES ('100000006', 'cable', 'Cut. Call 0712 345 678 at night', 'here', "
            "'0712345678', 'en', 'x')"
        ))
        connection.execute(
            text(
                "INSERT INTO internal.operations (device, person_id, content, role, "
                "content_sha256) VALUES ('jane''s phone', :who, :content, 'technician', 'x')"
            ),
            {"who": worker, "content": '{"reporter": "0712 345 678", "at": 34.712345678}'},
        )
        connection.execute(
            insert(ATTACHMENTS).values(
                collection="offices", item_id=worker, sha256="x", media_type="image/webp", bytes=4,
                person_id=worker, sent_sha256="x", content=b"webp",
            )
        )
    with client_of(addresses, settings) as client:
        yield Office(client, database, admin, str(worker))
    databases.drop(database)


def test_a_person_takes_out_all_that_is_kept(office: Office) -> None:
    answer = office.ask(f"/people/{office.person}/export", {})
    assert answer.headers["cache-control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = set(archive.namelist())
        told = json.loads(archive.read("person.json"))
        (photo,) = names - {"person.json"}
        assert archive.read(photo) == b"webp"
    assert (told["person"]["name"], told["person"]["contact"]) == ("Jane Moraa", MAIL)
    assert [key["client"] for key in told["keys"]] == ["jane's phone"]
    assert {each["request_id"] for each in told["did"]} == {"request-1", "request-2"}
    assert [each["device"] for each in told["operations"]] == ["jane's phone"]
    assert [each["kind"] for each in told["done_to_them"]] == ["person-made", "key-made"]
    assert len(told["photos"]) == 1
    assert "secret" not in answer.text
    kind, subject = office.row(
        "SELECT kind, subject_id FROM history.acts ORDER BY seq DESC LIMIT 1"
    )
    assert (kind, str(subject)) == ("person-exported", office.person)


def test_a_contact_is_erased_everywhere_and_history_stays_whole(
    office: Office, databases: Databases
) -> None:
    taken = office.ask("/people/contact", {"contact": PHONE, "act": "export"})
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        found = json.loads(archive.read("contact.json"))["found"]
    assert {each["place"] for each in found} == {
        "gis.offices.contact", "gis.offices.extra", "history.offices.contact",
        "history.offices.extra", "internal.reports.contact", "internal.reports.description",
        "internal.operations.content",
    }
    assert office.ask("/people/contact", {"contact": PHONE, "act": "erase"}).status_code == 400
    before = counts(office.database)
    erased = office.ask("/people/contact", {"contact": PHONE, "act": "erase", "sure": "yes"})
    assert erased.status_code == 200, erased.text
    assert erased.json()["erased"]["history.offices.contact"] == 2
    after = counts(office.database)
    versions = after.pop("history.offices") - before.pop("history.offices")
    written = after.pop("history.transactions") - before.pop("history.transactions")
    assert (versions, written) == (2, 1)
    assert after == before

    again = office.ask("/people/contact", {"contact": "+254712345678", "act": "export"})
    with zipfile.ZipFile(io.BytesIO(again.content)) as archive:
        assert json.loads(archive.read("contact.json"))["found"] == []
    # Not in any table, by a dump of them all; the numbers that only look alike are still there.
    with databases.superuser(office.database) as connection:
        for name in (*METADATA.tables, *METADATA_HISTORY.tables, *METADATA_INTERNAL.tables):
            rows = connection.scalar(text(
                f"SELECT count(*) FROM {name} t WHERE regexp_replace(t::text, '[ ()./-]', '', 'g') "
                "~ '(\\+254|\\m0)712345678'"
            ))
            assert rows == 0, name
    content, contact = office.row(
        "SELECT o.content, r.contact FROM internal.operations o, internal.reports r"
    )
    assert content == {"reporter": "(erased)", "at": 34.712345678}
    assert contact is None
    description, extra = office.row(
        "SELECT r.description, o.extra FROM internal.reports r, gis.offices o "
        "WHERE o.extra ? 'fundi'"
    )
    assert description == "Cut. Call (erased) at night"
    assert extra == {"fundi": ["(erased)", "(erased)"]}
    kind, details = office.row("SELECT kind, details FROM history.acts ORDER BY seq DESC OFFSET 1 "
                               "LIMIT 1")
    assert (kind, set(details)) == ("person-erased", {"rows"})


def test_a_contact_of_staff_is_found_and_erased_too(office: Office) -> None:
    erased = office.ask("/people/contact", {"contact": MAIL, "act": "erase", "sure": "yes"})
    assert erased.json()["erased"] == {"internal.people.contact": 1}
    assert office.row("SELECT name, contact FROM internal.people WHERE name ~ 'Jane'") == (
        "Jane Moraa", None
    )


def test_erasing_a_person_takes_the_names_of_their_devices(office: Office) -> None:
    answer = office.ask(f"/people/{office.person}/erase", {"sure": "yes"})
    assert answer.status_code == 200
    assert office.row("SELECT device, person_id::text FROM internal.operations") == (
        "erased", office.person
    )
    told = office.ask(f"/people/{office.person}/export", {})
    with zipfile.ZipFile(io.BytesIO(told.content)) as archive:
        assert b"Jane" not in archive.read("person.json")
        assert b"jane" not in archive.read("person.json")


@pytest.mark.parametrize("body", [
    {"contact": "a", "act": "export"}, {"contact": PHONE, "act": "look"}, {"act": "export"},
    {"contact": "line\nbreak 123456", "act": "export"}, {"contact": "1" * 300, "act": "export"},
])
def test_what_identifies_nobody_is_not_looked_for(office: Office, body: dict[str, str]) -> None:
    assert office.ask("/people/contact", body).status_code == 400


def test_a_file_of_personal_data_is_its_owners_alone(tmp_path: Path) -> None:
    out = tmp_path / "person.zip"
    write_whole(out, b"x", mode=0o600)
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (b"x", 0o600)
    with pytest.raises(click.UsageError, match="already"):
        check_out(out, force=False)

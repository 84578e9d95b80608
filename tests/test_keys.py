"""Keys: their text, how they are kept, and what they open."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import ProgrammingError

from gis_service.errors import Conflict, InvalidParameter, NotFound
from gis_service.model.audience import Actor, Audience
from gis_service.model.declarations.places import OFFICES
from gis_service.model.keys import KeyState, KeyText, holds_key, sha256
from gis_service.services.erasures import FILE, erase_again, note_erasure
from gis_service.services.keys import (
    create_key,
    first_key,
    list_keys,
    parse_expiry,
    revoke_key,
    rotate_key,
)
from gis_service.services.people import erase_person, list_people, show_person
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.history import history_table
from gis_service.store.internal import API_KEYS
from gis_service.store.roles import Login
from gis_service.store.tables import table
from tests.conftest import Databases, client_of, new_key, service_of

STAFF_ONLY = "/collections/equipment"
"""404 for the public, 200 for staff."""


# --- the text of a key -------------------------------------------------------------------------


def test_a_key_is_read_as_it_was_shown():
    key = KeyText.new()
    shown = key.shown()
    assert shown.startswith(f"gis_{key.prefix}_")
    assert len(shown) == len("gis_") + 8 + 1 + 43 + 6
    assert KeyText.read(shown) == key
    assert len({KeyText.new().secret for _ in range(50)}) == 50


def test_a_key_cut_short_or_changed_is_told_without_the_database():
    shown = KeyText.new().shown()
    changed = [shown[:-1], shown[1:], shown + "x", f" {shown}", shown.swapcase(), shown + "\n"]
    changed += [shown[:at] + ("a" if shown[at] != "a" else "b") + shown[at + 1:]
                for at in range(len(shown))]
    assert not [text for text in changed if KeyText.read(text)]


def test_a_key_does_not_show_its_secret_by_itself():
    key = KeyText.new()
    assert key.secret not in repr(key)
    assert key.secret not in f"{key}"


def test_a_key_is_noticed_in_a_text():
    shown = KeyText.new().shown()
    assert holds_key(f"/x/{shown}")
    assert holds_key(shown[:40])
    assert holds_key(shown.upper())
    assert not holds_key("gis_service, gis_owner and the offices of gis_municipality_of_kisii")


# --- making, listing, changing ------------------------------------------------------------------


def test_only_the_hash_is_stored(database: Database):
    issued = create_key(database, role=Audience.PLANNER, name="Jane Moraa", client="ipad-3")
    with database.begin() as connection:
        row = connection.execute(select(API_KEYS)).mappings().one()
        stored = connection.scalar(text("SELECT string_agg(k::text, '') FROM internal.api_keys k"))
    assert bytes(row["secret_sha256"]) == sha256(issued.text.secret)
    assert issued.text.secret not in stored
    assert issued.text.secret not in repr(issued)
    assert issued.text.secret not in repr(list_keys(database))


def test_a_person_is_made_once_and_used_again(database: Database):
    one = create_key(database, role=Audience.PLANNER, name="Jane  Moraa", client="desk")
    other = create_key(
        database, role=Audience.TECHNICIAN, name=" jane moraa ", client="phone", contact="0700 1"
    )
    assert one.record.person_id == other.record.person_id
    (person,) = list_people(database)
    assert (person.name, person.contact, person.live_keys) == ("Jane Moraa", "0700 1", 2)


def test_a_client_has_two_live_keys_and_no_third(database: Database):
    first = create_key(database, role=Audience.PLANNER, name="Jane", client="ipad-3")
    second, old = rotate_key(database, "ipad-3")
    assert old.prefix == first.record.prefix
    assert (second.record.role, second.record.client) == (Audience.PLANNER, "ipad-3")
    for make in (
        lambda: rotate_key(database, first.record.prefix),
        lambda: create_key(database, role=Audience.PLANNER, name="Jane", client="ipad-3"),
    ):
        with pytest.raises(Conflict, match="2 live keys") as refused:
            make()
        assert first.record.prefix in str(refused.value)
    revoke_key(database, first.record.prefix)
    third, old = rotate_key(database, "ipad-3")
    assert old.prefix == second.record.prefix
    assert [k.state for k in list_keys(database)] == ["revoked", "live", "live"]
    assert third.record.state is KeyState.LIVE


def test_two_at_once_do_not_make_a_third_key(database: Database):
    create_key(database, role=Audience.PLANNER, name="Jane", client="ipad-3")
    outcomes: list[object] = []

    def rotate() -> None:
        try:
            outcomes.append(rotate_key(database, "ipad-3"))
        except Conflict as error:
            outcomes.append(error)

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([o for o in outcomes if isinstance(o, Conflict)]) == 3
    assert len(list_keys(database)) == 2


def test_the_client_of_one_person_is_not_given_to_another(database: Database):
    create_key(database, role=Audience.PLANNER, name="Jane", client="ipad-3")
    with pytest.raises(Conflict, match="another person"):
        create_key(database, role=Audience.ADMIN, name="Otieno", client="ipad-3")
    assert [p.name for p in list_people(database)] == ["Jane"]


def test_a_rotated_key_lasts_as_long_as_the_old_one_did(database: Database):
    ends = datetime.now(UTC) + timedelta(days=30)
    create_key(database, role=Audience.PLANNER, name="Jane", expires_at=ends)
    new, _ = rotate_key(database, "Jane")
    assert new.record.expires_at is not None
    assert abs(new.record.expires_at - ends) < timedelta(minutes=1)


def test_revoking_knows_the_prefix_however_it_is_written(database: Database):
    issued = create_key(database, role=Audience.PLANNER, name="Jane")
    assert revoke_key(database, issued.text.shown()).state is KeyState.LIVE
    assert revoke_key(database, f"gis_{issued.record.prefix}").state is KeyState.REVOKED
    unknown = KeyText.new()
    for call in (revoke_key, rotate_key):
        with pytest.raises(NotFound) as refused:
            call(database, unknown.shown())
        assert unknown.prefix in str(refused.value)
        assert unknown.secret not in str(refused.value)


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x\x1b[31m", "n" * 201])
def test_a_name_is_one_printable_line(database: Database, name: str):
    with pytest.raises(InvalidParameter):
        create_key(database, role=Audience.PLANNER, name=name)
    assert list_people(database) == []


def test_a_ward_has_to_exist(sample_database: Database):
    with pytest.raises(InvalidParameter, match="ward"):
        create_key(sample_database, role=Audience.TECHNICIAN, name="Jane", ward="0000")
    with sample_database.begin() as connection:
        ward = connection.scalar(text("SELECT code FROM gis.wards ORDER BY code LIMIT 1"))
    made = create_key(sample_database, role=Audience.TECHNICIAN, name="Jane", ward=ward)
    assert made.record.ward == ward


def test_expiry_is_a_day_or_a_number_of_days():
    now = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert parse_expiry("90d", now=now) == now + timedelta(days=90)
    assert parse_expiry("2027-01-31", now=now) == datetime(2027, 2, 1, tzinfo=UTC)
    assert parse_expiry("2026-11-23", now=now) == datetime(2026, 11, 24, tzinfo=UTC)
    for wrong in ("", "90", "0d", "-1d", "99999d", "2026-11-22", "2027-02-30", "9999-12-31",
                  "tomorrow", "\u0669\u0660d", "2027-01-31T00:00"):
        with pytest.raises(InvalidParameter):
            parse_expiry(wrong, now=now)


def test_the_first_key_is_made_once(database: Database):
    issued = first_key(database)
    assert issued is not None
    assert issued.record.role is Audience.ADMIN
    assert first_key(database) is None
    revoke_key(database, issued.record.prefix)
    assert first_key(database) is None


# --- people -------------------------------------------------------------------------------------


def test_erasing_a_person_leaves_the_history(sample_database: Database):
    issued = create_key(
        sample_database, role=Audience.PLANNER, name="Jane Moraa", client="Jane's phone",
        contact="jane@example.org",
    )
    id_ = issued.record.person_id
    offices = table(OFFICES)
    with sample_database.begin(Actor(str(id_), "request-1")) as connection:
        connection.execute(update(offices).values(name=offices.c.name + " (new)"))
        changed = connection.scalar(select(func.count()).select_from(offices))
    person, mentions = show_person(sample_database, id_)
    counts = {mention.place: mention.rows for mention in mentions}
    assert person.name == "Jane Moraa"
    assert counts["history of offices"] == changed
    assert counts["api_keys"] == 1

    assert erase_person(sample_database, id_) == [issued.record.prefix]
    assert erase_person(sample_database, id_) == []
    person, mentions = show_person(sample_database, id_)
    assert (person.name, person.contact, person.live_keys) == (None, None, 0)
    assert person.erased_at is not None
    after = {m.place: m.rows for m in mentions}
    assert after.pop("acts") == counts.pop("acts") + 1
    assert after == counts
    with sample_database.begin() as connection:
        left = connection.scalar(text(
            "SELECT (SELECT string_agg(p::text, '') FROM internal.people p) || "
            "(SELECT string_agg(k::text, '') FROM internal.api_keys k)"))
    assert "Jane" not in left
    assert "jane" not in left


def test_a_new_person_of_an_erased_name_is_another(database: Database):
    one = create_key(database, role=Audience.PLANNER, name="Jane")
    erase_person(database, one.record.person_id)
    other = create_key(database, role=Audience.PLANNER, name="Jane")
    assert other.record.person_id != one.record.person_id


# --- who changes something ---------------------------------------------------------------------


def test_history_names_actor_and_request_of_each_transaction(sample_database: Database):
    person = "0b7e1f9e-58a5-4c6f-8a4e-2f1d0e6f7a10"
    offices, kept = table(OFFICES), history_table(OFFICES)
    one = select(offices.c.id).limit(1).scalar_subquery()
    change = update(offices).where(offices.c.id == one).values(name=offices.c.name + "!")
    with sample_database.begin(Actor(person, "request-7")) as connection:
        connection.execute(change)
        kept_open = connection.engine
    with kept_open.begin() as connection:
        connection.execute(change)
        rows = connection.execute(
            select(kept.c.person_id, kept.c.request_id)
            .where(kept.c.operation == "update").order_by(kept.c.seq)
        ).all()
    assert [(str(r.person_id), r.request_id) for r in rows] == [
        (person, "request-7"), ("None", None)
    ]


# --- what the database's logins may do with keys -----------------------------------------------


def test_only_gate_and_keeper_read_keys_sessions_or_people_whole(
    databases: Databases, database: Database
):
    addresses = databases.with_logins(database)
    create_key(database, role=Audience.PLANNER, name="Jane")
    reading: dict[str, set[Login]] = {"api_keys": set(), "sessions": set(), "people": set()}
    for login in addresses.logins:
        own = Database.at(addresses.logins[login])
        for name, readers in reading.items():
            with own.engine.connect() as connection:
                try:
                    connection.execute(text(f"SELECT * FROM internal.{name}"))
                except ProgrammingError:
                    continue
            readers.add(login)
    assert reading == {
        "api_keys": {Login.GATE}, "sessions": {Login.GATE}, "people": {Login.KEEPER}
    }


@pytest.mark.parametrize("statement", [
    "UPDATE internal.api_keys SET revoked_at = NULL",
    "UPDATE internal.api_keys SET role = 'admin'",
    "INSERT INTO internal.api_keys SELECT * FROM internal.api_keys",
    "DELETE FROM internal.api_keys",
    "UPDATE internal.sessions SET expires_at = 'infinity'",
    "TRUNCATE internal.sessions",
    "SELECT * FROM gis.offices",
])
def test_the_gate_may_not_change_keys_nor_read_data(
    databases: Databases, database: Database, statement: str
):
    gate = Database.at(databases.with_logins(database).logins[Login.GATE])
    with gate.engine.connect() as connection, pytest.raises(ProgrammingError, match="permission"):
        connection.execute(text(statement))


# --- requests ------------------------------------------------------------------------------------


@pytest.fixture
def site(databases: Databases, sample_database: Database, settings: Settings):
    with client_of(databases.with_logins(sample_database), settings) as client:
        yield client


def test_without_a_key_a_reader_is_the_public_also_on_this_machine(site):
    assert site.get(STAFF_ONLY).status_code == 404
    assert site.get("/collections/offices").status_code == 200


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_in_a_header_opens_what_its_role_may_see(
    site, sample_database: Database, header: str
):
    key = new_key(sample_database)
    shown = f"bearer  {key}" if header == "Authorization" else key
    answer = site.get(STAFF_ONLY, headers={header: shown})
    assert answer.status_code == 200
    assert "private" in answer.headers["cache-control"]
    assert {"Authorization", "X-API-Key", "Cookie"} <= set(answer.headers["vary"].split(", "))
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


def _faulty_keys(database: Database) -> dict[str, str]:
    live = new_key(database, client="live")
    revoked = create_key(database, role=Audience.PLANNER, name="r")
    revoke_key(database, revoked.record.prefix)
    expired = create_key(
        database, role=Audience.PLANNER, name="e",
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    with database.begin() as connection:
        connection.execute(
            update(API_KEYS).where(API_KEYS.c.prefix == expired.record.prefix)
            .values(expires_at=func.now() - text("interval '1 second'"))
        )
    other_secret = KeyText(KeyText.read(live).prefix, KeyText.new().secret)  # type: ignore[union-attr]
    return {
        "unknown": KeyText.new().shown(),
        "truncated": live[:-1],
        "without checksum": live[:-6],
        "secret of another": other_secret.shown(),
        "expired": expired.text.shown(),
        "revoked": revoked.text.shown(),
        "foreign": "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
        "over-long": "gis_" + "a" * 20_000,
        "unicode": "gis_ключ".encode().decode("latin-1"),
        "empty": "",
        "upper case": live.upper(),
        "sql": "gis_abcdefgh_' OR 1=1 --",
    }


def test_every_key_that_opens_nothing_is_refused_alike(site, sample_database: Database):
    answers = {}
    for name, key in _faulty_keys(sample_database).items():
        for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
            raw = {k: v.encode("latin-1") for k, v in headers.items()}
            answer = site.get("/collections/offices", headers=raw)
            problem = answer.json()
            problem.pop("instance")
            kept = {k: v for k, v in answer.headers.items() if k != "x-request-id"}
            answers[name, *headers] = (answer.status_code, problem, kept)
    first = next(iter(answers.values()))
    assert first[0] == 401
    assert first[2]["www-authenticate"] == "Bearer"
    assert first[2]["content-type"] == "application/problem+json"
    assert first[2]["cache-control"] == "no-store"
    assert {name for name, answer in answers.items() if answer != first} == set()


def test_two_different_keys_are_refused_and_other_schemes_are_not_ours(
    site, sample_database: Database
):
    one, other = new_key(sample_database), new_key(sample_database, client="b")
    both = {"Authorization": f"Bearer {one}", "X-API-Key": other}
    assert site.get(STAFF_ONLY, headers=both).status_code == 401
    assert site.get(STAFF_ONLY, headers={**both, "X-API-Key": one}).status_code == 200
    basic = {"Authorization": "Basic Z2lzOmdpcw=="}
    assert site.get("/collections/offices", headers=basic).status_code == 200


@pytest.mark.parametrize("address", [
    "/collections/offices?api_key={key}",
    "/collections/offices?API-KEY=x",
    "/collections/offices?access_token={key}",
    "/collections/offices?name={key}",
    "/?utm_source={key}&f=html",
    "/collections/{key}",
    "/static/{key}",
    "/health/ready?key={key}",
    "/login?next=/%3Fapi_key%3D{key}",
    "/collections/offices?%6Bey={key}",
])
def test_a_key_in_the_address_is_refused_and_goes_nowhere(
    site, sample_database: Database, caplog: pytest.LogCaptureFixture, address: str
):
    key = new_key(sample_database)
    secret = KeyText.read(key).secret  # type: ignore[union-attr]
    with caplog.at_level(logging.DEBUG):
        for accept in ("application/json", "text/html"):
            answer = site.get(address.format(key=key), headers={"Accept": accept})
            assert answer.status_code == 400
            assert "Authorization: Bearer" in answer.text
            assert secret not in answer.text
            assert secret not in str(answer.headers)
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("httpx")]
    assert not [message for message in ours if secret in message]


def test_a_failing_request_does_not_log_its_key(
    site, sample_database: Database, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    key = new_key(sample_database)

    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("gis_service.services.features.Features.collection", broken)
    with caplog.at_level(logging.DEBUG):
        answer = site.get(STAFF_ONLY, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 500
    assert "broken" in caplog.text
    assert key not in caplog.text
    assert KeyText.read(key).secret not in caplog.text  # type: ignore[union-attr]


def test_files_and_health_ask_nobody_who_they_are(site):
    for path in ("/health/live", "/static/gis.css"):
        answer = site.get(path, headers={"X-API-Key": "nonsense", "Cookie": "gis_session=x"})
        assert answer.status_code == 200
        assert "cookie" not in answer.headers.get("vary", "").lower()


def test_last_use_is_written_at_most_once_a_minute(site, sample_database: Database):
    def last_use() -> datetime | None:
        return list_keys(sample_database)[-1].last_used_at

    headers = {"Authorization": f"Bearer {new_key(sample_database)}"}
    assert last_use() is None
    assert site.get(STAFF_ONLY, headers=headers).status_code == 200
    _until(lambda: last_use() is not None)
    first = last_use()
    time.sleep(3.2)
    assert site.get(STAFF_ONLY, headers=headers).status_code == 200
    time.sleep(0.3)
    assert last_use() == first
    with sample_database.begin() as connection:
        connection.execute(
            update(API_KEYS).values(last_used_at=func.now() - text("interval '61 seconds'"))
        )
    time.sleep(3.2)
    site.get(STAFF_ONLY, headers=headers)
    _until(lambda: (last_use() or datetime.min.replace(tzinfo=UTC)) > first)


def test_a_revoked_key_is_refused_by_every_worker_within_5_seconds(
    databases: Databases, sample_template: str, home: Path
):
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    key = new_key(database)

    def status(address: str) -> int:
        request = urllib.request.Request(
            address + STAFF_ONLY, headers={"Authorization": f"Bearer {key}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    with service_of(database, home, "--workers", "2") as (address, process):
        _until(lambda: len(_answering(process.pid)) == 2)
        workers = _answering(process.pid)
        for worker in workers:
            with _stopped(set(workers) - {worker}):
                assert status(address) == 200
        revoked_at = time.monotonic()
        revoke_key(database, KeyText.read(key).prefix)  # type: ignore[union-attr]
        refused: set[int] = set()
        while refused != set(workers):
            for worker in workers:
                with _stopped(set(workers) - {worker}):
                    if status(address) == 401:
                        refused.add(worker)
            assert time.monotonic() < revoked_at + 5
        assert {status(address) for _ in range(20)} == {401}
    databases.drop(database)


def _answering(supervisor: int) -> list[int]:
    """Processes of a service that answer requests."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [
        int(child) for child in children
        if b"multiprocessing.spawn" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@contextmanager
def _stopped(processes: set[int]) -> Iterator[None]:
    """Hold processes still, so that others answer."""
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)


def _until(condition, *, within_s: float = 10) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_what_is_put_back_brings_nobody_back(database: Database, tmp_path: Path):
    """The list of erasures outlives a backup that is older; it names nobody."""
    gone = create_key(database, role=Audience.PLANNER, name="Gone Long Ago").record.person_id
    stays = create_key(database, role=Audience.PLANNER, name="Stays").record.person_id
    moment = datetime.now(UTC)
    nowhere = tmp_path / "not there"
    note_erasure((tmp_path, nowhere), gone)
    note_erasure((tmp_path, nowhere))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"at": "2026-11-2')  # a power cut
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
    assert "Gone" not in (tmp_path / FILE).read_text()
    again = erase_again(database, (nowhere, tmp_path, tmp_path), since=moment)
    assert (again.people, again.contacts) == ((gone,), 1)
    assert {p.id: p.name for p in list_people(database)} == {gone: None, stays: "Stays"}
    later = erase_again(database, (tmp_path,), since=datetime.now(UTC))
    assert (later.people, later.contacts) == ((), 0)

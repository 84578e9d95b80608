"""History: every change is there, once, with who and when; and the past can be rebuilt."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from gis_service.errors import InvalidInput, InvalidParameter, NotFound
from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.services.history import (
    difference,
    features_at,
    item_history,
    parse_time,
)
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.history import OWN, as_of, history_table
from gis_service.store.roles import Login, role_name
from gis_service.store.tables import table
from tests.changes import (
    VALUES,
    Transaction,
    beginnings,
    clear,
    item_id,
    network_id,
    prepare,
    prepared,
    run,
    transactions,
)
from tests.conftest import Databases

PERSON = UUID(int=77)
COMMAND = import_module("gis_service.cli.history")


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Database]:
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def session(world: Database) -> Iterator[Connection]:
    with world.engine.connect() as connection:
        yield connection


def _texts(rows: str, names: list[str]) -> str:
    return f"SELECT id, ROW({', '.join(names)})::text AS row FROM {rows}"


def _both(collection: Collection) -> str:
    """Rows of the table and of its history's latest versions, where they are not the same."""
    kept = [c.name for c in history_table(collection).c if c.name not in OWN]
    latest = (
        f"(SELECT DISTINCT ON (id) * FROM history.{collection.id} ORDER BY id, seq DESC) l "
        "WHERE operation <> 'delete'"
    )
    now, then = _texts(f"gis.{collection.id}", kept), _texts(latest, kept)
    return (
        f"SELECT '{collection.id}' AS collection, count(*) FROM ({now}) a FULL JOIN ({then}) b "
        "USING (id) WHERE a.row IS DISTINCT FROM b.row"
    )


REPLAY = " UNION ALL ".join(_both(REGISTRY[name]) for name in VALUES)


def not_replayed(connection: Connection) -> dict[str, int]:
    return {name: n for name, n in prepared(connection, "replay", REPLAY) if n}


def sizes(connection: Connection) -> dict[str, int]:
    counted = " UNION ALL ".join(f"SELECT '{n}', count(*) FROM history.{n}" for n in REGISTRY)
    return {name: n for name, n in connection.execute(text(counted))}  # noqa: C416


@settings(
    max_examples=200, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(beginning=beginnings(), sequence=st.lists(transactions(), min_size=1, max_size=4))
def test_replaying_history_rebuilds_the_tables(
    session: Connection, beginning: Transaction, sequence: list[Transaction]
) -> None:
    with session.begin():
        clear(session)
    for transaction in (beginning, *sequence):
        with session.begin():
            before = sizes(session)
        committed = run(session, transaction, lambda: None)
        with session.begin():
            assert not_replayed(session) == {}
            if not committed:
                assert sizes(session) == before


def rows(connection: Connection, statement: str, **values: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(statement), values)]


NODE = (
    "INSERT INTO gis.network_nodes (id, network_id, external_id, name, status, geom) VALUES "
    f"('{item_id('network_nodes', 0)}', '{network_id(1)}', 'n', 'Old', 'operational', "
    "ST_GeomFromText('POINT(34.77 -0.68)', 4326))"
)


def test_each_change_says_who_when_and_what(session: Connection) -> None:
    with session.begin():
        clear(session)
    steps = (
        NODE,
        "UPDATE gis.network_nodes SET name = 'New'",
        "DELETE FROM gis.network_nodes",
    )
    for number, step in enumerate(steps):
        with session.begin():
            if number:
                set_actor(session, Actor(str(PERSON), f"request-{number}"))
            session.execute(text(step))
    with session.begin():
        found = rows(
            session,
            "SELECT operation, name, person_id, request_id, committed_at - h.began_at < '1 min' "
            "FROM history.network_nodes h JOIN history.transactions USING (transaction_id) "
            "WHERE id = :id ORDER BY seq DESC LIMIT 3", id=item_id("network_nodes", 0),
        )
    assert found[::-1] == [
        ("insert", "Old", None, None, True),
        ("update", "New", PERSON, "request-1", True),
        ("delete", "New", PERSON, "request-2", True),
    ]


def test_an_update_that_changes_nothing_is_no_version(session: Connection) -> None:
    with session.begin() as work:
        clear(session)
        session.execute(text(NODE))
        before = sizes(session)
        session.execute(text("UPDATE gis.network_nodes SET name = name, slack_m = NULL"))
        assert sizes(session) == before
        session.execute(text("UPDATE gis.network_nodes SET extra = '{\"a\": 1}'"))
        session.execute(text("UPDATE gis.network_nodes SET extra = '{\"a\": 1.0}'"))
        assert sizes(session)["network_nodes"] == before["network_nodes"] + 2
        work.rollback()


def test_a_changed_id_ends_one_item_and_begins_another(session: Connection) -> None:
    with session.begin() as work:
        clear(session)
        session.execute(text(NODE))
        session.execute(text("UPDATE gis.network_nodes SET id = gen_random_uuid()"))
        found = rows(session, "SELECT operation FROM history.network_nodes ORDER BY seq DESC "
                              "LIMIT 2")
        assert found == [("insert",), ("delete",)]
        work.rollback()


@pytest.mark.parametrize("collection", REGISTRY.values(), ids=lambda c: c.id)
def test_every_collection_has_history(session: Connection, collection: Collection) -> None:
    """Each column is kept but the search text, and each kind of statement is recorded."""
    kept = {c.name for c in history_table(collection).c} - set(OWN)
    assert kept == {c.name for c in table(collection).c} - {"search_text", "tile_geom"}
    with session.begin():
        events = rows(
            session,
            "SELECT t.tgname FROM pg_trigger t WHERE tgrelid = to_regclass(:name) AND "
            "tgname LIKE 'b_history_%' AND tgenabled = 'O' ORDER BY 1",
            name=f"gis.{collection.id}",
        )
    assert events == [("b_history_delete",), ("b_history_insert",), ("b_history_update",)]


@pytest.mark.parametrize("statement", [
    "UPDATE history.roads SET name = 'x'",
    "DELETE FROM history.roads",
    "TRUNCATE history.roads",
    "UPDATE history.transactions SET committed_at = now()",
    "DELETE FROM history.transactions",
    "TRUNCATE gis.roads",
])
def test_not_even_the_owner_changes_history_by_an_ordinary_statement(
    session: Connection, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="only added to"), session.begin():
        session.execute(text(statement))


def test_no_login_writes_history(databases: Databases, world: Database) -> None:
    databases.with_logins(world)
    name = str(world.url.database)
    for login in Login:
        url = databases.cluster.url(name, role_name(name, login))
        for statement in (
            "INSERT INTO history.roads (id, operation, transaction_id) "
            "VALUES (gen_random_uuid(), 'insert', 1)",
            "UPDATE history.roads SET name = 'x'", "DELETE FROM history.roads",
            "TRUNCATE history.roads", "DROP TABLE history.roads",
            "ALTER TABLE history.roads DISABLE TRIGGER ALL",
            "ALTER TABLE gis.roads DISABLE TRIGGER ALL",
            "SET session_replication_role = replica",
            "DROP TRIGGER b_history_insert ON gis.roads",
        ):
            with (
                pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
                Database.at(url).begin() as connection,
            ):
                connection.execute(text(statement))


@pytest.fixture(scope="module")
def moments(world: Database) -> dict[str, datetime]:
    """The times at which a reader looked, between the steps that `TestTime` draws."""
    seen: dict[str, datetime] = {}

    def look(name: str) -> None:
        time.sleep(0.02)
        with world.begin() as connection:
            seen[name] = connection.scalar(text("SELECT clock_timestamp()"))
        time.sleep(0.02)

    with world.begin() as connection:
        clear(connection)
    look("nothing")
    with world.engine.connect() as one, world.engine.connect() as two:
        slow = one.begin()
        one.execute(text("SELECT 1"))
        with two.begin():
            two.execute(text(NODE))
            two.execute(text("UPDATE gis.network_nodes SET name = 'Early'"))
        look("early")
        one.execute(text("UPDATE gis.network_nodes SET name = 'Late', geom = "
                         "ST_GeomFromText('POINT(34.78 -0.68)', 4326)"))
        look("written")
        slow.commit()
    look("late")
    with world.begin() as connection:
        connection.execute(text("DELETE FROM gis.network_nodes"))
    look("gone")
    return seen


class TestTime:
    """
    What was true at a time is what a reader saw then: commits decide, not beginnings.

    one    |--began---------wrote 'Late'--------------committed--|
    two              |--wrote 'Early', committed--|
    """

    @pytest.mark.parametrize(("moment", "names"), [
        ("nothing", []), ("early", ["Early"]), ("written", ["Early"]), ("late", ["Late"]),
        ("gone", []),
    ])
    def test_a_reader_of_the_past_sees_what_was_committed(
        self, world: Database, moments: dict[str, datetime], moment: str, names: list[str]
    ) -> None:
        with world.begin() as connection:
            found = connection.execute(as_of(REGISTRY["network_nodes"], moments[moment])).all()
        assert [row.name for row in found] == names
        features = list(features_at(world, "network_nodes", moments[moment]))
        assert [properties["name"] for properties, _ in features] == names

    def test_the_difference_of_two_times(
        self, world: Database, moments: dict[str, datetime]
    ) -> None:
        def told(since: str, until: str) -> tuple[int, int, int]:
            found = difference(world, "network_nodes", moments[since], moments[until])
            return len(found.added), len(found.changed), len(found.removed)

        assert told("nothing", "early") == (1, 0, 0)
        assert told("early", "written") == (0, 0, 0)
        assert told("late", "gone") == (0, 0, 1)
        assert told("nothing", "gone") == (0, 0, 0)
        changed = difference(world, "network_nodes", moments["early"], moments["late"]).changed
        assert [(c.field, c.old, c.new) for c in changed[0].changes] == [("name", "Early", "Late")]
        assert changed[0].shape is not None
        # A hundredth of a degree of longitude here: 111,319.49 m x cos(0.68 deg) / 100.
        assert changed[0].shape.moved_m == pytest.approx(1113.12, abs=0.1)

    def test_the_second_time_is_the_later(
        self, world: Database, moments: dict[str, datetime]
    ) -> None:
        with pytest.raises(InvalidParameter):
            difference(world, "network_nodes", moments["gone"], moments["gone"])


@pytest.mark.parametrize(("ahead", "followed"), [(60, True), (86_400, False)])
def test_times_of_commits_rise_although_the_clock_is_set_back(
    database: Database, ahead: int, followed: bool
) -> None:
    """By minutes, that is: what a clock said that was a day fast is not believed for a day."""
    before = datetime.now(UTC) + timedelta(seconds=ahead)
    with database.begin() as connection:
        connection.execute(text("UPDATE gis.collection_versions SET changed_at = :at "
                                "WHERE collection = 'roads'"), {"at": before})
    with database.begin() as connection:
        connection.execute(text(
            "INSERT INTO gis.roads (external_id, geom) VALUES ('ahead', "
            "ST_GeomFromText('LINESTRING(34.7 -0.7, 34.8 -0.6)', 4326))"))
    with database.begin() as connection:
        stamp = connection.scalar(text(
            "SELECT committed_at FROM history.roads JOIN history.transactions "
            "USING (transaction_id, began_at) WHERE external_id = 'ahead'"))
    assert (stamp == before) is followed


def test_commits_of_many_writers_are_stamped_in_their_order(world: Database) -> None:
    """Each writer sees the counter that the commit before it left, so times rise with it."""
    with world.begin() as connection:
        clear(connection)
        connection.execute(text(NODE.replace("'Old'", "'0'")))

    def write() -> None:
        with world.engine.connect() as connection:
            for _ in range(15):
                with connection.begin():
                    connection.execute(text(
                        "UPDATE gis.network_nodes SET name = (name::integer + 1)::text"))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with world.begin() as connection:
        found = rows(
            connection,
            "SELECT name::integer FROM history.network_nodes JOIN history.transactions "
            "USING (transaction_id, began_at) WHERE operation = 'update' AND id = :id "
            "AND name ~ '^[0-9]+$' ORDER BY committed_at", id=item_id("network_nodes", 0),
        )
    assert [n for (n,) in found] == list(range(1, 61))


@pytest.mark.parametrize(("written", "meant"), [
    ("2026-03-01", datetime(2026, 2, 28, 21, tzinfo=UTC)),
    ("2026-03-01T12:00", datetime(2026, 3, 1, 9, tzinfo=UTC)),
    ("2026-03-01 12:00:30", datetime(2026, 3, 1, 9, 0, 30, tzinfo=UTC)),
    ("2026-03-01T12:00Z", datetime(2026, 3, 1, 12, tzinfo=UTC)),
    ("2026-03-01T12:00+05:30", datetime(2026, 3, 1, 6, 30, tzinfo=UTC)),
])
def test_times_without_a_zone_are_kenyas(written: str, meant: datetime) -> None:
    assert parse_time(written, now=datetime(2027, 1, 1, tzinfo=UTC)) == meant


@pytest.mark.parametrize("written", ["", "yesterday", "2026-13-01", "0001-01-01", "2027-01-02"])
def test_other_times_are_refused(written: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_time(written, now=datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def told(databases: Databases, world: Database) -> Database:
    """A node with a life, seen by the login that the command uses."""
    databases.with_logins(world)
    with world.begin() as connection:
        clear(connection)
        connection.execute(text(
            "INSERT INTO internal.people (id, name) VALUES (:id, 'Jane Moraa') "
            "ON CONFLICT DO NOTHING"), {"id": PERSON})
    with world.begin() as connection:
        set_actor(connection, Actor(str(PERSON), "load-1"))
        connection.execute(text(NODE.replace("'n'", "'K-1'").replace(
            str(item_id("network_nodes", 0)), str(item_id("network_nodes", 9)))))
    with world.begin() as connection:
        connection.execute(text(
            "UPDATE gis.network_nodes SET name = E'Evil\\x1b[31m', "
            "geom = ST_GeomFromText('POINT(34.78 -0.68)', 4326)"))
    name = str(world.url.database)
    return Database.at(databases.cluster.url(name, role_name(name, Login.ADMIN)))


class TestCommand:
    @pytest.fixture
    def say(self, told: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
        from contextlib import contextmanager  # noqa: PLC0415

        @contextmanager
        def opened(*_: object) -> Iterator[Database]:
            yield told

        monkeypatch.setattr(COMMAND, "open_database", opened)

        def run_it(*arguments: str) -> str:
            result = CliRunner().invoke(COMMAND.history, arguments, catch_exceptions=False)
            assert result.exit_code == 0, result.output
            return result.output

        return run_it

    def test_an_item_is_told_for_people(self, say: Callable[..., str]) -> None:
        told = say("network_nodes", "K-1")
        assert "insert  Jane Moraa" in told
        assert "request load-1" in told
        assert "update  -" in told
        assert "name: Old -> Evil\N{REPLACEMENT CHARACTER}[31m" in told
        assert "geometry: moved 1,113.1 m" in told
        assert told.count("EAT") == 2
        assert "\x1b[31m" not in told

    def test_by_its_id_and_as_json(self, say: Callable[..., str]) -> None:
        told = json.loads(say("network_nodes", str(item_id("network_nodes", 9)), "--json"))
        assert [v["operation"] for v in told["versions"]] == ["insert", "update"]
        assert told["versions"][0]["person"] == "Jane Moraa"

    def test_an_erased_person(self, say: Callable[..., str], world: Database) -> None:
        with world.begin() as connection:
            connection.execute(text(
                "UPDATE internal.people SET name = NULL, erased_at = now() WHERE id = :id"),
                {"id": PERSON})
        assert "insert  erased" in say("network_nodes", "K-1")

    def test_a_state_is_written_as_geojson(
        self, say: Callable[..., str], tmp_path: Path
    ) -> None:
        out = tmp_path / "then.geojson"
        now = datetime.now(UTC).isoformat()
        assert "1 network_nodes" in say("network_nodes", "--at", now, "--out", str(out))
        written = json.loads(out.read_text())
        assert written["type"] == "FeatureCollection"
        assert written["features"][0]["geometry"]["coordinates"] == [34.78, -0.68]
        assert written["features"][0]["properties"]["external_id"] == "K-1"
        assert "0 network_nodes" in say("network_nodes", "--at", "2026-01-01")

    def test_a_difference(self, say: Callable[..., str]) -> None:
        now = datetime.now(UTC).isoformat()
        told = say("network_nodes", "--between", "2026-01-01", now)
        assert "1 added" in told
        assert "0 removed" in told

    @pytest.mark.parametrize("arguments", [
        ("network_nodes",), ("network_nodes", "K-1", "--at", "2026-01-01"),
        ("network_nodes", "K-1", "--out", "x"),
    ])
    def test_questions_that_are_none(self, arguments: tuple[str, ...]) -> None:
        assert CliRunner().invoke(COMMAND.history, arguments).exit_code == 2

    def test_items_that_never_were(self, told: Database) -> None:
        for item in ("nothing", str(UUID(int=1))):
            with pytest.raises(NotFound):
                item_history(told, "network_nodes", item)

    def test_an_identifier_that_several_had(self, told: Database, world: Database) -> None:
        with world.begin() as connection:
            connection.execute(text("DELETE FROM gis.network_nodes"))
            connection.execute(text(NODE.replace("'n'", "'K-1'").replace(
                str(item_id("network_nodes", 0)), str(item_id("network_nodes", 8)))))
        with pytest.raises(InvalidInput, match="Several"):
            item_history(told, "network_nodes", "K-1")

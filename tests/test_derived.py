"""Values computed from other rows: an office's ward, and the state of a certification."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from sqlalchemy import Connection, select, text

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.store.database import Database
from gis_service.store.readable import readable
from tests.changes import item_id, network_id, prepare
from tests.conftest import Databases


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Database]:
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
    yield made
    databases.drop(made)


@pytest.fixture
def session(world: Database) -> Iterator[Connection]:
    """A transaction that is undone at the end."""
    with world.engine.connect() as connection:
        begun = connection.begin()
        yield connection
        begun.rollback()


def ward(connection: Connection, code: str, west: float, east: float) -> None:
    connection.execute(
        text("INSERT INTO gis.wards (code, name, geom) VALUES (:code, :code, "
             "ST_Multi(ST_MakeEnvelope(:west, 0, :east, 1, 4326)))"),
        {"code": code, "west": west, "east": east},
    )


def office(connection: Connection, slot: int, longitude: float, **values: str) -> None:
    extra = "".join(f", {name}" for name in values)
    bound = "".join(f", :{name}" for name in values)
    connection.execute(
        text("INSERT INTO gis.offices (id, network_id, external_id, name, office_type, connection,"
             f" geom{extra}) VALUES (:id, :network, :key, 'O', 'ward', 'connected', "
             f"ST_SetSRID(ST_MakePoint(:longitude, 0.5), 4326){bound})"),
        {"id": item_id("offices", slot), "network": network_id(1), "key": str(slot),
         "longitude": longitude} | values,
    )


def wards_of(connection: Connection) -> list[str | None]:
    return list(connection.scalars(text("SELECT ward FROM gis.offices ORDER BY external_id")))


class TestWard:
    """
    Two wards side by side and four offices.

    34      B     35      A     36
    |    0        1       2     |      3
    """

    @pytest.fixture
    def town(self, session: Connection) -> Connection:
        ward(session, "B", 34, 35)
        ward(session, "A", 35, 36)
        for slot, longitude in enumerate((34.4, 35.0, 35.5, 36.5)):
            office(session, slot, longitude)
        return session

    def test_inside_on_the_edge_and_outside(self, town: Connection) -> None:
        """On the edge of both it is the one whose code comes first."""
        assert wards_of(town) == ["B", "A", "A", None]

    def test_an_office_that_moves(self, town: Connection) -> None:
        town.execute(text("UPDATE gis.offices SET geom = ST_SetSRID(ST_MakePoint(34.1, 0.5), 4326)"
                          " WHERE external_id = '3'"))
        assert wards_of(town) == ["B", "A", "A", "B"]

    def test_a_ward_that_moves_takes_and_leaves_offices(self, town: Connection) -> None:
        town.execute(text("UPDATE gis.wards SET geom = ST_Translate(geom, 1, 0)"))
        assert wards_of(town) == [None, "B", "B", "A"]

    def test_a_ward_that_goes_and_one_that_comes(self, town: Connection) -> None:
        town.execute(text("DELETE FROM gis.wards WHERE code = 'A'"))
        assert wards_of(town) == ["B", "B", None, None]
        ward(town, "C", 35.2, 37)
        assert wards_of(town) == ["B", "B", "C", "C"]

    def test_a_new_code(self, town: Connection) -> None:
        town.execute(text("UPDATE gis.wards SET code = 'Z' WHERE code = 'A'"))
        assert wards_of(town) == ["B", "B", "Z", None]

    def test_other_changes_of_wards_touch_no_office(self, town: Connection) -> None:
        before = town.execute(text("SELECT id, version FROM gis.offices ORDER BY 1")).all()
        town.execute(text("UPDATE gis.wards SET population = 7, name = 'N'"))
        assert town.execute(text("SELECT id, version FROM gis.offices ORDER BY 1")).all() == before

    def test_only_offices_whose_ward_changed_are_touched(self, town: Connection) -> None:
        town.execute(text("DELETE FROM gis.wards WHERE code = 'A'"))
        versions = town.scalars(text("SELECT version FROM gis.offices ORDER BY external_id"))
        assert list(versions) == [1, 2, 2, 1]

    def test_nobody_writes_it_by_hand(self, town: Connection) -> None:
        office(town, 4, 34.2, ward="invented")
        town.execute(text("UPDATE gis.offices SET ward = 'invented'"))
        assert wards_of(town) == ["B", "A", "A", None, "B"]

    def test_faults_have_wards_too_and_none_without_a_place(self, town: Connection) -> None:
        for point in ("ST_SetSRID(ST_MakePoint(34.5, 0.5), 4326)", "NULL"):
            town.execute(text("INSERT INTO gis.faults (network_id, summary, started_at, geom) "
                              f"VALUES ('{network_id(1)}', 'F', now(), {point})"))
        assert set(town.scalars(text("SELECT ward FROM gis.faults"))) == {"B", None}

    def test_an_office_and_a_ward_that_change_at_once_see_each_other(
        self, world: Database
    ) -> None:
        """The office comes first and commits last; the ward waits for it."""
        with world.engine.connect() as one, world.engine.connect() as two:
            placing, moving = one.begin(), two.begin()
            office(one, 0, 34.4)
            office_free = threading.Thread(target=ward, args=(two, "N", 34, 35))
            office_free.start()
            office_free.join(0.5)
            assert office_free.is_alive()
            placing.commit()
            office_free.join(20)
            moving.commit()
        with world.begin() as connection:
            assert wards_of(connection) == ["N"]
            connection.execute(text("DELETE FROM gis.offices"))
            connection.execute(text("DELETE FROM gis.wards"))

    def test_offices_do_not_wait_for_each_other(self, world: Database) -> None:
        with world.engine.connect() as one, world.engine.connect() as two:
            begun = one.begin(), two.begin()
            two.execute(text("SET LOCAL lock_timeout = '1s'"))
            office(one, 0, 34.4)
            office(two, 1, 34.4)
            for each in begun:
                each.rollback()


TODAY = date(2026, 11, 23)
EQUIPMENT = item_id("equipment", 0)
ZONES = ("UTC", "Africa/Nairobi", "America/Los_Angeles")


def certify(connection: Connection, at: str, result: str | None, kind: str) -> None:
    connection.execute(
        text("INSERT INTO gis.work_log (network_id, kind, equipment, occurred_at, result) "
             "VALUES (:network, :kind, :equipment, :at, :result)"),
        {"network": network_id(1), "kind": kind, "equipment": EQUIPMENT, "at": at,
         "result": result},
    )


def state(connection: Connection) -> tuple[str, date | None]:
    source = readable(REGISTRY["equipment"], Audience.ADMIN)
    row = connection.execute(
        select(source.c.certification, source.c.certification_due_on)
    ).one()
    return row[0], row[1]


def ago(days: int) -> str:
    return f"{TODAY - timedelta(days=days)}T09:00+03:00"


@pytest.fixture
def device(session: Connection) -> Connection:
    session.execute(
        text("INSERT INTO gis.equipment (id, network_id, asset_tag, category, lifecycle, "
             "certification_interval_months) VALUES (:id, :network, 'A', 'router', 'inService', "
             "12)"),
        {"id": EQUIPMENT, "network": network_id(1)},
    )
    # The calendar of the tests: PostgreSQL finds this now() before its own.
    session.execute(text("CREATE SCHEMA clock"))
    session.execute(text(
        "CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS "
        "$$ SELECT coalesce(nullif(current_setting('clock.now', true), ''), "
        f"'{TODAY}T10:00+03:00')::timestamptz $$"))
    session.execute(text("SET LOCAL search_path = clock, pg_catalog, public"))
    return session


# Twelve months after the day; today is 23 November 2026.
@pytest.mark.parametrize(("events", "expected"), [
    ([], ("never", None)),
    ([("2026-11-01T09:00+03:00", "passed")], ("valid", date(2027, 11, 1))),
    ([("2025-12-24T09:00+03:00", "passed")], ("valid", date(2026, 12, 24))),   # in 31 days
    ([("2025-12-23T09:00+03:00", "passed")], ("due", date(2026, 12, 23))),     # in 30 days
    ([("2025-11-23T09:00+03:00", "passed")], ("due", date(2026, 11, 23))),     # today
    ([("2025-11-22T09:00+03:00", "passed")], ("overdue", date(2026, 11, 22))),
    ([("2026-11-01T09:00+03:00", "failed")], ("failed", None)),
    ([(ago(400), "passed"), (ago(3), "failed")], ("failed", None)),
    ([(ago(400), "failed"), (ago(0), "passed")], ("valid", date(2027, 11, 23))),
    ([(ago(5), "notDone"), (ago(4), None)], ("never", None)),
    ([("2024-02-29T09:00+03:00", "passed")], ("overdue", date(2025, 2, 28))),
])
@pytest.mark.parametrize("zone", ZONES)
def test_states_of_a_certification(
    device: Connection, events: list[tuple[str, str | None]],
    expected: tuple[str, date | None], zone: str,
) -> None:
    device.execute(text(f"SET LOCAL timezone = '{zone}'"))
    for at, result in events:
        certify(device, at, result, "certification")
    certify(device, ago(1), "failed", "inspection")
    assert state(device) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_days_are_kenyas(device: Connection, zone: str) -> None:
    """
    Certified at half past one on 1 February in Kenya, while UTC still has January;
    looked at when Kenya has 2 February 2027, and UTC the 1st.
    """
    device.execute(text(f"SET LOCAL timezone = '{zone}'"))
    certify(device, "2026-02-01T01:30+03:00", "passed", "certification")
    device.execute(text("SET LOCAL clock.now = '2027-02-02T01:00+03:00'"))
    assert state(device) == ("overdue", date(2027, 2, 1))


def test_without_an_interval_it_stays_valid(device: Connection) -> None:
    device.execute(text("UPDATE gis.equipment SET certification_interval_months = NULL"))
    certify(device, "2001-01-01T00:00Z", "passed", "certification")
    assert state(device) == ("valid", None)

"""What a process knows of changes: versions, items and boxes, for the public and for staff."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, text

from gis_service.installation import Addresses
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.touching import TOUCH_LIMIT
from gis_service.store.versions import KEPT_CHANGES
from tests.changes import POINTS, item_id, network_id, prepare
from tests.conftest import Databases, kept_open

NODES = "network_nodes"


@pytest.fixture
def world(databases: Databases, database: Database) -> Database:
    databases.with_logins(database)
    with database.begin() as connection:
        prepare(connection)
    return database


@asynccontextmanager
async def heard(databases: Databases, world: Database) -> AsyncIterator[Changes]:
    """Changes as a service hears them."""
    addresses: Addresses = databases.with_logins(world)
    async with (
        Reader.open(addresses.logins, pool_size=2, statement_timeout_s=5) as reader,
        Changes.open(reader, addresses.logins[Login.PUBLIC]) as changes,
    ):
        await until(lambda: changes.is_live)
        yield changes


async def until(true: Callable[[], bool]) -> None:
    """Wait until something holds, at most the second in which every worker hears of a change."""
    for _ in range(100):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not become true within a second")


def put(connection: Connection, slot: int, *, point: str = POINTS[0], status: str) -> None:
    connection.execute(
        text(
            "INSERT INTO gis.network_nodes (id, network_id, name, status, visibility, geom) "
            "VALUES (:id, :network, 'N', :status, 'public', ST_GeomFromText(:point, 4326)) "
            "ON CONFLICT (id) DO UPDATE SET status = excluded.status, geom = excluded.geom"
        ),
        {"id": item_id(NODES, slot), "network": network_id(1), "status": status, "point": point},
    )


def follow(
    databases: Databases, world: Database, work: Callable[[Changes], Awaitable[None]]
) -> None:
    async def all_of_it() -> None:
        async with heard(databases, world) as changes:
            await work(changes)

    asyncio.run(all_of_it())


def number(changes: Changes, *, staff: bool) -> int:
    version = changes.version(NODES, staff=staff)
    assert version is not None
    return version.number


def test_an_edit_is_heard_with_its_item_and_its_boxes_before_and_after(
    databases: Databases, world: Database
) -> None:
    async def work(changes: Changes) -> None:
        with world.begin() as connection:
            put(connection, 1, status="operational")
        await until(lambda: number(changes, staff=True) == 1)
        with world.begin() as connection:
            put(connection, 1, status="operational", point="POINT(34.90 -0.75)")
        await until(lambda: number(changes, staff=True) == 2)
        await until(lambda: number(changes, staff=False) == 2)
        for staff, near in ((True, 1e-9), (False, 0.001)):
            [change] = changes.since(NODES, 1, staff=staff) or ()
            assert change.items == (item_id(NODES, 1),)
            found = sorted(changes.boxes_since(NODES, 1, staff=staff) or [])
            assert len(found) == 2
            for box, (lon, lat) in zip(found, [(34.7701, -0.6801), (34.90, -0.75)], strict=True):
                assert box == pytest.approx((lon, lat, lon, lat), abs=near)
        assert changes.since(NODES, 2, staff=True) == ()
        assert changes.since(NODES, 3, staff=True) is None

    follow(databases, world, work)


def test_the_public_hears_nothing_of_what_it_may_not_see(
    databases: Databases, world: Database
) -> None:
    async def work(changes: Changes) -> None:
        with world.begin() as connection:
            put(connection, 1, status="proposed")
        await until(lambda: number(changes, staff=True) == 1)
        await changes.refresh()
        assert number(changes, staff=False) == 0
        assert changes.since(NODES, 0, staff=False) == ()

    follow(databases, world, work)


def test_changes_of_one_transaction_are_one_version(
    databases: Databases, world: Database
) -> None:
    async def work(changes: Changes) -> None:
        with world.begin() as connection:
            put(connection, 1, status="operational")
            put(connection, 2, status="operational", point=POINTS[4])
            connection.execute(
                text("DELETE FROM gis.network_nodes WHERE id = :id"), {"id": item_id(NODES, 1)}
            )
        await until(lambda: number(changes, staff=True) == 1)
        [change] = changes.since(NODES, 0, staff=True) or ()
        assert set(change.items or ()) == {item_id(NODES, 1), item_id(NODES, 2)}
        assert len(change.boxes or ()) == 3

    follow(databases, world, work)


def test_a_large_change_is_one_of_the_whole_collection(
    databases: Databases, world: Database
) -> None:
    def add(connection: Connection, first: int, count: int) -> None:
        for start in (first, first + count // 2):
            connection.execute(
                text(
                    "INSERT INTO gis.network_nodes (network_id, name, status, visibility, geom) "
                    "SELECT :network, 'N', 'operational', 'public', "
                    "ST_SetSRID(ST_MakePoint(34.7 + n / 1e4, -0.7), 4326) "
                    "FROM generate_series(CAST(:a AS int), CAST(:b AS int)) n"
                ),
                {"network": network_id(1), "a": start, "b": start + count // 2 - 1},
            )

    async def work(changes: Changes) -> None:
        with world.begin() as connection:
            add(connection, 0, TOUCH_LIMIT)
        with world.begin() as connection:
            add(connection, TOUCH_LIMIT, TOUCH_LIMIT + 2)
        for staff in (False, True):
            await until(lambda staff=staff: number(changes, staff=staff) == 2)  # type: ignore[misc]
            exact, whole = changes.since(NODES, 0, staff=staff) or ()
            assert len(exact.items or ()) == len(exact.boxes or ()) == TOUCH_LIMIT
            assert whole.items is None
            assert whole.boxes is None
            assert changes.boxes_since(NODES, 0, staff=staff) is None

    follow(databases, world, work)


def test_the_log_of_changes_stays_short(databases: Databases, world: Database) -> None:
    async def work(changes: Changes) -> None:
        with kept_open(world) as editor:
            for turn in range(KEPT_CHANGES + 3):
                with editor.begin() as connection:
                    put(connection, 1, status=("operational", "inactive")[turn % 2])
        await until(lambda: number(changes, staff=True) == KEPT_CHANGES + 3)
        assert changes.since(NODES, 2, staff=True) is None
        assert len(changes.since(NODES, 3, staff=True) or ()) == KEPT_CHANGES

    follow(databases, world, work)
    with world.begin() as connection:
        kept = connection.scalar(text(
            "SELECT count(*) FROM gis.collection_changes WHERE collection = 'network_nodes'"
        ))
    assert kept == KEPT_CHANGES


def test_nothing_is_known_while_the_connection_is_broken(
    databases: Databases, world: Database
) -> None:
    async def work(changes: Changes) -> None:
        with world.begin() as connection:
            put(connection, 1, status="operational")
        await until(lambda: number(changes, staff=True) == 1)
        with databases.superuser(world) as connection:
            connection.execute(text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'gis-service listener' "
                "AND datname = current_database()"
            ))
        await until(lambda: changes.version(NODES, staff=True) is None)
        with world.begin() as connection:
            put(connection, 1, status="inactive")
        await until(lambda: changes.is_live and number(changes, staff=True) == 2)

    follow(databases, world, work)

"""A database is put back to an older copy under a running service, which then counts anew."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from gis_service.model.audience import Audience
from gis_service.model.queries import ItemsQuery
from gis_service.services.features import Features
from gis_service.services.snapshots import Snapshots
from gis_service.store import changes
from gis_service.store.cluster import find_binaries
from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database
from tests.conftest import Databases
from tests.test_changes import until
from tests.test_tile_cache import HERE, NODES, PLANNER, THERE, Service, a_node, service_on, tile_of

EDITS = 3
QUERY = ItemsQuery(NODES, 10_000)


@dataclass
class Running:
    """A service that keeps tiles and a collection in memory."""

    service: Service
    snapshots: Snapshots
    held: Features
    asked: Features

    async def warm(self) -> None:
        """Ask until the newest state of the nodes is in memory."""
        for _ in range(400):
            if self.snapshots.newest(NODES, Audience.PLANNER) is not None:
                return
            await self.snapshots.settle()
            await asyncio.sleep(0.01)
        raise AssertionError("the nodes were not taken into memory")

    async def shows(self, name: str) -> bool:
        return name.encode() in (await self.service.ask(tile_of(HERE))).plain()

    async def edit_elsewhere(self, node: object, times: int) -> None:
        for turn in range(times):
            await self.service.move(node, THERE, f"<after {turn}>")

    async def is_true_to_the_database(self) -> None:
        await self.warm()
        here = await self.held.page(QUERY, PLANNER)
        assert here == await self.asked.page(QUERY, PLANNER)
        assert b"<before" not in here.features
        assert not await self.shows("<before")


@asynccontextmanager
async def edited(databases: Databases, database: Database) -> AsyncIterator[Running]:
    """A service that has edits in memory which the older copy does not have."""
    async with service_on(databases, database, 2**24) as service:
        snapshots = Snapshots(service.reader, service.changes, most_bytes=2**26)
        none = Snapshots(service.reader, service.changes, most_bytes=0)
        running = Running(
            service, snapshots,
            Features(service.reader, service.changes, snapshots, count_cap=10_000),
            Features(service.reader, service.changes, none, count_cap=10_000),
        )
        for turn in range(EDITS):
            await service.move(a_node(database), HERE, f"<before {turn}>")
        await running.warm()
        assert await running.shows("<before")
        yield running
        await snapshots.settle()


@pytest.fixture
def copy(databases: Databases, sample_database: Database) -> Iterator[Database]:
    """The sample data as it was before the edits."""
    databases.with_logins(sample_database)
    sample_database.engine.dispose()
    copy = databases.fresh(str(sample_database.url.database))
    yield copy
    databases.drop(copy)


def test_nothing_is_kept_over_another_database_of_the_same_name(
    databases: Databases, sample_database: Database, copy: Database
) -> None:
    name, other = (str(each.url.database) for each in (sample_database, copy))

    def swap() -> None:
        for each in (sample_database, copy):
            each.engine.dispose()
        admin = Database.at(databases.cluster.url("template1", SUPERUSER))
        with admin.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in (
                f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                f"WHERE datname = '{name}'",
                f"ALTER DATABASE {name} RENAME TO {name}_gone",
                f"ALTER DATABASE {other} RENAME TO {name}",
                f"ALTER DATABASE {name}_gone RENAME TO {other}",
                f"ALTER DATABASE {other} ALLOW_CONNECTIONS true",
            ):
                connection.execute(text(statement))
        admin.engine.dispose()

    async def work() -> None:
        async with edited(databases, sample_database) as running:
            heard = running.service.changes
            epoch = heard.epoch
            await asyncio.to_thread(swap)
            databases.with_logins(sample_database)
            for _ in range(200):
                if heard.is_live and heard.epoch > epoch:
                    break
                await asyncio.sleep(0.1)
            node = a_node(sample_database)
            await running.edit_elsewhere(node, EDITS + 1)
            await running.is_true_to_the_database()

    asyncio.run(work())


@pytest.mark.parametrize("edits", [0, EDITS + 1])
def test_nothing_is_kept_over_a_restore_in_place(
    databases: Databases,
    sample_database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    edits: int,
) -> None:
    """Connections outlast it and no trigger fires; the tables are others, though."""
    databases.with_logins(sample_database)
    name = str(sample_database.url.database)
    url = databases.cluster.url(name, SUPERUSER)
    environment = os.environ | {
        "PGHOST": str(url.query.get("host") or url.host), "PGPORT": str(url.port or 5432),
        "PGUSER": SUPERUSER, "PGPASSWORD": str(url.password or ""),
    }
    dump = tmp_path / "sample.dump"

    def program(which: str, *arguments: str) -> None:
        command = [str(find_binaries().bin_dir / which), *arguments, "--dbname", name]
        subprocess.run(command, env=environment, check=True, timeout=120)

    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.1)
    program("pg_dump", "--format=custom", f"--file={dump}")

    async def work() -> None:
        async with edited(databases, sample_database) as running:
            epoch = running.service.changes.epoch
            await asyncio.to_thread(
                program, "pg_restore", "--clean", "--if-exists", "--single-transaction", str(dump)
            )
            await running.edit_elsewhere(a_node(sample_database), edits)
            await until(lambda: running.service.changes.epoch > epoch)
            assert running.service.changes.is_live
            await running.is_true_to_the_database()

    asyncio.run(work())

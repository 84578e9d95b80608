"""Collections in memory answer as the database does, and never with what is past."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import text

from gis_service.model.audience import PUBLIC, Audience, Principal, visible_collections
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, FieldType
from gis_service.model.queries import BBox, Equals, ItemsQuery
from gis_service.services.features import Features
from gis_service.services.snapshots import ASKED_BEFORE, Snapshots
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from gis_service.store.snapshot import can_be_held
from tests.conftest import Databases, kept_open
from tests.test_changes import until

PLANNER = Principal(Audience.PLANNER)
NODES = REGISTRY["network_nodes"]


@dataclass
class Both:
    """The same questions, asked of memory and of the database."""

    changes: Changes
    snapshots: Snapshots
    held: Features
    asked: Features
    now: list[float]

    async def taken(self, collection: Collection, principal: Principal) -> None:
        """Ask until the collection's newest state is in memory."""
        for _ in range(400):
            if self.snapshots.newest(collection, principal.audience) is not None:
                return
            self.now[0] += 1
            await self.snapshots.settle()
            await asyncio.sleep(0.005)
        raise AssertionError(f"{collection.id} was not taken into memory")

    async def same(self, query: ItemsQuery, principal: Principal) -> None:
        """Walk all pages, there and back."""
        here = there = None
        backs = []
        for _ in range(6):
            here = await self.held.page(query, principal)
            there = await self.asked.page(query, principal)
            assert here == there
            if here.previous is not None:
                backs.append(here.previous)
            if here.following is None:
                break
            query = replace(query, cursor=here.following)
        for cursor in backs:
            back = replace(query, cursor=cursor)
            assert await self.held.page(back, principal) == await self.asked.page(back, principal)


@asynccontextmanager
async def both_on(
    databases: Databases, database: Database, *, most_bytes: int = 2**26
) -> AsyncIterator[Both]:
    addresses = databases.with_logins(database)
    now = [0.0]
    async with (
        Reader.open(addresses.logins, pool_size=4, statement_timeout_s=5) as reader,
        Changes.open(reader, addresses.logins[Login.PUBLIC]) as changes,
    ):
        await until(lambda: changes.is_live)
        snapshots = Snapshots(reader, changes, most_bytes=most_bytes, clock=lambda: now[0])
        none = Snapshots(reader, changes, most_bytes=0)
        yield Both(
            changes,
            snapshots,
            Features(reader, changes, snapshots, count_cap=10_000),
            Features(reader, changes, none, count_cap=10_000),
            now,
        )
        await snapshots.settle()


def with_both(
    databases: Databases, database: Database, work: Callable[[Both], Awaitable[None]]
) -> None:
    async def all_of_it() -> None:
        async with both_on(databases, database) as both:
            await work(both)

    asyncio.run(all_of_it())


def questions(collection: Collection, rnd: random.Random, held: set[str]) -> list[ItemsQuery]:
    made = [ItemsQuery(collection, limit) for limit in (1, 7, 10_000)]
    for _ in range(12):
        x, y = rnd.uniform(34.70, 34.82), rnd.uniform(-0.72, -0.63)
        w, h = rnd.uniform(0, 0.05), rnd.uniform(0, 0.05)
        made.append(ItemsQuery(collection, rnd.choice((2, 5, 50)), BBox(x, y, x + w, y + h)))
    made.append(ItemsQuery(collection, 3, BBox(170, -10, 35, 10)))
    made += [ItemsQuery(collection, 4, offset=offset) for offset in (1, 4, 9, 10_000)]
    for each in collection.fields:
        if each.name in held and each.codelist is not None:
            for code in each.codelist.values():
                made.append(ItemsQuery(collection, 4, equals=(Equals(each, code),)))
            for code in each.codelist.values()[:2]:
                box = BBox(34.7, -0.75, 34.9, -0.6)
                made.append(ItemsQuery(collection, 4, box, equals=(Equals(each, code),)))
        if each.name in held and each.type is FieldType.BOOLEAN:
            made += [ItemsQuery(collection, 4, equals=(Equals(each, v),)) for v in (True, False)]
    return made


@pytest.mark.parametrize("principal", [PUBLIC, PLANNER], ids=["public", "planner"])
def test_memory_answers_byte_for_byte_as_the_database_does(
    databases: Databases, sample_database: Database, principal: Principal
) -> None:
    async def work(both: Both) -> None:
        rnd = random.Random(4)
        for collection in visible_collections(principal.audience):
            if not can_be_held(collection, principal.audience):
                assert collection.id == "equipment"
                continue
            await both.taken(collection, principal)
            snapshot = both.snapshots.newest(collection, principal.audience)
            assert snapshot is not None
            for query in questions(collection, rnd, set(snapshot.codes)):
                assert snapshot.answers(query)
                await both.same(query, principal)

    with_both(databases, sample_database, work)


def test_a_merged_snapshot_equals_one_read_anew(
    databases: Databases, sample_database: Database
) -> None:
    """Random edits: insert, move, change of a code, delete, what the public sees no more."""
    edits = (
        "UPDATE gis.network_nodes SET geom = ST_Translate(geom, 0.003, 0.001) WHERE id = "
        "(SELECT id FROM gis.network_nodes ORDER BY md5(id::text || :seed) LIMIT 1)",
        "UPDATE gis.network_nodes SET status = CASE status WHEN 'operational' THEN 'proposed' "
        "ELSE 'operational' END WHERE id IN "
        "(SELECT id FROM gis.network_nodes ORDER BY md5(id::text || :seed) LIMIT 2)",
        "UPDATE gis.network_nodes SET name = name || :seed WHERE id = "
        "(SELECT id FROM gis.network_nodes ORDER BY md5(id::text || :seed) LIMIT 1)",
        "INSERT INTO gis.network_nodes (network_id, name, status, visibility, geom) SELECT "
        "network_id, 'New ' || :seed, 'operational', 'public', ST_Translate(geom, 0.002, 0) "
        "FROM gis.network_nodes ORDER BY md5(id::text || :seed) LIMIT 1",
        "DELETE FROM gis.network_nodes WHERE name LIKE 'New %' AND id = "
        "(SELECT id FROM gis.network_nodes ORDER BY md5(id::text || :seed) LIMIT 1)",
    )

    async def work(both: Both) -> None:
        rnd = random.Random(7)
        for principal in (PUBLIC, PLANNER):
            await both.taken(NODES, principal)
        for turn in range(25):
            with sample_database.begin() as connection:
                for _ in range(rnd.randint(1, 3)):
                    connection.execute(text(rnd.choice(edits)), {"seed": str(turn)})
            await both.changes.refresh()
            for principal in (PUBLIC, PLANNER):
                await both.taken(NODES, principal)
                rnd_here = random.Random(turn)
                snapshot = both.snapshots.newest(NODES, principal.audience)
                assert snapshot is not None
                for query in questions(NODES, rnd_here, set(snapshot.codes))[2:8]:
                    await both.same(query, principal)

    with_both(databases, sample_database, work)


def test_no_answer_is_older_than_an_edit_that_was_heard_of(
    databases: Databases, sample_database: Database
) -> None:
    """Edits race with fills: once a version is known, every answer has it."""

    async def work(both: Both) -> None:
        with sample_database.begin() as connection:
            id_ = connection.scalar(text("SELECT id FROM gis.network_nodes ORDER BY id LIMIT 1"))
        from_memory = 0
        stop = asyncio.Event()

        async def keep_asking() -> None:
            while not stop.is_set():
                both.now[0] += 1
                await both.held.page(ItemsQuery(NODES, 5), PLANNER)
                await asyncio.sleep(0.01)

        def edit(turn: int) -> None:
            with editor.begin() as connection:
                connection.execute(
                    text("UPDATE gis.network_nodes SET name = :name WHERE id = :id"),
                    {"name": f"turn {turn}.", "id": id_},
                )

        askers = [asyncio.create_task(keep_asking()) for _ in range(2)]
        before = both.changes.version(NODES.id, staff=True)
        assert before is not None
        for turn in range(300):
            await asyncio.to_thread(edit, turn)
            await until(
                lambda turn=turn: both.changes.version(NODES.id, staff=True).number  # type: ignore[misc,union-attr]
                == before.number + turn + 1
            )
            snapshot = both.snapshots.newest(NODES, Audience.PLANNER)
            if turn % 10 == 0:
                while snapshot is None:
                    await asyncio.sleep(0)
                    snapshot = both.snapshots.newest(NODES, Audience.PLANNER)
            if snapshot is not None:
                from_memory += 1
                assert f'"turn {turn}."'.encode() in (snapshot.item(id_) or b"")
            page = await both.held.page(ItemsQuery(NODES, 5), PLANNER)
            assert f'"turn {turn}."'.encode() in page.features
        stop.set()
        await asyncio.gather(*askers)
        assert from_memory >= 30

    with kept_open(sample_database) as editor:
        with_both(databases, sample_database, work)


def test_a_collection_is_taken_only_when_it_is_asked_for_often(
    databases: Databases, sample_database: Database
) -> None:
    async def work(both: Both) -> None:
        for _ in range(ASKED_BEFORE - 1):
            await both.held.page(ItemsQuery(NODES, 1), PUBLIC)
        await both.snapshots.settle()
        assert both.snapshots.newest(NODES, Audience.PUBLIC) is None
        await both.snapshots.settle()
        assert both.snapshots.newest(NODES, Audience.PUBLIC) is not None

    with_both(databases, sample_database, work)


def test_what_does_not_fit_is_answered_by_the_database(
    databases: Databases, sample_database: Database
) -> None:
    async def work() -> None:
        async with both_on(databases, sample_database, most_bytes=100) as both:
            for _ in range(10):
                page = await both.held.page(ItemsQuery(NODES, 5), PUBLIC)
                assert page.returned == 5
                await both.snapshots.settle()
            assert both.snapshots.newest(NODES, Audience.PUBLIC) is None

    asyncio.run(work())


def test_the_least_used_give_way(databases: Databases, sample_database: Database) -> None:
    async def work() -> None:
        async with both_on(databases, sample_database) as both:
            await both.taken(REGISTRY["wards"], PUBLIC)
            await both.taken(NODES, PUBLIC)
            wards = both.snapshots.newest(REGISTRY["wards"], Audience.PUBLIC)
            nodes = both.snapshots.newest(NODES, Audience.PUBLIC)
            assert wards is not None
            assert nodes is not None
            most = max(wards.size, nodes.size) + 10
        async with both_on(databases, sample_database, most_bytes=most) as both:
            await both.taken(REGISTRY["wards"], PUBLIC)
            both.now[0] += 1
            await both.taken(NODES, PUBLIC)
            assert both.snapshots.newest(REGISTRY["wards"], Audience.PUBLIC) is None
            assert both.snapshots.newest(NODES, Audience.PUBLIC) is not None

    asyncio.run(work())

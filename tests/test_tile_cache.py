"""Tiles in memory: never older than an edit that was heard of, read no more than needed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import BBox
from gis_service.model.tiles import WHOLE_ZOOM, Tile, tiles_over
from gis_service.services.tiles import FinishedTile, Tiles
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Prepared, Reader
from gis_service.store.roles import Login
from tests.conftest import Databases, kept_open
from tests.test_changes import until

PLANNER = Principal(Audience.PLANNER)
NODES = REGISTRY["network_nodes"]
OFFICES = REGISTRY["offices"]
HERE, THERE = (34.7701, -0.6801), (34.8202, -0.7003)
"""Two places whose tiles, with what is drawn around them, have nothing in common."""
MOST_BYTES = 500_000


def tile_of(place: tuple[float, float], zoom: int = WHOLE_ZOOM) -> Tile:
    longitude, latitude = place
    return tiles_over(BBox(longitude, latitude, longitude, latitude), zoom)[0]


class SlowReader(Reader):
    """What it reads is at times held back, so that edits overtake it."""

    random = random.Random(6)
    most_wait_s = 0.0
    readings = 0

    async def prepared_row(
        self, statement: Prepared, values: Mapping[str, Any], login: Login
    ) -> Any | None:
        self.readings += 1
        row = await super().prepared_row(statement, values, login)
        if self.most_wait_s and self.random.random() < 0.5:
            await asyncio.sleep(self.random.random() * self.most_wait_s)
        return row


@dataclass
class Service:
    """Tiles over a database, and what they stand on."""

    database: Database
    reader: SlowReader
    changes: Changes
    tiles: Tiles

    async def ask(self, tile: Tile, principal: Principal = PLANNER) -> FinishedTile:
        return await self.tiles.tile([NODES], tile, principal)

    async def edit(self, statement: str, **values: object) -> None:
        """Run a statement that changes nodes, and wait until the change is known."""
        before = self.changes.version(NODES.id, staff=True)
        assert before is not None

        def run() -> None:
            with self.database.begin() as connection:
                connection.execute(text(statement), values)

        def known() -> bool:
            now = self.changes.version(NODES.id, staff=True)
            return now is not None and now.number > before.number

        await asyncio.to_thread(run)
        await until(known)

    async def move(self, id_: object, place: tuple[float, float], name: str) -> None:
        await self.edit(
            "UPDATE gis.network_nodes SET name = :name, visibility = 'staff', "
            "geom = ST_SetSRID(ST_MakePoint(:x, :y), 4326) WHERE id = :id",
            name=name, x=place[0], y=place[1], id=id_,
        )


@asynccontextmanager
async def service_on(
    databases: Databases, database: Database, cache_bytes: int
) -> AsyncIterator[Service]:
    addresses = databases.with_logins(database)
    with kept_open(database) as editor:
        async with (
            SlowReader.open(addresses.logins, pool_size=4, statement_timeout_s=10) as reader,
            Changes.open(reader, addresses.logins[Login.PUBLIC]) as changes,
        ):
            assert isinstance(reader, SlowReader)
            await until(lambda: changes.is_live)
            tiles = Tiles(reader, changes, most_bytes=MOST_BYTES, cache_bytes=cache_bytes)
            yield Service(editor, reader, changes, tiles)


def run(
    databases: Databases,
    database: Database,
    work: Callable[[Service], Awaitable[None]],
    *,
    cache_bytes: int = 2**24,
) -> None:
    async def all_of_it() -> None:
        async with service_on(databases, database, cache_bytes) as service:
            await work(service)

    asyncio.run(all_of_it())


def a_node(database: Database) -> object:
    with database.begin() as connection:
        return connection.scalar(text("SELECT id FROM gis.network_nodes ORDER BY id LIMIT 1"))


def test_no_tile_is_older_than_an_edit_that_was_heard_of(
    databases: Databases, sample_database: Database
) -> None:
    """
    A thousand edits race with readings that are held back.

    A node moves to and fro between two tiles; once its move is known, it is in
    the one and no more in the other. A third tile is read once.
    """
    node = a_node(sample_database)
    places = (HERE, THERE)
    far = Tile(WHOLE_ZOOM, 0, 0)

    async def work(service: Service) -> None:
        stop = asyncio.Event()
        service.reader.most_wait_s = 0.004

        async def keep_asking(seed: int) -> None:
            chance = random.Random(seed)
            while not stop.is_set():
                await service.ask(tile_of(chance.choice(places)))
                await asyncio.sleep(chance.random() * 0.03)

        untouched = await service.ask(far)
        askers = [asyncio.create_task(keep_asking(seed)) for seed in range(2)]
        for turn in range(1000):
            now, gone = places[turn % 2], places[1 - turn % 2]
            await service.move(node, now, f"<turn {turn}>")
            with_it, without = await asyncio.gather(
                service.ask(tile_of(now)), service.ask(tile_of(gone))
            )
            assert f"<turn {turn}>".encode() in with_it.plain()
            assert b"<turn " not in without.plain()
            assert await service.ask(far) is untouched
        stop.set()
        await asyncio.gather(*askers)
        service.reader.most_wait_s = 0
        for place in places:
            kept = await service.ask(tile_of(place))
            fresh = Tiles(service.reader, service.changes, most_bytes=MOST_BYTES, cache_bytes=0)
            assert kept == await fresh.tile([NODES], tile_of(place), PLANNER)

    run(databases, sample_database, work)


def test_only_tiles_that_a_change_touches_are_read_again(
    databases: Databases, sample_database: Database
) -> None:
    node = a_node(sample_database)

    async def work(service: Service) -> None:
        here, there, world = tile_of(HERE), tile_of(THERE), Tile(0, 0, 0)
        await service.move(node, HERE, "A")
        before = {tile: await service.ask(tile) for tile in (here, there, world)}
        offices = await service.tiles.tile([OFFICES], here, PLANNER)
        several = await service.tiles.tile([OFFICES, NODES], here, PLANNER)
        public = await service.ask(here, PUBLIC)
        assert service.reader.readings == 6
        await service.move(node, HERE, "B")
        assert await service.ask(there) is before[there]
        assert await service.tiles.tile([OFFICES], here, PLANNER) is offices
        # The node is hidden from the public, whose tile is the same therefore.
        assert await service.ask(here, PUBLIC) is public
        assert service.reader.readings == 6
        assert (await service.ask(here)).etag != before[here].etag
        assert await service.tiles.tile([OFFICES, NODES], here, PLANNER) is not several
        assert await service.ask(world) is not before[world]
        assert service.reader.readings == 9

    run(databases, sample_database, work)


def test_what_changes_beside_a_tile_but_is_drawn_in_it_touches_it(
    databases: Databases, sample_database: Database
) -> None:
    node = a_node(sample_database)

    async def work(service: Service) -> None:
        tile = tile_of(HERE)
        west, south, east, north = tile.box()
        units = (east - west) / 4096
        for beyond, drawn in ((60, True), (70, False)):
            before = await service.ask(tile)
            place = (west - beyond * units, (south + north) / 2)
            await service.move(node, place, f"<beyond {beyond}>")
            after = await service.ask(tile)
            assert (f"<beyond {beyond}>".encode() in after.plain()) is drawn
            assert after is not before  # the second move has left the buffer
            assert await service.ask(tile) is after

    run(databases, sample_database, work)


def test_requests_at_once_share_one_reading(
    databases: Databases, sample_database: Database
) -> None:
    async def work(service: Service) -> None:
        service.reader.most_wait_s = 0.1
        answers = await asyncio.gather(*(service.ask(tile_of(HERE)) for _ in range(50)))
        assert service.reader.readings == 1
        assert all(each is answers[0] for each in answers)
        # Who goes away does not take the reading from those who stay.
        first = asyncio.create_task(service.ask(tile_of(THERE)))
        second = asyncio.create_task(service.ask(tile_of(THERE)))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second) is await service.ask(tile_of(THERE))
        assert service.reader.readings == 2

    run(databases, sample_database, work)


def test_without_news_of_changes_nothing_is_kept(
    databases: Databases, sample_database: Database
) -> None:
    async def work(service: Service) -> None:
        deaf = Tiles(
            service.reader, Changes(service.reader), most_bytes=MOST_BYTES, cache_bytes=2**24
        )
        kept = await service.ask(tile_of(HERE))
        for expected in (2, 3, 4):
            assert await deaf.tile([NODES], tile_of(HERE), PLANNER) == kept
            assert service.reader.readings == expected

    run(databases, sample_database, work)


def test_memory_is_bounded_and_what_is_asked_for_stays(
    databases: Databases, sample_database: Database
) -> None:
    async def work(service: Service) -> None:
        often = await service.ask(Tile(18, 0, 0))
        for column in range(1, 30):
            await service.ask(Tile(18, 0, column))
            assert await service.ask(Tile(18, 0, 0)) is often
        assert service.tiles.kept_bytes <= 7000
        assert service.reader.readings == 30
        await service.ask(Tile(18, 0, 29))
        assert service.reader.readings == 30
        await service.ask(Tile(18, 0, 1))
        assert service.reader.readings == 31

    run(databases, sample_database, work, cache_bytes=7000)

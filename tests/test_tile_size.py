"""Tiles of crowded places: never larger than they may be, thinned the same way each time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import mapbox_vector_tile  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from gis_service.model.audience import PUBLIC, Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import BBox
from gis_service.model.tiles import Tile, tiles_over
from gis_service.services.tiles import FinishedTile, Tiles
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.tiles import Layer, tile_statement, tile_values
from tests.changes import prepare
from tests.conftest import Databases

ROADS = REGISTRY["roads"]
MOST = (500_000, 60_000)
PLACE = BBox(34.77, -0.68, 34.7701, -0.6799)


@pytest.fixture(scope="module")
def crowded(databases: Databases) -> Iterator[Database]:
    """30,000 roads of 20 vertices that wind about within some ten kilometres."""
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(text("SELECT setseed(0.5)"))
        connection.execute(text(
            "INSERT INTO gis.roads (external_id, name, geom) SELECT 'r' || i, 'Road ' || i, "
            "ST_SetSRID(ST_MakeLine(ARRAY(SELECT ST_MakePoint("
            "34.70 + 0.15 * (i % 173) / 173 + 0.004 * random(), "
            "-0.75 + 0.15 * (i % 163) / 163 + 0.004 * random()) "
            "FROM generate_series(1, 20) v WHERE i > 0)), 4326) "
            "FROM generate_series(1, 30000) i"
        ))
    databases.with_logins(made)
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    yield made
    databases.drop(made)


def made_twice(
    databases: Databases, database: Database, tile: Tile, most_bytes: int
) -> tuple[FinishedTile, FinishedTile]:
    """The tile, read two times: nothing is kept where changes are not heard."""

    async def work() -> tuple[FinishedTile, FinishedTile]:
        addresses = databases.with_logins(database)
        async with Reader.open(addresses.logins, pool_size=1, statement_timeout_s=60) as reader:
            tiles = Tiles(reader, Changes(reader), most_bytes=most_bytes, cache_bytes=2**20)
            first = await tiles.tile([ROADS], tile, PUBLIC)
            second = await tiles.tile([ROADS], tile, PUBLIC)
            assert tiles.kept_bytes == 0
            return first, second

    return asyncio.run(work())


@pytest.mark.parametrize("zoom", [6, 10, 12, 14])
@pytest.mark.parametrize("most_bytes", MOST)
def test_no_tile_is_larger_than_it_may_be(
    databases: Databases, crowded: Database, zoom: int, most_bytes: int
) -> None:
    tile, _ = tiles_over(PLACE, zoom)
    first, second = made_twice(databases, crowded, tile, most_bytes)
    content = first.plain()
    assert 0 < len(content) <= most_bytes
    assert content == second.plain()
    assert first.etag == second.etag
    [layer] = mapbox_vector_tile.decode(content).values()
    shown = len(layer["features"])
    assert 0 < shown <= first.found
    if zoom in (10, 12):
        assert first.thinned
        assert len(content) > most_bytes / 20  # thinned no more than it has to be


def test_the_tile_is_found_by_the_index(crowded: Database) -> None:
    tile, _ = tiles_over(PLACE, 16)
    statement = tile_statement([Layer(ROADS, thinned=False)], 16, Audience.PUBLIC)
    compiled = statement.compile(dialect=postgresql.psycopg2.dialect())
    values = dict(compiled.params) | tile_values(tile, [500_000])
    with crowded.begin() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {compiled}", values).scalars())
    assert "roads_geom_idx" in plan
    assert "Seq Scan on roads" not in plan

"""The public's tiles in a PMTiles file: the same as those served, and only those."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pmtiles.reader import MmapSource, all_tiles
from pmtiles.reader import Reader as Archived

from gis_service.cli import cli
from gis_service.errors import InvalidInput, UnknownCollection
from gis_service.model.audience import PUBLIC
from gis_service.model.collections import REGISTRY
from gis_service.model.tiles import Tile, tiles_over
from gis_service.services.archive import Archive
from gis_service.services.features import Features
from gis_service.services.snapshots import Snapshots
from gis_service.services.tiles import Tiles
from gis_service.store.changes import Changes
from gis_service.store.database import Database
from gis_service.store.reading import Reader
from gis_service.store.roles import Login
from tests.conftest import Databases

IDS = ("wards", "offices", "fibre_links")
LAST = 11


def test_the_file_holds_the_tiles_that_are_served(
    databases: Databases, sample_database: Database, tmp_path: Path
) -> None:
    addresses = databases.with_logins(sample_database)
    path = tmp_path / "network.pmtiles"

    async def work() -> None:
        logins = {Login.PUBLIC: addresses.logins[Login.PUBLIC]}
        async with Reader.open(logins, pool_size=1, statement_timeout_s=30) as reader:
            changes = Changes(reader)
            tiles = Tiles(reader, changes, most_bytes=500_000, cache_bytes=0)
            none = Snapshots(reader, changes, most_bytes=0)
            features = Features(reader, changes, none, count_cap=10_000)
            archive = Archive(tiles, features, title="Kisii")
            for hidden in ("equipment", "structures", "nothing"):
                with pytest.raises(UnknownCollection):
                    archive.layers([hidden])
            assert {c.id for c in archive.layers([])} >= set(IDS)
            layers = archive.layers(IDS)
            with path.open("wb") as file:
                written = await archive.write(
                    file, layers, zooms=range(2, LAST + 1), tell=lambda *_places: None
                )
            with path.open("rb") as file:
                source = MmapSource(file)
                found = {Tile(z, y, x): data for (z, x, y), data in all_tiles(source)}
                header, metadata = Archived(source).header(), Archived(source).metadata()
            assert len(found) == written.tiles
            for tile, data in found.items():
                served = await tiles.tile(layers, tile, PUBLIC)
                assert gzip.decompress(data) == served.plain() != b""
            bbox = await features.bbox(layers, PUBLIC)
            assert bbox is not None
            for zoom in range(2, LAST + 1):
                first, last = tiles_over(bbox, zoom)
                for row in range(first.row, last.row + 1):
                    for column in range(first.column, last.column + 1):
                        tile = Tile(zoom, row, column)
                        served = await tiles.tile(layers, tile, PUBLIC)
                        assert (tile in found) == bool(served.body)
            assert {tile.zoom for tile in found} == set(range(2, LAST + 1))
            _check(header, metadata, bbox)

    asyncio.run(work())


def _check(header: Any, metadata: Any, bbox: Any) -> None:
    assert (header["version"], header["min_zoom"], header["max_zoom"]) == (3, 2, LAST)
    assert header["clustered"]
    assert header["min_lon_e7"] / 1e7 == pytest.approx(bbox.west, abs=1e-7)
    assert header["max_lat_e7"] / 1e7 == pytest.approx(bbox.north, abs=1e-7)
    layers = metadata["vector_layers"]
    assert [layer["id"] for layer in layers] == list(IDS)
    declared = {f.name for f in REGISTRY["offices"].fields}
    assert set(layers[1]["fields"]) <= declared
    assert "contact" not in layers[1]["fields"]
    assert metadata["name"] == metadata["attribution"] == "Kisii"


def test_nothing_is_written_of_nothing(
    databases: Databases, database: Database, tmp_path: Path
) -> None:
    addresses = databases.with_logins(database)

    async def work() -> None:
        logins = {Login.PUBLIC: addresses.logins[Login.PUBLIC]}
        async with Reader.open(logins, pool_size=1, statement_timeout_s=30) as reader:
            changes = Changes(reader)
            tiles = Tiles(reader, changes, most_bytes=500_000, cache_bytes=0)
            none = Snapshots(reader, changes, most_bytes=0)
            features = Features(reader, changes, none, count_cap=10_000)
            archive = Archive(tiles, features, title="Kisii")
            with (tmp_path / "x").open("wb") as file, pytest.raises(InvalidInput):
                await archive.write(
                    file, archive.layers([]), zooms=range(3), tell=lambda *_places: None
                )

    asyncio.run(work())


@pytest.mark.parametrize(("asked", "told"), [
    (["--out", "there.pmtiles"], "is there already"),
    (["--out", "no/folder/x.pmtiles"], "There is no folder"),
    (["--out", "x.pmtiles", "--min-zoom", "9", "--max-zoom", "8"], "above --max-zoom"),
    (["--out", "x.pmtiles", "--max-zoom", "40"], "40 is not in the range"),
])
def test_what_is_wrong_is_told(
    asked: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.pmtiles").write_bytes(b"kept")
    answer = CliRunner().invoke(cli, ["tiles", "export", *asked])
    assert answer.exit_code == 2
    assert told in answer.output
    assert Path("there.pmtiles").read_bytes() == b"kept"
    assert [path.name for path in tmp_path.iterdir()] == ["there.pmtiles"]

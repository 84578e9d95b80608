"""Files of twenty thousand items: flat memory, readers who go away, too many at once."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from gis_service.store.cluster.server import SUPERUSER
from gis_service.store.database import Database
from tests.changes import prepare
from tests.conftest import Databases, service_of

ROWS = 20_000
VERTICES = 90
"""Together 1.8 million positions: what is not streamed is seen in memory by far."""


@pytest.fixture(scope="module")
def big(databases: Databases) -> Iterator[Database]:
    """Twenty thousand roads of ninety vertices."""
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(
            text(
                "INSERT INTO gis.roads (external_id, name, geom) SELECT 'r' || i, 'Road ' || i, "
                "(SELECT ST_SetSRID(ST_MakeLine(ST_MakePoint(34.7 + i * 1e-6 + v * 1e-4, "
                "-0.7 + v * 1e-5 * (i % 7 + 1)) ORDER BY v), 4326) "
                "FROM generate_series(1, :vertices) v) FROM generate_series(1, :rows) i"
            ),
            {"rows": ROWS, "vertices": VERTICES},
        )
    databases.with_logins(made)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def served(
    big: Database, home: Path
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_MAX_LIMIT", "1000000")
        patch.setenv("GIS_SNAPSHOT_MB", "0")  # what is held in memory has a bound of its own
        with service_of(big, home) as running:
            yield running


def get(address: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body


def peak_mb(process: subprocess.Popen[bytes]) -> float:
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.fixture(scope="module")
def watcher(databases: Databases, big: Database) -> Database:
    """The same database for one who sees what others' connections do."""
    return Database.at(databases.cluster.url(str(big.url.database), SUPERUSER))


def busy(watcher: Database) -> int:
    """Connections of public readers that are at work."""
    with watcher.begin() as connection:
        return int(connection.scalar(text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name = 'gis-service public' AND state <> 'idle'")) or 0)


def leftovers() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("gis-export-*"))


def spools(process: subprocess.Popen[bytes]) -> int:
    """Files without a name that the service holds open, besides its output."""
    held = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        if int(link.name) <= 2:
            continue
        try:
            held.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return sum("(deleted)" in name for name in held)


def until(condition, *, within_s: float = 30) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("f", ["geojson", "geojsonseq", "csv", "kml", "gpkg", "fgb", "parquet"])
def test_memory_stays_flat(
    served: tuple[str, subprocess.Popen[bytes]], f: str
) -> None:
    address, process = served
    get(address, "/collections/roads/items?limit=10")
    before = peak_mb(process)
    status, body = get(address, f"/collections/roads/items?f={f}&limit=1000000")
    assert status == 200
    assert len(body) > 4_000_000
    assert peak_mb(process) - before < 25
    if f == "geojson":
        page = json.loads(body)
        assert len({each["id"] for each in page["features"]}) == ROWS
        assert page["numberReturned"] == page["numberMatched"] == ROWS
        assert {link["rel"] for link in page["links"]} >= {"self", "alternate", "collection"}
        assert "next" not in {link["rel"] for link in page["links"]}
    until(lambda: not spools(process))


def test_a_page_from_memory_costs_no_more_memory(big: Database, home: Path) -> None:
    """Filling the snapshot does, up to GIS_SNAPSHOT_MB: it is filled before measuring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_MAX_LIMIT", "1000000")
        patch.setenv("GIS_SNAPSHOT_MB", "512")
        with service_of(big, home) as (address, process):
            before, settled = 0.0, 0
            while settled < 10:
                get(address, "/collections/roads/items?limit=10")
                time.sleep(0.3)
                settled = settled + 1 if peak_mb(process) == before else 0
                before = peak_mb(process)
            status, body = get(address, "/collections/roads/items?f=geojson&limit=1000000")
            assert status == 200
            assert len(json.loads(body)["features"]) == ROWS
            assert peak_mb(process) - before < 25


def test_large_pages_are_linked(served: tuple[str, subprocess.Popen[bytes]]) -> None:
    address, _ = served
    path, seen, pages = f"/collections/roads/items?limit={ROWS * 5 // 12}&sortby=-name", [], 0
    while path:
        page = json.loads(get(address, path)[1])
        seen += [each["properties"]["name"] for each in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        path = following[0].removeprefix(address) if following else ""
        pages += 1
    assert pages == 3
    assert len(seen) == ROWS
    assert len(set(seen)) == ROWS


@pytest.mark.parametrize("f", ["geojsonseq", "gpkg"])
def test_a_reader_who_goes_away_leaves_nothing(
    served: tuple[str, subprocess.Popen[bytes]], watcher: Database, f: str
) -> None:
    address, process = served
    host = urlsplit(address)
    before = leftovers()
    with socket.create_connection((host.hostname, host.port)) as reader:
        reader.sendall(
            f"GET /collections/roads/items?f={f} HTTP/1.1\r\nHost: {host.netloc}\r\n\r\n".encode()
        )
        if f == "geojsonseq":
            assert reader.recv(1000)
        else:
            until(lambda: leftovers() - before)
    until(lambda: leftovers() <= before and not spools(process) and busy(watcher) == 0)


def test_a_slow_reader_holds_no_connection(
    served: tuple[str, subprocess.Popen[bytes]], watcher: Database
) -> None:
    address, process = served
    host = urlsplit(address)
    with socket.create_connection((host.hostname, host.port)) as reader:
        reader.sendall(
            f"GET /collections/roads/items?f=geojsonseq HTTP/1.1\r\nHost: {host.netloc}\r\n\r\n"
            .encode()
        )
        head = reader.recv(1000)
        assert head.startswith(b"HTTP/1.1 200"), head
        until(lambda: busy(watcher) == 0)
        assert spools(process) == 1
    until(lambda: not spools(process))


def test_too_many_are_told_to_come_back(
    served: tuple[str, subprocess.Popen[bytes]]
) -> None:
    address, _ = served
    with ThreadPoolExecutor(8) as many:
        answers = list(
            many.map(lambda _: get(address, "/collections/roads/items?f=parquet")[0], range(8))
        )
    assert set(answers) == {200, 503}
    assert get(address, "/collections/roads/items?f=parquet&limit=5")[0] == 200


def test_a_file_that_breaks_off_is_seen_to_break_off(big: Database, home: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_MAX_EXPORT_MB", "1")
        with service_of(big, home) as (address, process):
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            connection.request("GET", "/collections/roads/items?f=geojsonseq")
            answer = connection.getresponse()
            assert answer.status == 200
            with pytest.raises(http.client.IncompleteRead):
                answer.read()
            until(lambda: not spools(process))

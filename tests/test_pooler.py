"""
Behind a real PgBouncer in transaction mode that has two servers for everybody.

What belonged to a session would go astray between them.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import psycopg2
import pytest
from sqlalchemy import URL
from starlette.testclient import TestClient

from gis_service.installation import Addresses
from gis_service.settings import Settings
from gis_service.store.cluster.account import server_account
from gis_service.store.database import Database
from gis_service.store.roles import Login
from tests.conftest import Databases, client_of, free_port, new_key
from tests.editing import PATCH, made
from tests.test_cluster import open_directory

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextmanager
def pooler(addresses: Addresses, folder: Path) -> Iterator[URL]:
    """A PgBouncer before a database; where it is."""
    assert PROGRAM is not None
    port = free_port()
    owner = addresses.owner
    users = [f'"{url.username}" "{url.password}"' for url in addresses.logins.values()]
    (folder / "users.txt").write_text("\n".join(users) + "\n")
    (folder / "pgbouncer.ini").write_text(f"""
[databases]
{owner.database} = host={owner.query["host"]} port=5432 dbname={owner.database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = 2
logfile = {folder}/log
""")
    user = server_account(Path(str(owner.query["host"])).parent / "data")
    who = pwd.getpwuid(user.owner[0]) if user.drop else None
    for path in (folder, *folder.iterdir()):
        if who is not None:
            os.chown(path, who.pw_uid, who.pw_gid)
    process = subprocess.Popen(
        [PROGRAM, "-q", str(folder / "pgbouncer.ini")],
        user=None if who is None else who.pw_uid, stderr=subprocess.DEVNULL,
    )
    there = URL.create("postgresql", host="127.0.0.1", port=port, database=owner.database)
    try:
        _await(addresses.at(there)[Login.PUBLIC])
        yield there
    finally:
        process.terminate()
        process.wait(10)


def _await(url: URL) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            psycopg2.connect(
                host=url.host, port=url.port, user=url.username, password=str(url.password),
                dbname=url.database,
            ).close()
            return
        except psycopg2.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture
def client(
    databases: Databases, sample_database: Database, settings: Settings
) -> Iterator[TestClient]:
    addresses = databases.with_logins(sample_database)
    small = settings.model_copy(update={"snapshot_mb": 1, "public_rate": 0, "key_rate": 0})
    with open_directory() as folder, pooler(addresses, folder) as there:
        pooled = replace(addresses, pooled=addresses.at(there))
        with client_of(pooled, small, key=new_key(sample_database)) as client:
            yield client


@pytest.mark.skipif(
    PROGRAM is None, reason="PgBouncer is not installed, and systemd would start it if it were"
)
def test_the_service_works_through_a_pooler(client: TestClient) -> None:
    """Everything at once, again and again: pages, tiles, files, searches, edits, analyses."""
    addresses = [made(client, name=f"n{number}", status="operational")[0] for number in range(4)]
    paths = (
        "/collections", "/collections/offices/items?limit=20&f=json",
        "/collections/fibre_links/items?f=csv", "/collections/offices/items?f=geojson&limit=3000",
        "/collections/network_nodes/items?filter=name='n1'&f=json",
        "/collections/network_nodes/tiles/WebMercatorQuad/12/2055/2443",
        "/search?q=Kisii&f=json", "/dashboard", "/maps/coverage", "/jobs", "/health/ready",
        "/collections/network_nodes/changes?since=2020-01-01T00:00:00Z&f=json",
    )

    def ask(number: int) -> tuple[str, int]:
        path = paths[number % len(paths)]
        for _ in range(200):
            status = client.get(path).status_code
            if status != 503:  # two files are written at a time
                break
            time.sleep(0.1)
        return path, status

    def edit(number: int) -> int:
        body = orjson.dumps({"properties": {"name": f"n{number}"}})
        return client.patch(
            addresses[number % len(addresses)], content=body, headers=PATCH
        ).status_code

    with ThreadPoolExecutor(6) as threads:
        edits = [threads.submit(edit, number) for number in range(12)]
        answers = set(threads.map(ask, range(5 * len(paths))))
        assert {each.result() for each in edits} == {204}
    assert {status for _, status in answers} == {200}, answers
    assert edit(15) == 204
    assert client.get(addresses[3]).json()["properties"]["name"] == "n15"

"""
A primary and its streaming replica, both real: who answers, and that nobody sees the past.

Replaying is paused where a replica has to be behind.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import psycopg2
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.cli import cli
from gis_service.errors import ConfigurationError
from gis_service.installation import (
    addresses_of,
    as_superuser,
    prepared_database,
    reachable_database,
    running_cluster,
)
from gis_service.services.doctor.replicas import following
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster
from gis_service.store.cluster.wal import at_once
from gis_service.store.reading import Reader
from gis_service.store.replicas import ASKING, Asking
from gis_service.store.roles import Login
from tests.conftest import ROOT, client_of, new_key
from tests.editing import PATCH, made
from tests.failover import fail_over
from tests.test_cluster import open_directory
from tests.test_login import cookies_set, field, log_in

MANY = "/collections/network_nodes/items?limit=10&f=json"
TILE = "/collections/network_nodes/tiles/WebMercatorQuad/12/2055/2443"
LAG_S = 1.5


@dataclass(frozen=True)
class Pair:
    """A primary and a replica, and the service's settings for both."""

    primary: PrivateCluster
    replica: PrivateCluster
    settings: Settings
    key: str

    @contextmanager
    def service(self) -> Iterator[TestClient]:
        """A planner's client of a service that asks the replica."""
        with client_of(addresses_of(self.settings), self.settings, key=self.key) as client:
            self.until(lambda: self.asked(client))
            yield client

    def asked(self, client: TestClient) -> bool:
        """Whether the service asks the replica."""
        replicas = _services(client).replicas
        return all(
            each.fault is None and each.replayed >= replicas.floor for each in replicas.all
        ) and replicas.heard

    def until(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not reached():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def tell_replica(self, statement: str) -> None:
        with at_once(as_superuser(self.replica)) as connection:
            connection.execute(text(statement))

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """The replica receives, and replays nothing."""
        self.tell_replica("SELECT pg_wal_replay_pause()")
        try:
            yield
        finally:
            self.tell_replica("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with open_directory() as folder:
        settings = Settings(  # type: ignore[call-arg]
            _env_file=None, home=folder / "first", maps=ROOT / "maps", public_rate=0, key_rate=0,
            replica_urls=str(folder / "second"), replica_lag_s=LAG_S,
        )
        alone = settings.model_copy(update={"replica_urls": None})
        with running_cluster(settings) as primary:
            assert primary is not None
            database = reachable_database(alone, primary)
            database.migrate()
            with database.begin() as connection:
                connection.execute(text(
                    "INSERT INTO gis.networks (name, external_id, synthetic, extent, metric_srid) "
                    "VALUES ('A', 'a', true, '{\"west\": 34, \"south\": -1.2, \"east\": 36, "
                    "\"north\": -0.3}', 32736)"
                ))
            key = new_key(database)
            told = gis(settings, "replica", "make", str(folder / "second"))
            assert told.exit_code == 0, told.output
            yield Pair(primary, PrivateCluster(folder / "second"), settings, key)


def gis(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env={"GIS_HOME": str(settings.home)})


def _services(client: TestClient) -> Any:
    return client.app_state["services"]


def answered(client: TestClient) -> dict[str, int]:
    return dict(_services(client).replicas.answered)


def names(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {each["properties"]["name"] for each in answer.json()["features"]}


def test_reading_is_done_by_the_replica_and_writing_by_the_primary(pair: Pair) -> None:
    """The first line of all: and what was written is read at once, whoever answers."""
    with pair.service() as client:
        address, _ = made(client, name="n", status="operational")
        for number in range(20):
            changed = client.patch(
                address, content=orjson.dumps({"properties": {"name": f"n{number}"}}),
                headers=PATCH,
            )
            assert changed.status_code == 204, changed.text
            assert changed.headers["gis-lsn"]
            assert client.get(address).json()["properties"]["name"] == f"n{number}"
            assert f"n{number}" in names(client.get(MANY))
        pair.until(lambda: pair.asked(client))
        before = answered(client)
        for _ in range(3):
            assert client.get("/collections").status_code == 200
        after = answered(client)
        assert after["replica 1"] > before["replica 1"]
        assert after["primary"] == before["primary"]
        figures = client.get("/metrics").text
        assert 'gis_questions_total{server="replica 1"}' in figures
        assert 'gis_replica_asked{server="replica 1"} 1.0' in figures
        client.delete(address)
        assert client.get(address).status_code == 404


def test_nobody_is_shown_what_a_replica_still_believes(pair: Pair) -> None:
    """It is behind: pages, items, tiles and tags are the primary's, then its own again."""
    with pair.service() as client:
        address, _ = made(client, name="was", status="operational")
        pair.until(lambda: pair.asked(client))
        kept = {path: client.get(path) for path in (address, MANY, TILE)}
        with pair.held_back():
            client.patch(
                address, content=orjson.dumps({"properties": {"name": "is now"}}), headers=PATCH
            )
            for _ in range(4):  # the last ones from memory
                for path, old in kept.items():
                    new = client.get(path, headers={"if-none-match": old.headers["etag"]})
                    assert new.status_code == 200, path
                    assert b"is now" in new.content, path
                    assert b"was" not in new.content, path
            newest = client.get(MANY).headers["etag"]
        pair.until(lambda: pair.asked(client))
        again = client.get(MANY, headers={"if-none-match": newest})
        assert again.status_code == 304
        client.delete(address)


def test_who_says_how_far_he_has_come_is_believed_if_he_is_staff(pair: Pair) -> None:
    """A position from a change elsewhere; the public could keep the replica from being asked."""
    beyond = {"GIS-LSN": "FFFFFFFF/0"}
    with pair.service() as client:
        before = answered(client)
        client.get("/collections", headers=beyond)
        middle = answered(client)
        assert middle["replica 1"] == before["replica 1"]
        client.get("/collections", headers=beyond | {"Authorization": ""})
        client.get("/collections", headers={"GIS-LSN": "nonsense"})
        after = answered(client)
        assert after["primary"] == middle["primary"]
        assert after["replica 1"] > middle["replica 1"]


def test_a_browser_that_has_logged_in_keeps_how_far_it_has_come(pair: Pair) -> None:
    """In a cookie that no script reads; the next page is as new, whatever process answers."""
    with pair.service() as client:
        address, _ = made(client, name="n")
        del client.headers["Authorization"]
        log_in(client, pair.key)
        token = {"X-CSRF-Token": field(client.get("/login").text, "csrf_token")}
        changed = client.delete(address, headers=token)
        assert changed.status_code == 204, changed.text
        value, *attributes = cookies_set(changed)["gis_seen"]
        assert value == changed.headers["gis-lsn"].replace("/", "-")
        assert {"HttpOnly", "SameSite=Strict", f"Max-Age={int(60 + LAG_S)}"} <= set(attributes)
        pair.until(lambda: pair.asked(client))
        client.cookies.delete("gis_seen")
        client.cookies.set("gis_seen", "FFFFFFFF-0")
        before = answered(client)
        client.get("/collections")
        assert answered(client)["replica 1"] == before["replica 1"]


def test_a_replica_that_stays_behind_or_is_gone_is_left_out_and_comes_back(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pair.service() as client:
        replicas = _services(client).replicas
        [replica] = replicas.all

        def write() -> None:
            client.delete(made(client, name=uuid4().hex)[0])

        with pair.held_back():
            write()
            pair.until(lambda: "behind" in (replica.fault or ""))
            check = client.get("/health/ready")
            assert check.status_code == 200
            assert "replica 1: It is" in check.text
            found = {each.words for each in following(as_superuser(pair.primary))}
            assert found == {"replica_ok"}
        pair.until(lambda: pair.asked(client))
        pair.replica.stop()
        with monkeypatch.context() as unnoticed:
            unnoticed.setattr(replicas, "chosen", lambda a: None if a.elsewhere else replica)
            for path in ("/collections", "/collections/wards/items?f=csv", "/dashboard"):
                failures = replicas.failures
                assert client.get(path).status_code == 200
                assert replicas.failures > failures, path
        pair.until(lambda: replica.fault is not None)
        found = {each.words for each in following(as_superuser(pair.primary))}
        assert found == {"replica_away"}
        pair.replica.start()
        pair.until(lambda: pair.asked(client))


def test_a_question_that_replaying_cancels_is_put_to_the_primary(pair: Pair) -> None:
    """A lock on the primary arrives while the replica reads the table."""
    pair.tell_replica("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    pair.tell_replica("SELECT pg_reload_conf()")
    addresses = addresses_of(pair.settings)

    def lock() -> None:
        with as_superuser(pair.primary).begin() as connection:
            connection.execute(text("LOCK published.wards IN ACCESS EXCLUSIVE MODE"))

    async def ask() -> None:
        async with Reader.open(
            addresses.logins, pool_size=2, statement_timeout_s=20, replicas=addresses.replicas
        ) as reader:
            assert reader.replicas is not None
            reader.replicas.heard = True
            [replica] = reader.replicas.all
            while replica.fault is not None:
                await asyncio.sleep(0.02)
            token = ASKING.set(Asking("x"))
            slow = text("SELECT count(*) AS n, pg_sleep(1.5)::text FROM published.wards")
            asked = asyncio.create_task(reader.rows(slow, Login.PUBLIC))
            ASKING.reset(token)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(lock)
            [row] = await asked
            assert row["n"] == 0
            assert reader.replicas.failures == 1
            assert reader.replicas.answered["primary"] == 1

    asyncio.run(ask())


def test_every_login_has_the_same_rights_on_the_replica(pair: Pair) -> None:
    [there] = addresses_of(pair.settings).replicas
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), _connected(there[Login.PUBLIC]) as c:
        c.cursor().execute("SELECT * FROM gis.offices")
    with _connected(there[Login.PLANNER]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM gis.offices")
        with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
            cursor.execute("DELETE FROM gis.offices")


def test_a_replica_becomes_a_primary_only_without_the_other(pair: Pair) -> None:
    """Commands: status, a refusal to serve by it, a refusal to promote, and the promotion."""
    home = pair.replica.home
    status = gis(pair.settings, "replica", "status")
    assert "gis_replica_second" in status.output
    assert "streaming" in status.output
    there = pair.settings.model_copy(update={"home": home, "replica_urls": None})
    with pytest.raises(ConfigurationError, match="replica promote"), running_cluster(there):
        pass
    refused = gis(pair.settings, "replica", "promote", str(home))
    assert refused.exit_code == 1
    assert "The primary still runs" in refused.output
    told = gis(pair.settings, "replica", "promote", str(home), "--although-primary-runs")
    assert told.exit_code == 0, told.output
    try:
        prepared_database(there, pair.replica)
        with client_of(addresses_of(there), there, key=pair.key) as client:
            assert client.get(made(client, name="after")[0]).status_code == 200
        with client_of(addresses_of(pair.settings), pair.settings, key=pair.key) as client:
            [replica] = _services(client).replicas.all
            pair.until(lambda: "no replica" in (replica.fault or ""))
        forgotten = gis(pair.settings, "replica", "forget", "gis_replica_second")
        assert forgotten.exit_code == 0, forgotten.output
        assert "No replica follows" in gis(pair.settings, "replica", "status").output
    finally:
        pair.replica.stop()


def test_no_acknowledged_write_is_lost_where_changes_wait_for_the_replica() -> None:
    with open_directory() as folder:
        found = fail_over(folder, waits=True, seconds=0.7)
    assert found.acknowledged > 0
    assert found.lost == 0


def _connected(url: Any) -> Any:
    return psycopg2.connect(
        host=url.query["host"], port=5432, dbname=url.database, user=url.username,
        password=str(url.password),
    )

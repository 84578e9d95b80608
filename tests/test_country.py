"""Questions of a whole country on a cluster of Dask: two processes of this machine."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from dask.distributed import Client, LocalCluster
from sqlalchemy import text

from gis_service.cli import cli
from gis_service.store.database import Database
from tests.conftest import Databases
from tests.country_made import Size, fill

Ask = Callable[..., Result]
WORKER_MB = 900
MADE = Size([40, 25, 30, 10, 35, 20, 30, 25, 30], vertices=3)


@pytest.fixture(scope="module")
def country(databases: Databases, sample_template: str) -> Iterator[tuple[Database, list[str]]]:
    """The sample, scattered over eight counties, and a made country; its networks."""
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with databases.superuser(database) as connection:
        connection.execute(text("ALTER TABLE gis.wards DISABLE TRIGGER USER"))
        # Next to every ward lies one of another county.
        connection.execute(text(
            "UPDATE gis.wards SET code ="
            " lpad((code::int % 4 * 300 + code::int - 1300)::text, 4, '0')"
        ))
        networks = fill(connection, MADE)
    yield database, networks
    databases.drop(database)


@pytest.fixture(scope="module")
def ask(country: tuple[Database, list[str]], home: Path) -> Iterator[Ask]:
    url = country[0].url.render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_HOME", str(home))
        patch.setenv("GIS_DATABASE_URL", url)
        yield lambda *arguments: CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture(scope="module")
def workers(ask: Ask) -> Iterator[LocalCluster]:
    del ask  # whose settings the workers inherit
    with LocalCluster(
        n_workers=2, threads_per_worker=1, memory_limit=f"{WORKER_MB}MB", host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster:
        yield cluster


def _told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    for changing in ("read_at", "duration_s"):
        document.pop(changing, None)
    return document


@pytest.mark.parametrize("asked", [
    ("coverage", "by=ward", "plan=true", "within_m=3000"),
    ("coverage", "by=phase", "day=2026-01-01", "shapes=false"),
    ("single-points-of-failure", "limit=10000"),
    ("single-points-of-failure", "kind=trench", "limit=5", "scenario=what-if"),
])
def test_a_cluster_answers_as_one_process_does(
    ask: Ask, workers: LocalCluster, asked: tuple[str, ...]
) -> None:
    alone = _told(ask("analyse", *asked))
    assert _told(ask("analyse", *asked, "--scheduler", workers.scheduler_address)) == alone
    assert alone["features"]


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    ask: Ask, workers: LocalCluster
) -> None:
    asked = ("analyse", "single-points-of-failure")
    alone = _told(ask(*asked))
    address = workers.scheduler_address
    killed: list[int] = []
    done = threading.Event()

    def kill(client: Client, processes: dict[str, int]) -> None:
        while not killed and not done.wait(0.005):
            if busy := [name for name, keys in client.processing().items() if keys]:
                killed.append(processes[busy[0]])
                os.kill(killed[0], signal.SIGKILL)

    with Client(address) as client:
        killer = threading.Thread(target=kill, args=(client, client.run(os.getpid)))
        killer.start()
        try:
            told = _told(ask(*asked, "--scheduler", address))
        finally:
            done.set()
            killer.join()
    assert killed
    assert told == alone


def test_networks_are_checked_as_by_one_process(
    ask: Ask, workers: LocalCluster, country: tuple[Database, list[str]]
) -> None:
    networks = country[1]
    asked = ["quality", "--json", "-", *(word for each in networks for word in ("--network", each))]
    alone = _told(ask(*asked))
    assert _told(ask(*asked, "--scheduler", workers.scheduler_address)) == alone
    assert len({each["path"][1] for each in alone["findings"]}) == len(networks)


def test_each_process_has_its_limit_of_memory(workers: LocalCluster) -> None:
    limits = {each["memory_limit"] for each in workers.scheduler_info["workers"].values()}
    assert limits == {WORKER_MB * 1_000_000}


@pytest.mark.parametrize(("arguments", "told"), [
    (("analyse", "coverage", "--scheduler", "ftp://there"), "is no address of a scheduler"),
    (("analyse", "trace", "office=KSI-O-041", "--scheduler", "local:2"), "With --scheduler these"),
    (("quality", __file__, "--scheduler", "local:2"), "is for networks of the database"),
])
def test_what_cannot_be_asked_of_a_cluster_is_told(
    ask: Ask, arguments: tuple[str, ...], told: str
) -> None:
    result = ask(*arguments)
    assert result.exit_code
    assert told in result.output

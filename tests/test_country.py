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
from tests.conftest import Databases

Ask = Callable[..., Result]
WORKER_MB = 900


@pytest.fixture(scope="module")
def ask(databases: Databases, sample_template: str, home: Path) -> Iterator[Ask]:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    with databases.superuser(database) as connection:
        # Codes of eight counties, so that next to every ward lies one of another county.
        connection.execute(text("ALTER TABLE gis.wards DISABLE TRIGGER USER"))
        connection.execute(text(
            "UPDATE gis.wards SET code ="
            " lpad((code::int % 4 * 300 + code::int - 1300)::text, 4, '0')"
        ))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIS_HOME", str(home))
        patch.setenv("GIS_DATABASE_URL", database.url.render_as_string(hide_password=False))
        yield lambda *arguments: CliRunner().invoke(cli, ["analyse", *map(str, arguments)])
    databases.drop(database)


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
    document.pop("read_at")
    return document


@pytest.mark.parametrize("inputs", [
    ("by=ward", "plan=true", "within_m=3000"),
    ("by=phase", "day=2026-01-01", "shapes=false"),
])
def test_a_cluster_answers_as_one_process_does(
    ask: Ask, workers: LocalCluster, inputs: tuple[str, ...]
) -> None:
    alone = _told(ask("coverage", *inputs))
    assert _told(ask("coverage", *inputs, "--scheduler", workers.scheduler_address)) == alone
    assert alone["features"]


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    ask: Ask, workers: LocalCluster
) -> None:
    alone = _told(ask("coverage", "by=theme", "shapes=false"))
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
            told = _told(ask("coverage", "by=theme", "shapes=false", "--scheduler", address))
        finally:
            done.set()
            killer.join()
    assert killed
    assert told == alone


def test_each_process_has_its_limit_of_memory(workers: LocalCluster) -> None:
    limits = {each["memory_limit"] for each in workers.scheduler_info["workers"].values()}
    assert limits == {WORKER_MB * 1_000_000}


@pytest.mark.parametrize(("arguments", "told"), [
    (("coverage", "--scheduler", "ftp://there"), "is no address of a scheduler"),
    (("trace", "office=KSI-O-041", "--scheduler", "local:2"), "With --scheduler these"),
])
def test_what_cannot_be_asked_of_a_cluster_is_told(
    ask: Ask, arguments: tuple[str, ...], told: str
) -> None:
    result = ask(*arguments)
    assert result.exit_code
    assert told in result.output

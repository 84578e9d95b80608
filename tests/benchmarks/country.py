"""
Questions of a whole country: one process, and Dask with one, two and four workers.

Run by hand: `python -m tests.benchmarks.country [--counties 47] [--nodes 1000]
[--largest 1] [--workers 1,2,4] [--rounds 3]`. It makes a private cluster in a temporary
folder and in it a country (`tests.country_made`): so many nodes in each county, in the
first of them so many times as many. Each question is asked by `gis`, in turn of
one process and of clusters of Dask that run already, and the answers must be equal.
Time is on the clock with the start of the command; memory is the most that a process
held (`VmHWM`), of the one that asks and of the largest worker, and both together with
the other workers. PostgreSQL's is not in it: it answers all alike.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dask.distributed import Client, LocalCluster

from gis_service.installation import OWNER
from gis_service.store.cluster import PrivateCluster
from gis_service.store.database import Database
from tests.conftest import Databases
from tests.country_made import Size, fill

QUESTIONS = {
    "coverage of wards": ("analyse", "coverage", "by=ward", "shapes=false"),
    "single points of failure": ("analyse", "single-points-of-failure", "limit=1000"),
    "quality of all networks": ("quality", "--json", "-"),
}
CHANGING = ("read_at", "duration_s")
WORKER_MB = 2_000


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds, and megabytes of the asker, of the largest worker and of all together."""

    took_s: float
    asker_mb: float
    largest_mb: float
    all_mb: float


@contextmanager
def country(size: Size) -> Iterator[list[str]]:
    """A database with a country, to which the environment leads; the networks' identifiers."""
    home = Path(tempfile.mkdtemp(prefix="gis-country-"))
    home.chmod(0o755)
    cluster = PrivateCluster(home)
    try:
        cluster.start()
        cluster.ensure_login(OWNER, createdb=True)
        cluster.ensure_database("country", owner=OWNER)
        databases = Databases(cluster, itertools.count())
        database = Database.at(cluster.url("country", OWNER))
        database.migrate()
        databases.with_logins(database)
        with databases.superuser(database) as connection:
            networks = fill(connection, size)
        os.environ["GIS_HOME"] = str(home)
        os.environ["GIS_DATABASE_URL"] = database.url.render_as_string(hide_password=False)
        database.engine.dispose()
        yield networks
    finally:
        cluster.stop()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def workers(count: int) -> Iterator[tuple[str, list[int]]]:
    """A cluster that runs: its address, and its workers' process ids."""
    with LocalCluster(
        n_workers=count, threads_per_worker=1, memory_limit=f"{WORKER_MB}MB", host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
    ) as cluster, Client(cluster) as client:
        client.run(_warm)
        yield cluster.scheduler_address, list(client.run(os.getpid).values())


def _warm() -> None:
    import gis_service.cli.country  # noqa: F401, PLC0415 - a worker loads it once in its life


def asked(arguments: Sequence[str], pids: Sequence[int] = ()) -> tuple[Run, dict[str, Any]]:
    """A command's cost and its answer."""
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _TOLD, *arguments], check=True, capture_output=True,
    )
    took = time.perf_counter() - began
    asker = float(done.stderr.split()[-1]) / 1_000
    of_workers = [_most_mb(pid) for pid in pids]
    answer: dict[str, Any] = json.loads(done.stdout)
    for each in CHANGING:
        answer.pop(each, None)
    return Run(took, asker, max(of_workers, default=0.0), asker + sum(of_workers)), answer


_TOLD = """
import atexit, resource, sys
from gis_service.cli import cli
atexit.register(lambda: print(
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr))
cli()
"""


def _most_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1_000
    return 0.0


def row(name: str, way: str, runs: Sequence[Run], alone: float) -> str:
    took = statistics.median(run.took_s for run in runs)
    asker, largest, together = (
        max(getattr(run, each) for run in runs) for each in ("asker_mb", "largest_mb", "all_mb")
    )
    return (
        f"| {name} | {way} | {took:.1f} | {took / alone:.2f} | {asker:,.0f} | "
        f"{largest or '':{',.0f' if largest else ''}} | {together:,.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counties", type=int, default=47)
    parser.add_argument("--nodes", type=int, default=1_000)
    parser.add_argument("--largest", type=int, default=1)
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", default=",".join(QUESTIONS))
    chosen = parser.parse_args()
    nodes = [chosen.nodes] * chosen.counties
    nodes[0] *= chosen.largest
    size = Size(nodes, vertices=12)
    with country(size) as networks:
        print(f"{chosen.counties} counties, {sum(nodes):,} nodes, {max(nodes):,} in the largest; "
              f"{sum(nodes) * size.links:,.0f} links, {sum(nodes) * size.offices:,.0f} offices\n")
        print("| question | asked of | s | times one process | asker MB | largest worker MB | "
              "together MB |")
        print("|---|---|--:|--:|--:|--:|--:|")
        of_all = [word for each in networks for word in ("--network", each)]
        for name in chosen.questions.split(","):
            arguments = [*QUESTIONS[name], *(of_all if name.startswith("quality") else ())]
            alone = [asked(arguments) for _ in range(chosen.rounds)]
            base = statistics.median(run.took_s for run, _ in alone)
            print(row(name, "one process", [run for run, _ in alone], base), flush=True)
            for count in map(int, chosen.workers.split(",")):
                with workers(count) as (address, pids):
                    there = [
                        asked([*arguments, "--scheduler", address], pids)
                        for _ in range(chosen.rounds)
                    ]
                assert all(answer == alone[0][1] for _, answer in there), "the answers differ"
                print(row(name, f"Dask, {count}", [run for run, _ in there], base), flush=True)


if __name__ == "__main__":
    main()

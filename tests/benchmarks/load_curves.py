"""
Mixed traffic at one, two and four times what the service can do: does it give way in order?

    .venv/bin/python -m tests.benchmarks.load_curves --scale M --seconds 20

A real service with two workers on a made network. Many readers ask at random moments,
more of them than it can answer. What it can do is found first: the most that are all
answered, half of them within half a second. Beside them one of their questions, a cheap
one and the health are asked ten times a second each, and timed. Generator (`wrk`, a
Debian package), service and database share the machine's cores, so the rates say little;
how they change says what is asked.

Kinds differ in what they take: work is the processor time that one question of a kind takes
of service and database when nothing else is asked, times how many were answered.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gis_service.installation import prepared_database, running_cluster
from gis_service.model.audience import Audience
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from gis_service.store.cluster.process import find_postmaster
from tests.benchmarks.load_traffic import KINDS, PAUSE_S, Tally, Traffic, ask, readers
from tests.benchmarks.load_work import memory_mb, processor_s
from tests.benchmarks.network_made import made
from tests.benchmarks.network_served import store
from tests.conftest import free_port, wait_for

HEALTH = "/health/live"
CHEAP = "/conformance?f=json"
PROBES_PER_S = 10
FIRST_RATE = 40.0
QUICK_MS = 500.0
COSTED_S = 2.0
"""What a kind takes is measured for so long."""


@dataclass(frozen=True)
class Served:
    """A running service."""

    port: int
    pid: int
    postmaster: int

    def work_s(self) -> tuple[float, float]:
        """Processor time of the service and of its database, until now."""
        return processor_s(self.pid), processor_s(self.postmaster)


@dataclass(frozen=True)
class Offered:
    """What became of the traffic, by kind, and of what was asked beside it."""

    kinds: dict[str, Tally]
    sample: dict[str, Tally]
    """Of some requests of the same kinds: how long answers took."""
    cheap: Tally
    health: Tally
    cores: tuple[float, float, float]
    """Cores that service, database and generator kept busy."""
    seconds: float

    @property
    def statuses(self) -> Counter[str]:
        """Of all kinds."""
        return sum((tally.statuses for tally in self.kinds.values()), Counter())

    @property
    def answered(self) -> int:
        """How many got what they asked for."""
        return sum(tally.answered for tally in self.kinds.values())

    @property
    def timed(self) -> Tally:
        """The sample of all kinds."""
        return Tally(seconds=[s for tally in self.sample.values() for s in tally.seconds])

    def work_s(self, costs: dict[str, float]) -> float:
        """What the answered would have taken one after the other, in each second."""
        found = sum(costs[kind] * tally.answered for kind, tally in self.kinds.items())
        return found / self.seconds


def costs(served: Served, traffic: Traffic) -> dict[str, float]:
    """Processor time that one question of each kind takes of service and database, in seconds."""
    return {kind: asyncio.run(_cost(served, traffic, kind)) for kind in KINDS}


async def _cost(served: Served, traffic: Traffic, kind: str) -> float:
    tally = Tally()
    before = sum(served.work_s())
    until = time.perf_counter() + COSTED_S
    while time.perf_counter() < until:
        await ask(served.port, *traffic.request(kind), tally)
    assert tally.answered == tally.asked, f"{kind} is not answered: {tally.statuses}"
    return (sum(served.work_s()) - before) / tally.answered


def capacity(served: Served, traffic: Traffic, seconds: float) -> float:
    """The highest rate found at which nobody is refused and half are answered soon."""
    low, high, rate = 0.0, float("inf"), FIRST_RATE
    while high / max(low, 1) > 1.2:
        found = offer(served, traffic, rate, seconds)
        odd = set(found.statuses) - {"200", "204", "503", "late"}
        assert not odd, f"the mix is not answered: {found.statuses}"
        failed = found.statuses.total() - found.answered
        if failed or found.timed.quantile_ms(0.5) > QUICK_MS:
            high = rate
        else:
            low = rate
        rate = rate * 2 if high == float("inf") else (max(low, rate / 4) + high) / 2
        assert rate > 1, "it answers nothing"
    return low


def offer(served: Served, traffic: Traffic, rate: float, seconds: float) -> Offered:
    """Traffic at a rate, and what became of it."""
    generated = _generator_s()
    worked, began = served.work_s(), time.perf_counter()
    with readers(served.port, traffic, rate, seconds) as kinds:
        beside = asyncio.run(_beside(served.port, traffic, seconds))
        took = time.perf_counter() - began
        cores = [(now - then) / took for now, then in
                 zip(served.work_s(), worked, strict=True)]
    cores.append((_generator_s() - generated) / took)
    return Offered(kinds, *beside, (cores[0], cores[1], cores[2]), seconds)


def _generator_s() -> float:
    found = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in found)


async def _beside(
    port: int, traffic: Traffic, seconds: float
) -> tuple[dict[str, Tally], Tally, Tally]:
    """Some requests whose time is taken."""
    sample, cheap, health = {kind: Tally() for kind in KINDS}, Tally(), Tally()
    tasks: set[asyncio.Task[None]] = set()

    def send(path: str, key: str | None, into: Tally) -> None:
        task = asyncio.ensure_future(ask(port, path, key, into))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await asyncio.sleep(PAUSE_S)  # until the readers have come
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        kind = traffic.kind()
        send(*traffic.request(kind), sample[kind])
        send(CHEAP, None, cheap)
        send(HEALTH, None, health)
        await asyncio.sleep(1 / PROBES_PER_S)
    if tasks:
        await asyncio.wait(tasks)
    return sample, cheap, health


def measure(served: Served, traffic: Traffic, seconds: float, able: float | None) -> None:
    """Print the tables."""
    capacity(served, traffic, seconds / 2)  # warms caches, pools and the graph
    costed = costs(served, traffic)
    mean = sum(costed[kind] * share for kind, share in KINDS.items())
    if able is None:
        able = capacity(served, traffic, seconds / 2)
    print(f"It can do {able:.0f} requests/s. One takes {mean * 1000:.1f} ms of processors: "
          + ", ".join(f"{kind} {cost * 1000:.1f}" for kind, cost in costed.items()) + ".\n")
    print("| offered | answered/s | share of capacity | the same in work | p50, p99 ms | 503 "
          "| late | without Retry-After | health p50, p99 ms, failed | cheap p50, p99 ms, refused, "
          "failed | cores of service, database, generator | memory MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(f"| before | | | | | | | | | | | {memory_mb(served.pid):.0f} |")
    rows: list[tuple[str, Offered]] = []
    for times in (1, 2, 4, 1):
        found = offer(served, traffic, able * times, seconds)
        rows.append((f"{times} x {able:.0f}/s", found))
        answered = found.answered / seconds
        print(
            f"| {rows[-1][0]} | {answered:.0f} | {answered / able:.2f} "
            f"| {found.work_s(costed) / (able * mean):.2f} | {_times(found.timed)} "
            f"| {found.statuses['503']} | {found.statuses['late']} "
            f"| {sum(tally.bare_refusals for tally in found.kinds.values())} "
            f"| {_times(found.health)}, {found.health.asked - found.health.answered} "
            f"| {_times(found.cheap)}, {found.cheap.statuses['503']}, "
            f"{found.cheap.asked - found.cheap.answered - found.cheap.statuses['503']} "
            f"| {', '.join(f'{each:.2f}' for each in found.cores)} | {memory_mb(served.pid):.0f} |",
            flush=True,
        )
        time.sleep(5)
    print(f"| a minute after | | | | | | | | | | | {_after(served.pid):.0f} |")
    print(f"\n| answered/s, share of those who asked, p50, p99 ms | {' | '.join(KINDS)} |")
    print(f"|---|{'--:|' * len(KINDS)}")
    for name, found in rows:
        print(f"| {name} | " + " | ".join(_of_kind(found, kind) for kind in KINDS) + " |")


def _times(tally: Tally) -> str:
    return f"{tally.quantile_ms(0.5):.0f}, {tally.quantile_ms(0.99):.0f}"


def _of_kind(found: Offered, kind: str) -> str:
    tally = found.kinds[kind]
    share = tally.answered / max(1, tally.asked)
    return f"{tally.answered / found.seconds:.1f}, {share:.2f}, {_times(found.sample[kind])}"


def _after(pid: int) -> float:
    time.sleep(60)
    return statistics.median(memory_mb(pid) for _ in range(3))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", choices=("S", "M"), default="M")
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--capacity", type=float, help="what is found otherwise, in requests/s")
    options = arguments.parse_args()
    graph = made(options.scale)
    home = Path(tempfile.mkdtemp(prefix="gis-load-"))
    home.chmod(0o755)
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    try:
        with running_cluster(settings) as cluster:
            assert cluster is not None
            database, _ = prepared_database(settings, cluster)
            store(database, graph)
            key = create_key(database, role=Audience.PLANNER, name="A planner", client=None)
            port = free_port()
            environment = os.environ | {
                "GIS_HOME": str(home), "GIS_PORT": str(port), "GIS_WORKERS": "2",
                "GIS_PUBLIC_RATE": "0", "GIS_KEY_RATE": "0", "GIS_ACCESS_LOG": "none",
            }  # fmt: skip
            process = subprocess.Popen(
                [sys.executable, "-m", "gis_service", "up", "--no-sample"], env=environment,
                stdout=subprocess.DEVNULL,
            )
            try:
                wait_for(f"http://127.0.0.1:{port}", process)
                postmaster = find_postmaster(cluster.data)
                assert postmaster is not None
                with suppress(PermissionError):
                    os.nice(-10)  # readers are not slowed down by the service
                measure(
                    Served(port, process.pid, postmaster.pid),
                    Traffic(graph, key.text.shown(), seed=options.seed),
                    options.seconds, options.capacity,
                )
            finally:
                process.terminate()
                process.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()

"""
Mixed traffic at one, two and four times what the service can do: does it give way in order?

    .venv/bin/python -m tests.benchmarks.load_curves --scale M --seconds 20

A real service with two workers on a made network. Requests arrive at random moments
(Poisson), whether answers keep up or not, which is how readers come. What it can do is
found first: the most that are all answered, half of them within half a second. Beside
them a cheap question and the health are asked five times a second each. Generator,
service and database share the machine's cores, so the rates say little; how they change
says what is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from gis_service.installation import prepared_database, running_cluster
from gis_service.model.audience import Audience
from gis_service.network.graph import NetworkGraph, texts
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from tests.benchmarks.network_made import EAST, NORTH, SOUTH, WEST, made
from tests.benchmarks.network_served import store
from tests.conftest import free_port, wait_for

GIVEN_UP_S = 10.0
HEALTH = "/health/live"
CHEAP = "/conformance?f=json"
PROBES_PER_S = 5
FIRST_RATE = 40.0
QUICK_MS = 500.0


@dataclass
class Tally:
    """What came back: status, seconds and whether a refusal says when to come again."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    bare_refusals: int = 0

    def add(self, status: str, seconds: float, head: bytes) -> None:
        self.statuses[status] += 1
        if status == "200":
            self.seconds.append(seconds)
        if status in {"503", "429"} and b"retry-after:" not in head.lower():
            self.bare_refusals += 1

    @property
    def answered(self) -> int:
        """How many got what they asked for."""
        return self.statuses["200"] + self.statuses["204"]

    def quantile_ms(self, share: float) -> float:
        found = sorted(self.seconds)
        return found[min(len(found) - 1, int(share * len(found)))] * 1000 if found else float("nan")


class Traffic:
    """Requests as readers and staff send them, none twice in a row."""

    def __init__(self, graph: NetworkGraph, key: str, *, seed: int) -> None:
        self._dice = random.Random(seed)
        self._links = texts(graph.links.ids)
        self._key = key

    def request(self) -> tuple[str, str | None]:
        """A path, and the key that goes with it."""
        dice = self._dice
        x, y = dice.uniform(WEST, EAST), dice.uniform(SOUTH, NORTH)
        kind = dice.random()
        if kind < 0.40:
            collection = dice.choice(("network_nodes", "fibre_links", "offices"))
            side = dice.choice((0.03, 0.1))
            box = f"{x:.5f},{y:.5f},{x + side:.5f},{y + side:.5f}"
            return f"/collections/{collection}/items?f=json&limit=2000&bbox={box}", None
        if kind < 0.70:
            zoom = dice.choice((11, 12, 13, 14))
            column = int((x + 180) / 360 * 2**zoom)
            row = int((0.5 - y / 360) * 2**zoom)  # near the equator a degree is a degree
            return f"/collections/fibre_links/tiles/WebMercatorQuad/{zoom}/{row}/{column}", None
        if kind < 0.85:
            words = quote(f"name LIKE '%{dice.randrange(100, 1000)}%' AND office_type = 'other'")
            return f"/collections/offices/items?f=json&limit=100&filter={words}", self._key
        if kind < 0.97:
            link = dice.choice(self._links)
            return f"/processes/outage-impact/execution?links={link}", self._key
        return "/maps/coverage", None


async def ask(port: int, path: str, key: str | None, tally: Tally) -> None:
    """One request over a connection of its own, given up after ten seconds."""
    began = time.perf_counter()
    writer = None
    head = b""
    try:
        async with asyncio.timeout(GIVEN_UP_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            held = f"Authorization: Bearer {key}\r\n" if key else ""
            asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{held}Connection: close\r\n\r\n"
            writer.write(asked.encode())
            answer = await reader.read(2**16)
            head = answer.split(b"\r\n\r\n", 1)[0]
            while await reader.read(2**18):
                pass
        status = answer[9:12].decode() or "cut"
    except TimeoutError:
        status = "late"
    except OSError:
        status = "refused"
    finally:
        if writer is not None:
            writer.close()
    tally.add(status, time.perf_counter() - began, head)


def capacity(port: int, traffic: Traffic, seconds: float) -> float:
    """The highest rate found at which nobody is refused and half are answered soon."""
    low, high, rate = 0.0, float("inf"), FIRST_RATE
    while high / max(low, 1) > 1.2:
        tally = asyncio.run(offer(port, traffic, rate, seconds, seed=0)).tally
        odd = set(tally.statuses) - {"200", "204", "503", "late"}
        assert not odd, f"the mix is not answered: {tally.statuses}"
        failed = sum(tally.statuses.values()) - tally.answered
        if failed or tally.quantile_ms(0.5) > QUICK_MS:
            high = rate
        else:
            low = rate
        rate = rate * 2 if high == float("inf") else (max(low, rate / 4) + high) / 2
        assert rate > 1, "it answers nothing"
    return low


@dataclass(frozen=True)
class Offered:
    """What became of the traffic, and of what was asked beside it."""

    tally: Tally
    cheap: Tally
    health: Tally
    own_lag_ms: float
    """By how much we ourselves were late, at most in 99 of 100."""


async def offer(
    port: int, traffic: Traffic, rate: float, seconds: float, *, seed: int
) -> Offered:
    """Requests at random moments, so many each second; and the cheap ones beside them."""
    dice = random.Random(seed)
    tally, cheap, health = Tally(), Tally(), Tally()
    own_lag: list[float] = []
    tasks: set[asyncio.Task[None]] = set()

    def send(path: str, key: str | None, into: Tally) -> None:
        task = asyncio.ensure_future(ask(port, path, key, into))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def stream(pause: Callable[[], float], make: Callable[[], None]) -> None:
        due = time.perf_counter()
        until = due + seconds
        while due < until:
            due += pause()
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            own_lag.append(time.perf_counter() - due)
            make()

    await asyncio.gather(
        stream(lambda: dice.expovariate(rate), lambda: send(*traffic.request(), tally)),
        stream(lambda: 1 / PROBES_PER_S, lambda: send(CHEAP, None, cheap)),
        stream(lambda: 1 / PROBES_PER_S, lambda: send(HEALTH, None, health)),
    )
    if tasks:
        await asyncio.wait(tasks)
    return Offered(tally, cheap, health, sorted(own_lag)[int(0.99 * len(own_lag))] * 1000)


def memory_mb(root: int) -> float:
    """Memory of a process and all below it, without what they share with others (PSS)."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    total, left = 0, [root]
    while left:
        pid = left.pop()
        left += children.get(pid, [])
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
    return total / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", choices=("S", "M"), default="M")
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    graph = made(options.scale)
    home = Path(tempfile.mkdtemp(prefix="gis-load-"))
    home.chmod(0o755)
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    try:
        with running_cluster(settings) as cluster:
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
                with suppress(PermissionError):
                    os.nice(-10)  # readers are not slowed down by the service
                measure(port, Traffic(graph, key.text.shown(), seed=options.seed),
                        process.pid, options.seconds)
            finally:
                process.terminate()
                process.wait(30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def measure(port: int, traffic: Traffic, pid: int, seconds: float) -> None:
    """Print the table."""
    capacity(port, traffic, seconds / 2)  # warms caches, pools and the graph
    able = capacity(port, traffic, seconds / 2)
    print(f"It can do {able:.0f} requests/s.\n")
    print("| offered | answered/s | share of capacity | p50, p99 ms | 503 | late, cut | without "
          "Retry-After | health p50, p99 ms, failed | cheap p50, p99 ms, refused, failed "
          "| generator late ms | memory MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(f"| before | | | | | | | | | | {memory_mb(pid):.0f} |")
    for times in (1, 2, 4, 1):
        found = asyncio.run(offer(port, traffic, able * times, seconds, seed=times))
        tally, cheap, health = found.tally, found.cheap, found.health
        answered = tally.answered / seconds
        refused = tally.statuses["503"]
        print(
            f"| {times} x {able:.0f}/s | {answered:.0f} | {answered / able:.2f} "
            f"| {tally.quantile_ms(0.5):.0f}, {tally.quantile_ms(0.99):.0f} | {refused} "
            f"| {sum(tally.statuses.values()) - tally.answered - refused} "
            f"| {tally.bare_refusals} "
            f"| {health.quantile_ms(0.5):.0f}, {health.quantile_ms(0.99):.0f}, "
            f"{sum(health.statuses.values()) - health.answered} "
            f"| {cheap.quantile_ms(0.5):.0f}, {cheap.quantile_ms(0.99):.0f}, "
            f"{cheap.statuses['503']}, "
            f"{sum(cheap.statuses.values()) - cheap.answered - cheap.statuses['503']} "
            f"| {found.own_lag_ms:.0f} | {memory_mb(pid):.0f} |",
            flush=True,
        )
        time.sleep(5)
    print(f"| a minute after | | | | | | | | | | {_after(pid):.0f} |")


def _after(pid: int) -> float:
    time.sleep(60)
    return statistics.median(memory_mb(pid) for _ in range(3))


if __name__ == "__main__":
    main()

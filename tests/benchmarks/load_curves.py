"""
Mixed traffic at one, two and four times what the service can do: does it give way in order?

    .venv/bin/python -m tests.benchmarks.load_curves --scale M --seconds 20

A real service with two workers on a made network. Many readers ask at random moments,
more of them than it can answer. What it can do is found first: the most that are all
answered, half of them within half a second. Beside them one of their questions, a cheap
one and the health are asked ten times a second each, and timed. Generator (`wrk`, a
Debian package), service and database share the machine's cores, so the rates say little;
how they change says what is asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
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
PROBES_PER_S = 10
PAUSE_S = 3.0
FIRST_RATE = 40.0
QUICK_MS = 500.0


_READERS = """
local requests, statuses, bare, began = {}, {}, 0, nil
function init()
  for line in io.lines("requests") do
    local path, key = line:match("^(.-)\\t(.*)$")
    local headers = { ["Connection"] = "close" }
    if key ~= "" then headers["Authorization"] = "Bearer " .. key end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end
local at = 0
function request()
  at = at % #requests + 1
  return requests[at]
end
function delay()
  return -math.log(1 - math.random()) * tonumber(os.getenv("PAUSE_MS"))
end
function response(status, headers)
  began = began or os.time()
  if os.time() - began < tonumber(os.getenv("HEAD_S")) then return end
  local name = tostring(status)
  statuses[name] = (statuses[name] or 0) + 1
  if status == 503 and not (headers["retry-after"] or headers["Retry-After"]) then
    bare = bare + 1
  end
  told = '{"bare": ' .. bare
  for each, number in pairs(statuses) do told = told .. ', "' .. each .. '": ' .. number end
end
local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary)
  print((threads[1]:get("told") or '{"bare": 0') .. ', "late": ' .. summary.errors.timeout .. '}')
end
"""
"""Readers for wrk; what comes while they arrive is not counted."""


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


@dataclass(frozen=True)
class Offered:
    """What became of the traffic, and of what was asked beside it."""

    statuses: Counter[str]
    bare_refusals: int
    sample: Tally
    """Of some requests of the same kinds: how long answers took."""
    cheap: Tally
    health: Tally
    generator_share: float
    """Of one core."""

    @property
    def answered(self) -> int:
        """How many got what they asked for."""
        return self.statuses["200"] + self.statuses["204"]


def capacity(port: int, traffic: Traffic, seconds: float) -> float:
    """The highest rate found at which nobody is refused and half are answered soon."""
    low, high, rate = 0.0, float("inf"), FIRST_RATE
    while high / max(low, 1) > 1.2:
        found = offer(port, traffic, rate, seconds)
        odd = set(found.statuses) - {"200", "204", "503", "late"}
        assert not odd, f"the mix is not answered: {found.statuses}"
        failed = sum(found.statuses.values()) - found.answered
        if failed or found.sample.quantile_ms(0.5) > QUICK_MS:
            high = rate
        else:
            low = rate
        rate = rate * 2 if high == float("inf") else (max(low, rate / 4) + high) / 2
        assert rate > 1, "it answers nothing"
    return low


def offer(port: int, traffic: Traffic, rate: float, seconds: float) -> Offered:
    """
    Requests of many readers, each of whom waits for the answer and then for a while.

    `wrk` sends them, since a generator in Python takes as much of the machine as the
    service. There are so many readers that they ask `rate` times a second if each waits
    `PAUSE_S` on average; whoever is answered late asks later, as people do.
    """
    with tempfile.TemporaryDirectory(prefix="gis-wrk-") as made_folder:
        folder = Path(made_folder)
        lines = ("\t".join((path, key or "")) for path, key in
                 (traffic.request() for _ in range(20_000)))
        (folder / "requests").write_text("\n".join(lines) + "\n")
        (folder / "readers.lua").write_text(_READERS)
        readers = max(1, round(rate * PAUSE_S))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.Popen(
            ["wrk", "--threads", "1", "--connections", str(readers),
             "--duration", f"{seconds + PAUSE_S:.0f}s", "--timeout", f"{GIVEN_UP_S:.0f}s",
             "--script", str(folder / "readers.lua"), f"http://127.0.0.1:{port}"],
            stdout=subprocess.PIPE, text=True, cwd=folder,
            env=os.environ | {"PAUSE_MS": str(PAUSE_S * 1000), "HEAD_S": str(PAUSE_S)},
        )
        sample, cheap, health = asyncio.run(_beside(port, traffic, seconds))
        told = process.communicate()[0]
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    counted = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
    statuses = Counter({name: number for name, number in counted.items() if name != "bare"})
    work = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Offered(statuses, counted["bare"], sample, cheap, health, work / (seconds + PAUSE_S))


async def _beside(port: int, traffic: Traffic, seconds: float) -> tuple[Tally, Tally, Tally]:
    """Some requests whose time is taken."""
    sample, cheap, health = Tally(), Tally(), Tally()
    tasks: set[asyncio.Task[None]] = set()

    def send(path: str, key: str | None, into: Tally) -> None:
        task = asyncio.ensure_future(ask(port, path, key, into))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await asyncio.sleep(PAUSE_S)  # until the readers have come
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        send(*traffic.request(), sample)
        send(CHEAP, None, cheap)
        send(HEALTH, None, health)
        await asyncio.sleep(1 / PROBES_PER_S)
    if tasks:
        await asyncio.wait(tasks)
    return sample, cheap, health


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
    print("| offered | answered/s | share of capacity | p50, p99 ms | 503 | late | without "
          "Retry-After | health p50, p99 ms, failed | cheap p50, p99 ms, refused, failed "
          "| generator's share of a core | memory MB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    print(f"| before | | | | | | | | | | {memory_mb(pid):.0f} |")
    for times in (1, 2, 4, 1):
        found = offer(port, traffic, able * times, seconds)
        cheap, health = found.cheap, found.health
        answered = found.answered / seconds
        print(
            f"| {times} x {able:.0f}/s | {answered:.0f} | {answered / able:.2f} "
            f"| {found.sample.quantile_ms(0.5):.0f}, {found.sample.quantile_ms(0.99):.0f} "
            f"| {found.statuses['503']} | {found.statuses['late']} | {found.bare_refusals} "
            f"| {health.quantile_ms(0.5):.0f}, {health.quantile_ms(0.99):.0f}, "
            f"{sum(health.statuses.values()) - health.answered} "
            f"| {cheap.quantile_ms(0.5):.0f}, {cheap.quantile_ms(0.99):.0f}, "
            f"{cheap.statuses['503']}, "
            f"{sum(cheap.statuses.values()) - cheap.answered - cheap.statuses['503']} "
            f"| {found.generator_share:.2f} | {memory_mb(pid):.0f} |",
            flush=True,
        )
        time.sleep(5)
    print(f"| a minute after | | | | | | | | | | {_after(pid):.0f} |")


def _after(pid: int) -> float:
    time.sleep(60)
    return statistics.median(memory_mb(pid) for _ in range(3))


if __name__ == "__main__":
    main()

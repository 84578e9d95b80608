"""What readers and staff ask of a service, kind by kind, and readers who ask it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from gis_service.network.graph import NetworkGraph, texts
from tests.benchmarks.network_made import EAST, NORTH, SOUTH, WEST

GIVEN_UP_S = 10.0
PAUSE_S = 3.0
"""A reader waits so long on average before he asks again."""
LINES = 20_000

KINDS: Mapping[str, float] = {
    "box": 0.40, "tile": 0.30, "filter": 0.15, "outage": 0.12, "map": 0.03,
}
"""Shares of the traffic. A filter and an outage are asked with a key."""

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


class Traffic:
    """Requests as readers and staff send them, none twice in a row."""

    def __init__(self, graph: NetworkGraph, key: str, *, seed: int) -> None:
        self._dice = random.Random(seed)
        self._links = texts(graph.links.ids)
        self._key = key

    def kind(self) -> str:
        """One kind, each as often as its share says."""
        return self._dice.choices(list(KINDS), list(KINDS.values()))[0]

    def request(self, kind: str) -> tuple[str, str | None]:
        """A path, and the key that goes with it."""
        dice = self._dice
        x, y = dice.uniform(WEST, EAST), dice.uniform(SOUTH, NORTH)
        if kind == "box":
            collection = dice.choice(("network_nodes", "fibre_links", "offices"))
            side = dice.choice((0.03, 0.1))
            box = f"{x:.5f},{y:.5f},{x + side:.5f},{y + side:.5f}"
            return f"/collections/{collection}/items?f=json&limit=2000&bbox={box}", None
        if kind == "tile":
            zoom = dice.choice((11, 12, 13, 14))
            column = int((x + 180) / 360 * 2**zoom)
            row = int((0.5 - y / 360) * 2**zoom)  # near the equator a degree is a degree
            return f"/collections/fibre_links/tiles/WebMercatorQuad/{zoom}/{row}/{column}", None
        if kind == "filter":
            words = quote(f"name LIKE '%{dice.randrange(100, 1000)}%' AND office_type = 'other'")
            return f"/collections/offices/items?f=json&limit=100&filter={words}", self._key
        if kind == "outage":
            link = dice.choice(self._links)
            return f"/processes/outage-impact/execution?links={link}", self._key
        return "/maps/coverage", None


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
    def asked(self) -> int:
        return self.statuses.total()

    @property
    def answered(self) -> int:
        """How many got what they asked for."""
        return self.statuses["200"] + self.statuses["204"]

    def quantile_ms(self, share: float) -> float:
        found = sorted(self.seconds)
        return found[min(len(found) - 1, int(share * len(found)))] * 1000 if found else float("nan")


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


@contextmanager
def readers(port: int, traffic: Traffic, rate: float, seconds: float) -> Iterator[dict[str, Tally]]:
    """
    Many readers, each of whom waits for the answer and then for a while.

    `wrk` sends them, since a generator in Python takes as much of the machine as the
    service; one `wrk` for each kind, so that each kind's answers are counted. There are so
    many readers that they ask `rate` times a second if each waits `PAUSE_S` on average;
    whoever is answered late asks later, as people do. Entered when they begin; what came
    back by kind is there when it is left.
    """
    found = {kind: Tally() for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="gis-wrk-") as made_folder:
        running = {}
        for kind, share in KINDS.items():
            folder = Path(made_folder) / kind
            folder.mkdir()
            asked = (traffic.request(kind) for _ in range(max(1, int(LINES * share))))
            lines = "\n".join("\t".join((path, key or "")) for path, key in asked)
            (folder / "requests").write_text(lines + "\n")
            (folder / "readers.lua").write_text(_READERS)
            running[kind] = _started(port, folder, max(1, round(rate * share * PAUSE_S)), seconds)
        yield found
        for kind, process in running.items():
            told = process.communicate()[0]
            counted = json.loads(next(line for line in told.splitlines() if line.startswith("{")))
            found[kind].bare_refusals = counted.pop("bare")
            found[kind].statuses.update(counted)


def _started(port: int, folder: Path, number: int, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["wrk", "--threads", "1", "--connections", str(number),
         "--duration", f"{seconds + PAUSE_S:.0f}s", "--timeout", f"{GIVEN_UP_S:.0f}s",
         "--script", str(folder / "readers.lua"), f"http://127.0.0.1:{port}"],
        stdout=subprocess.PIPE, text=True, cwd=folder,
        env=os.environ | {"PAUSE_MS": str(PAUSE_S * 1000), "HEAD_S": str(PAUSE_S)},
    )

"""
Writers, readers and a tile client beside one another, and the ledger of what was promised.

A write is acknowledged when its 2xx has arrived, and only then is it appended to
a file. What was sent and never answered is unknown: it is sent again with the same
key, and must then stand there once.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import orjson

from gis_service.model.audience import Audience
from tests.faults.site import NODES, Site, node

WRITERS = 4
READERS = 2
PATIENCE_S = 12.0
"""No request may take longer, whatever happens; a hang is a fault."""
_READS = (
    "/collections/network_nodes/items?limit=20", "/collections/networks/items",
    "/collections/network_nodes/items?bbox=34.70,-0.70,34.75,-0.65&limit=50",
)
_TILES = ("/tiles/WebMercatorQuad/12/2053/2443", "/tiles/WebMercatorQuad/10/513/610")


@dataclass
class Ledger:
    """What was sent, what was promised, and every answer by its status."""

    file: Path
    repeatable: bool = True
    acknowledged: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    unwelcome: list[str] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def promised(self, key: str) -> None:
        with self._guard:
            self.acknowledged.append(key)
            with self.file.open("a") as file:
                file.write(f"acked {key}\n")

    def unanswered(self, key: str) -> None:
        with self._guard:
            self.unknown.append(key)

    def answered(self, what: str, status: int | str, took_s: float) -> None:
        """Count an answer; anything but 2xx, 304 and 503 is unwelcome."""
        with self._guard:
            self.statuses[str(status)] += 1
            self.slowest_s = max(self.slowest_s, took_s)
            if isinstance(status, int) and not (status < 400 or status == 503):
                self.unwelcome.append(f"{what}: {status}")
            if took_s > PATIENCE_S - 1:
                self.unwelcome.append(f"{what}: {took_s:.1f} s")


class Traffic:
    """
    Clients of a site, each a thread.

    Parameters
    ----------
    address
        Where the site is reached; a proxy's, where one stands between.
    retry
        Whether writers send again what was not answered.
    pause_s
        Of each client after each request.
    """

    def __init__(
        self, site: Site, ledger: Ledger, *, seed: int, address: str | None = None,
        retry: bool = False, pause_s: float = 0.0,
    ) -> None:
        self._site = site
        self._address = address or site.address
        self._ledger = ledger
        self._dice = random.Random(seed)
        self._retry = retry
        self._pause_s = pause_s
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._numbers = itertools.count()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Let it flow during the block."""
        works: list[Callable[[httpx.Client], None]] = [
            *[self._write] * WRITERS, *[self._read] * READERS, self._draw,
        ]
        self._threads = [
            threading.Thread(target=self._repeat, args=(work,), daemon=True) for work in works
        ]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in self._threads:
                thread.join(PATIENCE_S + 5)

    def until_acknowledged(self, more: int, *, within_s: float = 30) -> None:
        """Wait until so many more writes were acknowledged."""
        target = len(self._ledger.acknowledged) + more
        deadline = time.monotonic() + within_s
        while len(self._ledger.acknowledged) < target:
            assert time.monotonic() < deadline, f"no writes: {self._ledger.statuses}"
            time.sleep(0.005)

    def _repeat(self, work: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=self._address, timeout=PATIENCE_S) as client:
            while not self._stopping.is_set():
                work(client)
                time.sleep(self._pause_s)

    def _write(self, client: httpx.Client) -> None:
        key = str(uuid4())
        if self._send(client, key) and not self._retry:
            return
        while self._retry and not self._stopping.is_set():
            if key not in self._ledger.unknown:
                return
            if self._send(client, key):
                self._ledger.unknown.remove(key)
                return

    def _send(self, client: httpx.Client, key: str) -> bool:
        """Send a write; whether it is settled, by a promise or a plain refusal."""
        began = time.monotonic()
        try:
            status = post_node(client, self._site, key, repeatable=self._ledger.repeatable)
        except httpx.HTTPError as error:
            self._ledger.answered("write", type(error).__name__, time.monotonic() - began)
            self._unknown(key)
            time.sleep(0.02)
            return False
        self._ledger.answered("write", status, time.monotonic() - began)
        if status < 300:
            self._ledger.promised(key)
            return True
        self._unknown(key)  # a 503 may come after the commit was sent
        time.sleep(0.05)
        return False

    def _unknown(self, key: str) -> None:
        if key not in self._ledger.unknown:
            self._ledger.unanswered(key)

    def _read(self, client: httpx.Client) -> None:
        self._ask(client, self._dice.choice(_READS))

    def _draw(self, client: httpx.Client) -> None:
        self._ask(client, self._dice.choice(_TILES))

    def _ask(self, client: httpx.Client, path: str) -> None:
        began = time.monotonic()
        try:
            status: int | str = client.get(path).status_code
        except httpx.HTTPError as error:
            status = type(error).__name__
        self._ledger.answered(path, status, time.monotonic() - began)
        time.sleep(0.02)


def post_node(client: httpx.Client, site: Site, key: str, *, repeatable: bool = True) -> int:
    """Create the node that a key stands for; the answer's status."""
    headers = {
        "Authorization": f"Bearer {site.keys[Audience.PLANNER]}",
        "Content-Type": "application/geo+json",
    }
    if repeatable:
        headers["Idempotency-Key"] = key
    number = int(key[:8], 16)
    answer = client.post(NODES, content=orjson.dumps(node(key, number)), headers=headers)
    return answer.status_code

"""F8: the network lies. Answers are lost, late or cut, before the service and behind it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.faults.books import settle
from tests.faults.outcome import Outcome
from tests.faults.proxy import Proxy
from tests.faults.site import Site, empty_folder, site
from tests.faults.traffic import NODES, Ledger, Traffic

ROUNDS = 1
DEADLINE_S = 10.0
BACK_WITHIN_S = 30.0
_BEHIND = (("commit", 3.0), ("reset", 1.0), ("late", 6.0), ("trickle", 12.0), ("hole", 60.0))


def before(place: Site, rounds: int, seed: int) -> list[Outcome]:
    """Clients lose a third of the answers to what was done, and send again with the same key."""
    return [_lossy(place, Outcome("F8", "answers lost on the way"), rounds, seed, repeatable=True)]


def blind(place: Site, rounds: int, seed: int) -> list[Outcome]:
    """The negative control: without a key each lost answer makes a row more."""
    outcome = Outcome("F8-", "answers lost, no key", must_see="stand twice")
    return [_lossy(place, outcome, rounds, seed, repeatable=False)]


def _lossy(
    place: Site, outcome: Outcome, rounds: int, seed: int, *, repeatable: bool
) -> Outcome:
    for number in range(rounds):
        proxy = Proxy(place.port, seed=seed + number)
        proxy.mode = "cut"
        ledger = Ledger(place.home / f"f8-{repeatable}-{number}.acked", repeatable=repeatable)
        traffic = Traffic(
            place, ledger, seed=seed, address=f"http://127.0.0.1:{proxy.port}", retry=True
        )
        with proxy.listening(), traffic.flowing():
            traffic.until_acknowledged(40)
        outcome.rounds += 1
        outcome.notes.append(f"{proxy.cuts} answers were cut off")
        outcome.forbid(proxy.cuts < 5, "the proxy cut hardly anything")
        settle(place, ledger, outcome)
    return outcome


def behind(rounds: int, seed: int) -> Iterator[Outcome]:
    """Between the service and its database: each way of failing for a while, then well again."""
    with _behind_a_proxy(seed) as (place, proxy):
        threads, connections = _held(place)
        for mode, lasts_s in _BEHIND:
            outcome = Outcome(f"F8 {mode}", f"the database's network: {mode}")
            for number in range(rounds):
                ledger = Ledger(place.home / f"f8-{mode}-{number}.acked")
                traffic = Traffic(place, ledger, seed=seed + number, retry=True)
                slowest = _Asking(place)
                with traffic.flowing(), slowest.meanwhile():
                    traffic.until_acknowledged(10)
                    proxy.mode = mode
                    time.sleep(lasts_s)
                    proxy.mode = "pass"
                    began = time.monotonic()
                    traffic.until_acknowledged(10, within_s=BACK_WITHIN_S)
                    outcome.ready_s.append(time.monotonic() - began)
                outcome.rounds += 1
                settle(place, ledger, outcome)
                late = slowest.longest_s
                outcome.notes.append(f"the longest answer took {late:.1f} s")
                outcome.forbid(late > DEADLINE_S + 2, f"an answer took {late:.1f} s")
                back = _until_held(place, threads, connections)
                outcome.forbid(back is not None, f"not back to base after 30 s: {back}")
            yield outcome


@contextmanager
def _behind_a_proxy(seed: int) -> Iterator[tuple[Site, Proxy]]:
    with empty_folder() as folder:
        proxy = Proxy(Path(), seed=seed)
        place = Site(folder, through=proxy.port, GIS_STATEMENT_TIMEOUT_S="4")
        with proxy.listening():
            place.cluster.start()
            proxy.target = Path(str(place.cluster.url("x", "x").query["host"])) / ".s.PGSQL.5432"
            with site(folder, made=place):
                yield place, proxy


class _Asking:
    """Asks both kinds of questions all the while, and keeps the longest time of an answer."""

    def __init__(self, place: Site) -> None:
        self._place = place
        self._stopping = threading.Event()
        self.longest_s = 0.0

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        thread = threading.Thread(target=self._ask, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            thread.join(90)

    def _ask(self) -> None:
        with httpx.Client(base_url=self._place.address, timeout=80) as client:
            while not self._stopping.is_set():
                began = time.monotonic()
                client.get(NODES, params={"limit": 3, "filter": f"name <> '{began}'"})
                self.longest_s = max(self.longest_s, time.monotonic() - began)


def _held(place: Site) -> tuple[int, int]:
    """Threads of the service's processes, and its connections to the database."""
    threads = sum(
        len(list(Path(f"/proc/{pid}/task").iterdir()))
        for pid in place.children("spawn_main") if os.path.exists(f"/proc/{pid}/task")
    )
    [(connections,)] = place.rows(
        "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'gis%' AND state <> 'idle'"
    )
    return threads, int(connections)


def _until_held(place: Site, threads: int, connections: int) -> str | None:
    """Wait until no more is held than before; else what is."""
    deadline = time.monotonic() + BACK_WITHIN_S
    while True:
        now = _held(place)
        if now[0] <= threads + 40 and now[1] <= connections + 1:  # pools of threads stay
            return None
        if time.monotonic() > deadline:
            return f"{now[0]} threads (before {threads}), {now[1]} sessions (before {connections})"
        time.sleep(0.5)

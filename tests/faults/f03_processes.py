"""F3: processes of the service are killed, those that answer and the one that loads."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from tests.faults import work
from tests.faults.books import settle
from tests.faults.outcome import Outcome
from tests.faults.site import Site, kill
from tests.faults.traffic import Ledger, Traffic

ROUNDS = 20
SETTLED_WITHIN_S = 60.0


def run(site: Site, rounds: int, seed: int) -> Iterator[Outcome]:
    """Both kinds of processes."""
    yield answering(site, rounds, seed)
    yield loading(site, rounds, seed)


def answering(site: Site, rounds: int, seed: int) -> Outcome:
    """Kill one of the two processes that answer; the other goes on, and a new one comes."""
    outcome = Outcome("F3", "a process that answers is killed")
    dice = random.Random(seed)
    for number in range(rounds):
        before = set(site.children("spawn_main"))
        ledger = Ledger(site.home / f"f3-{number}.acked")
        traffic = Traffic(site, ledger, seed=seed + number)
        with traffic.flowing():
            traffic.until_acknowledged(20)
            time.sleep(dice.uniform(0, 0.2))
            struck = dice.choice(sorted(before))
            kill(struck)
            began = time.monotonic()
            traffic.until_acknowledged(10)
            work.until(
                lambda b=before, s=struck: len(set(site.children("spawn_main")) - {s}) >= len(b),
                "a new process", within_s=30,
            )
            site.until_ready()
            outcome.ready_s.append(time.monotonic() - began)
        outcome.rounds += 1
        settle(site, ledger, outcome)
    return outcome


def loading(site: Site, rounds: int, seed: int) -> Outcome:
    """Kill the worker in the middle of a load; it is done again, and leaves nothing behind."""
    outcome = Outcome("F3", "the process that loads is killed")
    dice = random.Random(seed)
    file = work.csv_of(site.home, work.LARGE)
    first = work.load(site, file)
    assert work.ended(site, first) == "done", work.state_of(site, first)
    wanted = work.sum_of(site)
    for _ in range(rounds):
        work.unload(site)
        job = work.load(site, file)
        work.until(lambda j=job: work.state_of(site, j)[0] == "running", "a load", within_s=60)
        time.sleep(dice.uniform(0.1, 1.5))
        began = time.monotonic()
        for pid in site.children("gis_service worker"):
            kill(pid)
        work.ended(site, job)
        took = time.monotonic() - began
        outcome.ready_s.append(took)
        outcome.rounds += 1
        state, message, _ = work.state_of(site, job)
        outcome.forbid(state != "done", f"the load ended as {state}: {message}")
        outcome.forbid(work.sum_of(site) != wanted, "the load brought something else")
        outcome.forbid(took > SETTLED_WITHIN_S + 30, f"it took {took:.0f} s")
        [(tables,)] = site.rows(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE relkind = 'r' AND nspname LIKE 'pg_temp%' AND NOT pg_is_other_temp_schema(n.oid)"
        )
        outcome.forbid(tables != 0, f"{tables} staging tables stay")
    left = [path.name for path in (site.home / "uploads").glob("*")]
    outcome.forbid(bool(left), f"files stay: {left[:3]}")
    outcome.notes.append("time to ready: from the kill to the end of the load done again")
    return outcome

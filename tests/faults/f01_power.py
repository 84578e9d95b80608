"""F1: the power goes. Every process of the database is killed at a random moment."""

from __future__ import annotations

import random
import time

from tests.faults.books import READY_WITHIN_S, settle
from tests.faults.outcome import Outcome
from tests.faults.site import Site
from tests.faults.traffic import Ledger, Traffic

ROUNDS = 30
BLIND_ROUNDS = 5
"""Tries that the negative control has at least: on a busy machine one may lose nothing."""


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """Kill, wait until ready, compare; each round anew."""
    outcome = Outcome("F1", "power cut")
    dice = random.Random(seed)
    for number in range(rounds):
        _cut(site, outcome, f"f1-{number}", pause_s=dice.uniform(0.05, 1.0), seed=seed + number)
    return [outcome]


def blind(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """The negative control: commits that do not wait for the disk are lost, and that is seen."""
    outcome = Outcome("F1-", "power cut, synchronous_commit off", must_see="are lost")
    for number in range(max(rounds, BLIND_ROUNDS)):
        for name, value in (("synchronous_commit", "off"), ("wal_writer_delay", "10s")):
            site.superuser(f"ALTER SYSTEM SET {name} = '{value}'")
        site.superuser("SELECT pg_reload_conf()")
        # What runs keeps the settings; the service's own start would refuse them.
        (site.data / "postgresql.auto.conf").write_text("")
        _cut(site, outcome, f"f1-blind-{number}", pause_s=0.3, seed=seed + number)
        if outcome.lost:
            break
    return [outcome]


def _cut(site: Site, outcome: Outcome, name: str, *, pause_s: float, seed: int) -> None:
    ledger = Ledger(site.home / f"{name}.acked")
    traffic = Traffic(site, ledger, seed=seed)
    with traffic.flowing():
        traffic.until_acknowledged(40)
        time.sleep(pause_s)
        site.cut_power()
        site.until_accepting()
        outcome.ready_s.append(site.until_ready())
        traffic.until_acknowledged(10)
    outcome.rounds += 1
    slow = outcome.ready_s[-1] > READY_WITHIN_S
    outcome.forbid(slow, f"ready only after {outcome.ready_s[-1]:.1f} s")
    settle(site, ledger, outcome)

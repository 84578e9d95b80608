"""F4: somebody stops the database while 200 requests are on their way."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import httpx

from gis_service.store.cluster.account import server_account
from gis_service.store.cluster.binaries import find_binaries
from gis_service.store.cluster.files import exclusive
from tests.faults.outcome import Outcome
from tests.faults.site import NODES, Site

ROUNDS = 2
REQUESTS = 200
AT_ONCE = 20
REFUSED_WITHIN_S = 2.0
NO_LONGER_THAN_S = 10.0


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """Both ways of stopping, `fast` and `immediate`."""
    outcomes = []
    for mode in ("fast", "immediate"):
        outcome = Outcome("F4", f"pg_ctl stop -m {mode}")
        for _ in range(rounds):
            _stop(site, mode, outcome, seed)
        outcomes.append(outcome)
    return outcomes


def _stop(site: Site, mode: str, outcome: Outcome, seed: int) -> None:
    answers: list[tuple[int | str, float, bool]] = []

    def ask(number: int) -> None:
        began = time.monotonic()
        try:  # no two questions are alike, so that none is answered from memory
            answer = client.get(
                NODES, params={"limit": 5, "filter": f"name <> 'x{seed}-{number}'"}
            )
            told = (answer.status_code, time.monotonic() - began, "retry-after" in answer.headers)
        except httpx.HTTPError as error:
            told = (type(error).__name__, time.monotonic() - began, False)
        answers.append(told)

    lock = site.home / "pg" / "lock"
    account = server_account(site.data)
    stop = find_binaries(None, data=site.data).bin_dir / "pg_ctl"
    with (
        httpx.Client(base_url=site.address, timeout=20, limits=httpx.Limits()) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        # While the lock is held, nobody starts the database again.
        with exclusive(lock, timeout_s=10, waiting_for="the drill"):
            asked = [pool.submit(ask, number) for number in range(REQUESTS)]
            account.run([stop, "stop", "-D", site.data, "-m", mode, "-w"])
            asked += [pool.submit(ask, REQUESTS + number) for number in range(REQUESTS // 2)]
            live, ready = site.status("/health/live"), site.status("/health/ready", timeout_s=10)
            for each in asked:
                each.result()
        outcome.ready_s.append(site.until_accepting() + site.until_ready())
    outcome.rounds += 1
    statuses = Counter(status for status, _, _ in answers)
    refused = [(took, told) for status, took, told in answers if status == 503]
    outcome.forbid((live, ready) != (200, 503), f"health says {live}, readiness {ready}")
    outcome.forbid(not set(statuses) <= {200, 503}, f"answers: {dict(statuses)}")
    outcome.forbid(len(refused) < REQUESTS // 2, f"only {len(refused)} were refused")
    outcome.forbid(not all(told for _, told in refused), "a 503 without Retry-After")
    slowest = max((took for took, _ in refused), default=0.0)
    outcome.forbid(slowest > REFUSED_WITHIN_S, f"a refusal took {slowest:.1f} s")
    longest = max(took for _, took, _ in answers)
    outcome.forbid(longest > NO_LONGER_THAN_S, f"a request took {longest:.1f} s")
    outcome.notes.append(f"{dict(statuses)}, the slowest refusal {slowest:.2f} s")

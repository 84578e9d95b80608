"""F2: one session of the database is killed, in the middle of four kinds of work."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import psycopg2

from gis_service.installation import DATABASE
from gis_service.model.audience import Audience
from gis_service.store.roles import Login, role_name
from tests.faults import work
from tests.faults.books import settle
from tests.faults.outcome import Outcome
from tests.faults.site import Site, kill
from tests.faults.traffic import Ledger, Traffic
from tests.fieldwork import HERE, OPERATIONS, body, operation

ROUNDS = 10
HEALTHY_WITHIN_S = 5.0
_BUSY = "state <> 'idle' AND backend_type = 'client backend' AND pid <> pg_backend_pid()"


def run(site: Site, rounds: int, seed: int) -> Iterator[Outcome]:
    """Each kind of session so many times."""
    for kind in ("tile", "edit", "sync", "COPY"):
        yield one(site, kind, rounds, seed)


def one(site: Site, kind: str, rounds: int, seed: int) -> Outcome:
    """One kind of session."""
    outcome = Outcome("F2", f"a session killed: {kind}")
    dice = random.Random(seed)
    file = work.csv_of(site.home, work.LARGE)
    for number in range(rounds):
        ledger = Ledger(site.home / f"f2-{kind}-{number}.acked")
        traffic = Traffic(site, ledger, seed=seed + number)
        job = work.load(site, file) if kind == "COPY" else None
        sent = [operation("fault", values={"summary": f"F {n}"}, geometry=HERE) for n in range(60)]
        with traffic.flowing():
            traffic.until_acknowledged(10)
            if kind == "sync":
                content = body(*sent)
                work.beside(lambda c=content: site.post(OPERATIONS, c, Audience.TECHNICIAN))
            time.sleep(dice.uniform(0, 0.2))
            strike(site, kind)
            site.until_accepting()
            outcome.ready_s.append(site.until_ready())
            traffic.until_acknowledged(10)
        outcome.rounds += 1
        slow = outcome.ready_s[-1]
        outcome.forbid(slow > HEALTHY_WITHIN_S, f"healthy only after {slow:.1f} s")
        if job is not None:
            seen = work.loaded(site)
            outcome.forbid(seen not in {0, work.LARGE}, f"{seen} rows of a load can be seen")
            state = work.ended(site, job)
            outcome.forbid(state != "done", f"the load: {work.state_of(site, job)[:2]}")
            outcome.forbid(work.loaded(site) != work.LARGE, "the load is not whole")
            work.unload(site)
        if kind == "sync":
            _send_again(site, sent, outcome)
        settle(site, ledger, outcome)
    return outcome


def strike(site: Site, kind: str) -> None:
    """Kill a session that does this now."""
    wanted = {
        "COPY": f"{_BUSY} AND query LIKE 'COPY%'",
        "tile": f"usename = '{role_name(DATABASE, Login.PUBLIC)}'",
        "edit": f"{_BUSY} AND usename = '{role_name(DATABASE, Login.PLANNER)}'",
        "sync": f"{_BUSY} AND usename = '{role_name(DATABASE, Login.TECHNICIAN)}'",
    }[kind]
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [pid for (pid,) in _asked(site, f"{wanted} LIMIT 1")]
        if found:
            kill(found[0])
        return bool(found)

    work.until(is_there, f"a session that does {kind}", within_s=60)


def _asked(site: Site, wanted: str) -> list[tuple[int]]:
    try:
        found = site.superuser(f"SELECT pid FROM pg_stat_activity WHERE {wanted}")
    except psycopg2.Error:
        return []
    return [(int(row[0]),) for row in found]


def _send_again(site: Site, sent: list[dict[str, object]], outcome: Outcome) -> None:
    """A phone sends what it had no answer to; each fault is then there once."""
    results = site.post(OPERATIONS, body(*sent), Audience.TECHNICIAN)
    outcomes = {each["outcome"] for each in results["results"]}
    outcome.forbid(outcomes != {"applied"}, f"operations sent again: {outcomes}")
    ids = [str(each["item"]) for each in sent]
    [(rows, versions)] = site.rows(
        "SELECT (SELECT count(*) FROM gis.faults WHERE id = ANY(CAST(:ids AS uuid[]))), "
        "(SELECT count(*) FROM history.faults WHERE id = ANY(CAST(:ids AS uuid[])))", ids=ids,
    )
    outcome.forbid((rows, versions) != (len(sent),) * 2, f"{rows} of {len(sent)} operations stand")

"""F10: loads beside loads, beside readers, and a migration behind a long reader."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
from sqlalchemy import text

from gis_service.errors import Conflict
from gis_service.installation import DATABASE
from gis_service.services.load_requests import LoadRequest
from gis_service.services.loading import load_file
from gis_service.store import database as migrating
from gis_service.store.database import Database
from gis_service.store.roles import Login, role_name
from tests.faults import work
from tests.faults.outcome import Outcome
from tests.faults.site import NODES, Site

ROUNDS = 2
ROWS = 5_000
BLOCKED_S = 1.0
READER_S = 20.0
"""The plan says 60; a migration gives up and tries again the same way all the while."""

_WAITING = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - waitstart)), 0)
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE NOT granted AND usename LIKE 'gis%public'
"""


def run(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """Two loads at once, readers meanwhile; then a migration behind a reader."""
    loads = Outcome("F10", "two loads at once, readers beside")
    behind = Outcome("F10", "a migration behind a long reader")
    _load(site, work.csv_of(site.home, ROWS, word="first"))
    for number in range(rounds):
        _two_loads(site, loads, number)
        _migration(site, behind)
    return [loads, behind]


def blind(site: Site, rounds: int, seed: int) -> list[Outcome]:
    """The negative control: a load that empties the table first blocks whoever reads."""
    outcome = Outcome("F10-", "a load by TRUNCATE", must_see="a read waited")
    with _reading(site, outcome, words=None), site.owner().begin() as connection:
        connection.execute(text("TRUNCATE published.network_nodes"))
        time.sleep(3)
        connection.rollback()
    outcome.rounds = 1
    return [outcome]


def _two_loads(site: Site, outcome: Outcome, number: int) -> None:
    files = [work.csv_of(site.home, ROWS, word=f"{word}{number}") for word in ("one", "other")]
    failures: list[BaseException] = []

    def load(at: int) -> None:
        try:
            _load(site, files[at])
        except Exception as error:
            failures.append(error)

    with _reading(site, outcome, words=ROWS):
        threads = [threading.Thread(target=load, args=(at,)) for at in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
    outcome.rounds += 1
    wrong = [error for error in failures if not isinstance(error, Conflict)]
    outcome.forbid(bool(wrong), f"a load ended with {wrong!r}")
    outcome.forbid(len(failures) > 1, "both loads gave up")
    names = {
        name.split()[0]
        for (name,) in site.rows(
            "SELECT name FROM gis.network_nodes WHERE external_id LIKE 'bulk-%'"
        )
    }
    outcome.forbid(len(names) != 1, f"a mixture of loads stands: {names}")
    outcome.notes.append(f"{len(failures)} of two loads gave way (409)")


def _load(site: Site, path: Path) -> None:
    url = site.cluster.url(DATABASE, role_name(DATABASE, Login.LOADER))
    request = LoadRequest(path, "network_nodes", network="drill")
    load_file(Database.at(url), work.settings_of(site), request)


def _migration(site: Site, outcome: Outcome) -> None:
    """A column is added, and taken away again, while somebody has been reading for long."""
    started, done = threading.Event(), threading.Event()

    def read_long() -> None:
        with site.owner().begin() as connection:
            connection.execute(text("SELECT count(*) FROM published.network_nodes"))
            started.set()
            done.wait(READER_S)

    reader = threading.Thread(target=read_long, daemon=True)
    reader.start()
    started.wait(10)
    with _reading(site, outcome, words=None):
        began = time.monotonic()
        for verb in ("ADD COLUMN drill int", "DROP COLUMN drill"):
            statement = text(f"ALTER TABLE published.network_nodes {verb}")
            migrating._with_lock_tries(lambda c, s=statement: c.execute(s), site.owner())
        outcome.ready_s.append(time.monotonic() - began)
    done.set()
    reader.join(5)
    outcome.rounds += 1


@contextmanager
def _reading(site: Site, outcome: Outcome, *, words: int | None) -> Iterator[None]:
    """
    Read all the while, each time another question.

    Parameters
    ----------
    words
        Rows of a load, whose names must be all of one load; None to look at time alone.
    """
    stopping = threading.Event()
    numbers = count()

    def keep(ask: Callable[[httpx.Client], None]) -> None:
        with httpx.Client(base_url=site.address, timeout=30) as client:
            while not stopping.is_set():
                ask(client)

    def ask(client: httpx.Client) -> None:
        began = time.monotonic()
        answer = client.get(NODES, params={"limit": 2, "filter": f"name <> 'x{next(numbers)}'"})
        longest.append(time.monotonic() - began)
        outcome.forbid(answer.status_code != 200, f"a read was answered {answer.status_code}")

    def ask_all(client: httpx.Client) -> None:
        answer = client.get(NODES, params={
            "limit": 10_000, "properties": "name", "skipGeometry": "true", "f": "json",
            "filter": f"name NOT LIKE 'standing%' AND name <> 'x{next(numbers)}'",
        })
        names = [f["properties"]["name"].split()[0] for f in answer.json()["features"]]
        whole = len(names) == words and len(set(names)) == 1
        outcome.forbid(not whole, f"{len(names)} rows of {sorted(set(names))} were seen")

    def look() -> None:
        """How long readers wait for a lock, which a busy machine does not change."""
        while not stopping.wait(0.1):
            [(waited,)] = site.rows(_WAITING)
            waits.append(float(waited))

    longest, waits = [0.0], [0.0]
    asked = [ask] if words is None else [ask, ask_all]
    threads = [threading.Thread(target=keep, args=(each,), daemon=True) for each in asked]
    threads.append(threading.Thread(target=look, daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    try:
        yield
    finally:
        time.sleep(0.5)
        stopping.set()
        for thread in threads:
            thread.join(40)
        blocked = max(waits)
        outcome.forbid(blocked > BLOCKED_S, f"a read waited {blocked:.1f} s for a lock")
        outcome.notes.append(
            f"longest wait for a lock {blocked:.1f} s, longest read {max(longest):.1f} s"
        )

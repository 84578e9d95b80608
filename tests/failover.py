"""
A primary dies under load, and its replica takes its place: what was acknowledged, what is lost.

`python -m tests.failover` prints both kinds; `test_replicas` runs the synchronous one, shortly.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2
from sqlalchemy import URL, text

from gis_service.cli.replica import _share_secrets
from gis_service.installation import as_superuser, reachable_database
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster, standby
from gis_service.store.cluster.process import find_postmaster
from gis_service.store.cluster.wal import at_once
from gis_service.store.database import Database
from tests.test_cluster import open_directory

WRITERS = 4


@dataclass(frozen=True)
class Outcome:
    """What came of it; `outage_s` is from the last acknowledged write before to the first after."""

    acknowledged: int
    lost: int
    outage_s: float


@dataclass
class Writers:
    """Threads that write a number each, again and again, wherever `place` leads."""

    place: URL
    acknowledged: list[tuple[float, int, URL]] = field(default_factory=list)
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.ending.is_set():
            try:
                self._write(self.place)
            except psycopg2.Error:
                time.sleep(0.02)

    def _write(self, place: URL) -> None:
        connection = psycopg2.connect(
            host=place.query["host"], dbname=place.database, port=5432,
            user=place.username, password=str(place.password), connect_timeout=2,
        )
        while not self.ending.is_set():
            number = next(self.numbers)
            with connection, connection.cursor() as cursor:
                cursor.execute("INSERT INTO written VALUES (%s)", (number,))
            self.acknowledged.append((time.monotonic(), number, place))


def synchronous(primary: PrivateCluster, name: str) -> None:
    """From now on no change is acknowledged before the replica has it, too."""
    with at_once(as_superuser(primary)) as connection:
        connection.execute(text(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'"))
        connection.execute(text("SELECT pg_reload_conf()"))
    deadline = time.monotonic() + 20
    while not any(each.waits == "sync" for each in standby.followers(as_superuser(primary))):
        assert time.monotonic() < deadline, "the replica does not follow"
        time.sleep(0.02)


def replica_of(primary: PrivateCluster, home: Path) -> PrivateCluster:
    """A replica that follows, in a new home."""
    replica = PrivateCluster(home)
    _share_secrets(primary, replica)
    standby.make_replica(replica, as_superuser(primary).url, pg_bin=None)
    return replica


def fail_over(folder: Path, *, waits: bool, seconds: float, cut_off_s: float = 0.0) -> Outcome:
    """
    Kill a primary that is written to, promote its replica, and count.

    Parameters
    ----------
    waits
        Whether changes wait for the replica.
    cut_off_s
        The replica hears nothing for so long before the primary dies.
    """
    settings = Settings(_env_file=None, home=folder / "first")  # type: ignore[call-arg]
    primary = PrivateCluster(settings.home)
    primary.start()
    reachable_database(settings, primary)
    with as_superuser(primary).begin() as connection:
        connection.execute(text("CREATE TABLE written (number bigint PRIMARY KEY)"))
    replica = replica_of(primary, folder / "second")
    if waits:
        synchronous(primary, standby.replica_name(replica.home))
    writers = Writers(as_superuser(primary).url)
    threads = [threading.Thread(target=writers.run) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    if cut_off_s:
        os.kill(_receiver(as_superuser(replica)), signal.SIGSTOP)
        time.sleep(cut_off_s)
    _kill(primary)
    if cut_off_s:
        os.kill(_receiver(as_superuser(replica)), signal.SIGKILL)
        replica.stop()  # a process that was killed takes its whole server down, which starts anew
        replica.start()
    standby.promote(as_superuser(replica), although_primary_runs=True)
    writers.place = as_superuser(replica).url
    time.sleep(seconds)
    writers.ending.set()
    for thread in threads:
        thread.join()
    with as_superuser(replica).reading() as connection:
        kept = set(connection.scalars(text("SELECT number FROM written")))
    replica.stop()
    before = [at for at, _, place in writers.acknowledged if place != writers.place]
    after = [at for at, _, place in writers.acknowledged if place == writers.place]
    acknowledged = {number for _, number, _ in writers.acknowledged}
    assert before, "nothing was written before"
    assert after, "nothing was written after"
    return Outcome(len(acknowledged), len(acknowledged - kept), min(after) - max(before))


def _kill(primary: PrivateCluster) -> None:
    """As when the power goes: no process of it says a last word."""
    postmaster = find_postmaster(primary.data)
    assert postmaster is not None
    children = Path(f"/proc/{postmaster.pid}/task/{postmaster.pid}/children").read_text().split()
    for pid in (postmaster.pid, *map(int, children)):
        os.kill(pid, signal.SIGKILL)


def _receiver(replica: Database) -> int:
    with replica.reading() as connection:
        return int(connection.scalar(text("SELECT pid FROM pg_stat_wal_receiver")) or 0)


def _main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    for title, waits, cut_off_s in (
        ("a change waits for the replica", True, 0.0),
        ("it does not wait", False, 0.0),
        ("it does not wait, and the line was cut for half a second", False, 0.5),
    ):
        with open_directory() as folder:
            found = fail_over(folder, waits=waits, seconds=seconds, cut_off_s=cut_off_s)
        print(f"{title}: {found.acknowledged:,} acknowledged, {found.lost:,} lost, "
              f"{found.outage_s:.2f} s without writes")


if __name__ == "__main__":
    _main()

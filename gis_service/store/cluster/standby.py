"""
A private cluster that follows another: a streaming replica in a home of its own.

The copy is made by `pg_basebackup`. The primary keeps its log for it by a slot, up
to `max_slot_wal_keep_size`, so that a replica that is gone never fills its disk.
Logins and passwords are the primary's: the home has the same `secrets.json`, and
can serve by itself once the replica is promoted.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import URL, text

from gis_service.errors import ClusterError, Conflict
from gis_service.store.cluster.private import PrivateCluster
from gis_service.store.cluster.wal import at_once, last_words
from gis_service.store.database import Database
from gis_service.store.dumps import dsn_of, program

PREFIX = "gis_replica_"
"""How the names of our replicas begin, in slots and in `synchronous_standby_names`."""
PROMOTED_WITHIN_S = 60
_OWN_FILES = ("postgresql.local.conf", "postgresql.auto.conf")


@dataclass(frozen=True, slots=True)
class Follower:
    """
    A replica as its primary sees it.

    Parameters
    ----------
    state
        `streaming` when it follows; None when it is not connected.
    waits
        Whether a change waits for it (`sync`) or not (`async`).
    behind_bytes
        Of the log, that it has not replayed.
    slot
        What PostgreSQL says of the log kept for it: `lost` means it has to be made anew.
    """

    name: str
    state: str | None
    waits: str | None
    behind_bytes: int | None
    slot: str | None


def replica_name(home: Path) -> str:
    """By what the primary knows a replica in a folder."""
    return PREFIX + (re.sub(r"[^a-z0-9]+", "_", home.name.lower()).strip("_") or "1")[:40]


def make_replica(replica: PrivateCluster, primary: URL, *, pg_bin: Path | None) -> str:
    """
    Copy a running server into a home that has no data yet, and let it follow.

    Parameters
    ----------
    replica
        Its home has the primary's `secrets.json`.
    primary
        Of the superuser.

    Returns
    -------
    str
        The name by which the primary knows it.

    Raises
    ------
    ClusterError
        The primary cannot be copied, or there are data already.
    """
    name = replica_name(replica.home)
    source = Database.at(primary)
    with at_once(source) as connection:
        version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
        if connection.scalar(
            text("SELECT active FROM pg_replication_slots WHERE slot_name = :name"),
            {"name": name},
        ):
            raise ClusterError(
                f"A replica called {name} follows already. Give the folder another name."
            )
        connection.execute(
            text("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                 "WHERE slot_name = :name"), {"name": name},
        )
    copy = program("pg_basebackup", version, pg_bin)
    try:
        replica.adopt(partial(_copied, copy, primary, name))
    except BaseException:
        drop_slot(source, name)
        raise
    replica.start()
    return name


def drop_slot(primary: Database, name: str) -> None:
    """Let the primary keep nothing for a replica that does not follow it any more."""
    with at_once(primary) as connection:
        connection.execute(
            text("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                 "WHERE slot_name = :name AND NOT active"), {"name": name},
        )


def followers(primary: Database) -> tuple[Follower, ...]:
    """Our replicas, under the superuser's login: those that follow, and those that should."""
    with primary.reading() as connection:
        rows = connection.execute(text(
            "SELECT coalesce(slot_name::text, application_name) AS name, state, "
            "sync_state AS waits, "
            "CASE WHEN NOT pg_is_in_recovery() THEN "
            "pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint END AS behind_bytes, "
            "wal_status AS slot FROM pg_replication_slots "
            "FULL JOIN pg_stat_replication ON pid = active_pid "
            "WHERE coalesce(slot_name::text, application_name) LIKE :ours ORDER BY 1"
        ), {"ours": PREFIX.replace("_", r"\_") + "%"})
        return tuple(Follower(**row) for row in rows.mappings())


def promote(replica: Database, *, although_primary_runs: bool) -> None:
    """
    Let a replica become a primary: it takes changes from now on, and follows nobody.

    Parameters
    ----------
    replica
        Under the superuser's login.

    Raises
    ------
    Conflict
        It is none, or still hears of its primary.
    ClusterError
        It did not do so in time.
    """
    with at_once(replica) as connection:
        if not connection.scalar(text("SELECT pg_is_in_recovery()")):
            raise Conflict("This is no replica: it takes changes already.")
        hears = connection.scalar(text("SELECT count(*) FROM pg_stat_wal_receiver"))
        if hears and not although_primary_runs:
            raise Conflict(
                "The primary still runs. Two primaries would part for ever: stop it first "
                "(./gis down), so that this replica gets all that it wrote."
            )
        if not connection.scalar(
            text("SELECT pg_promote(true, :seconds)"), {"seconds": PROMOTED_WITHIN_S}
        ):
            raise ClusterError(
                f"The replica was not promoted within {PROMOTED_WITHIN_S} s; its log says more."
            )


def _copied(copy: Path, primary: URL, name: str, data: Path) -> None:
    done = subprocess.run(
        [copy, f"--dbname={dsn_of(primary)} application_name={name}", f"--pgdata={data}",
         "--format=plain", "--wal-method=stream", "--checkpoint=fast", "--create-slot",
         f"--slot={name}", "--write-recovery-conf", "--no-password"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False, env=_environment(primary),
    )
    if done.returncode:
        raise ClusterError(f"The primary could not be copied: {last_words(done.stderr)}")
    for own in (data / each for each in _OWN_FILES):
        # The primary's own replicas are not this one's: promoted, it would wait for them for ever.
        kept = [
            line for line in own.read_text(encoding="utf-8").splitlines()
            if not line.lstrip().startswith("synchronous_standby_names")
        ]
        own.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with (data / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write("hot_standby_feedback = 'on'\n")


def _environment(primary: URL) -> Mapping[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return inherited | {"PGPASSWORD": str(primary.password or ""), "LC_ALL": "C"}

"""
The private server's log of changes (WAL), kept elsewhere by PostgreSQL's own programs.

`pg_receivewal` takes the log as it is written, through a replication slot: nothing is
run by a shell, a segment has its name only when it is whole, and what was not taken
yet waits in the server, up to a bound (`max_slot_wal_keep_size`).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, Connection, text

from gis_service.errors import BackupFailed
from gis_service.store.database import Database
from gis_service.store.dumps import dsn_of, program

SLOT = "gis_recovery"
PROGRAMS: tuple[str, ...] = ("pg_receivewal", "pg_basebackup", "pg_verifybackup")
LOST = "lost"
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Line:
    """
    One unbroken log: of one server, since it last came from a copy.

    Parameters
    ----------
    system
        The server's own identifier.
    timeline
        Grows with each recovery.
    """

    system: str
    timeline: int


@dataclass(frozen=True, slots=True)
class ServerNow:
    """A server's clock, version, PostGIS and size of its databases in bytes."""

    now: datetime
    version: str
    bytes: int


@contextmanager
def at_once(database: Database) -> Iterator[Connection]:
    """A connection without a transaction around its statements, as slots want it."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


def line(connection: Connection) -> Line:
    """The log that a server writes."""
    row = connection.execute(text(
        "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
        "(SELECT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int)"
    )).one()
    return Line(row[0], row[1])


def server_now(connection: Connection) -> ServerNow:
    """What is written down with a base copy."""
    row = connection.execute(text(
        "SELECT clock_timestamp(), split_part(current_setting('server_version'), ' ', 1), "
        "(SELECT sum(pg_database_size(oid))::bigint FROM pg_database)"
    )).one()
    return ServerNow(*row)


def slot_stands(connection: Connection) -> bool:
    """Whether the slot is there and the server still has all that was not taken yet."""
    return bool(connection.scalar(
        text("SELECT count(*) FROM pg_replication_slots WHERE slot_name = :name "
             "AND coalesce(wal_status, :lost) <> :lost"),
        {"name": SLOT, "lost": LOST},
    ))


def free_slot(connection: Connection) -> None:
    """End whoever still takes the log: what a service left that was killed."""
    connection.execute(
        text("SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots "
             "WHERE slot_name = :name AND active"), {"name": SLOT},
    )


def drop_slot(connection: Connection) -> None:
    """Let the server keep no log for anybody."""
    free_slot(connection)
    connection.execute(
        text("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
             "WHERE slot_name = :name"), {"name": SLOT},
    )


def make_slot(connection: Connection) -> None:
    """Have the server keep its log from now on until it was taken."""
    connection.execute(
        text("SELECT pg_create_physical_replication_slot(:name, true)"), {"name": SLOT}
    )


def receiver(database: Database, folder: Path, pg_bin: Path | None) -> subprocess.Popen[bytes]:
    """
    Start to take the log into a folder; SIGINT ends it in order.

    Parameters
    ----------
    database
        Under the superuser's login.

    Raises
    ------
    Unavailable
        `pg_receivewal` is not installed.
    """
    return subprocess.Popen(
        [str(_program("pg_receivewal", database, pg_bin)), *_arguments(database.url),
         f"--directory={folder}", f"--slot={SLOT}", "--no-loop", "--no-password"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=_environment(database.url), start_new_session=True,
    )


def copy_files(database: Database, folder: Path, pg_bin: Path | None) -> None:
    """
    Copy the server's files into `base.tar.gz` of a new folder, with `backup_manifest`.

    Raises
    ------
    BackupFailed
        They could not be read, or written.
    """
    command = [
        str(_program("pg_basebackup", database, pg_bin)), *_arguments(database.url),
        f"--pgdata={folder}", "--format=tar", f"--compress={_LEVEL}", "--wal-method=fetch",
        "--checkpoint=fast", "--no-password", "--manifest-checksums=SHA256",
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        check=False, env=_environment(database.url),
    )
    if done.returncode:
        raise BackupFailed(f"The server's files could not be copied: {last_words(done.stderr)}")


def check_files(data: Path, manifest: Path, verify: Path) -> None:
    """
    Compare a data directory with the manifest of its copy, every byte of it.

    Parameters
    ----------
    verify
        The program `pg_verifybackup`.

    Raises
    ------
    BackupFailed
        It is not what was copied.
    """
    done = subprocess.run(
        [verify, "--no-parse-wal", "--exit-on-error", f"--manifest-path={manifest}", data],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )
    if done.returncode:
        raise BackupFailed(f"The base copy is damaged: {last_words(done.stderr)}")


def last_words(said: str) -> str:
    """The last line that a program said."""
    lines = [line for line in said.splitlines() if line.strip()]
    return lines[-1] if lines else "its program ended without a word"


def _program(name: str, database: Database, pg_bin: Path | None) -> Path:
    with database.reading() as connection:
        version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
    return program(name, version, pg_bin)


def _arguments(url: URL) -> list[str]:
    return [f"--dbname={dsn_of(url)}"]


def _environment(url: URL) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return inherited | {
        "PGPASSWORD": str(url.password or ""), "LC_ALL": "C", "PGAPPNAME": "gis recovery",
    }

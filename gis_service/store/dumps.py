"""
A database's content as a stream, by PostgreSQL's own programs.

Only our schemas are in it, without owners and grants: logins and what they may
do are made anew wherever the service starts.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from psycopg2.extensions import make_dsn
from sqlalchemy import URL, Connection, text

from gis_service.errors import BackupFailed, Unavailable
from gis_service.store.cluster.binaries import SEARCHED
from gis_service.store.database import Database
from gis_service.store.schema import SCHEMAS

COMPRESSION = 3
"""Of zlib, from 1 to 9: level 6 takes three times as long for a twentieth less."""
_PIECE = 2**20
_LOCKS_WITHIN_S = 60


@contextmanager
def snapshot(database: Database) -> Iterator[tuple[Connection, str]]:
    """
    One moment of the database, which others may share by its name as long as this lasts.

    Yields
    ------
    tuple
        A connection that sees that moment, and its name.
    """
    with database.engine.connect().execution_options(
        isolation_level="REPEATABLE READ"
    ) as connection:
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection, str(connection.scalar(text("SELECT pg_export_snapshot()")))


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A server's version, that of its PostGIS, and the size of a database on its disk."""

    version: str
    postgis: str
    bytes: int

    @property
    def major(self) -> int:
        return int(self.version.split(".", maxsplit=1)[0])


def server(connection: Connection) -> ServerFacts:
    """The server of a connection."""
    row = connection.execute(text(
        "SELECT split_part(current_setting('server_version'), ' ', 1), "
        "(SELECT extversion FROM pg_extension WHERE extname = 'postgis'), "
        "pg_database_size(current_database())"
    )).one()
    return ServerFacts(row[0], str(row[1]), int(row[2]))


def cancel(connection: Connection) -> None:
    """End what another thread asks by this connection."""
    driver: Any = connection.connection.driver_connection
    driver.cancel()


def program(name: str, version: int, pg_bin: Path | None = None) -> Path:
    """
    `pg_dump` or `pg_restore` for a server: of its major version, else the next newer one.

    Raises
    ------
    Unavailable
        This machine has none.
    """
    folders = [] if pg_bin is None else [pg_bin]
    for pattern in SEARCHED:
        folders += sorted(Path("/").glob(pattern.lstrip("/")))
    folders += [Path(each) for each in os.get_exec_path()]
    found: dict[int, Path] = {}
    for path in (folder / name for folder in folders):
        if os.access(path, os.X_OK) and (its := _version(path)) is not None and its >= version:
            found.setdefault(its, path)
            if its == version:
                break
    if not found:
        raise Unavailable(
            f"There is no {name} for PostgreSQL {version} on this machine. Install it (Debian: "
            f"postgresql-client-{version}), or name its folder with GIS_PG_BIN."
        )
    return found[min(found)]


def dump(pg_dump: Path, url: URL, *, moment: str) -> Iterator[bytes]:
    """
    The content as `pg_dump` writes it in its custom format, piece by piece.

    Parameters
    ----------
    moment
        Name of the snapshot that is dumped.

    Raises
    ------
    BackupFailed
        It could not be read to its end.
    """
    command = [
        str(pg_dump), "--format=custom", f"--compress={COMPRESSION}", "--no-owner",
        "--no-privileges", f"--snapshot={moment}", f"--lock-wait-timeout={_LOCKS_WITHIN_S}s",
        *(f"--schema={schema}" for schema in SCHEMAS), f"--dbname={dsn_of(url)}",
    ]
    with TemporaryFile() as errors, subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        env=_environment(url),
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it was asked for
        try:
            while piece := process.stdout.read(_PIECE):
                yield piece
        except BaseException:
            process.kill()
            raise
        if process.wait():
            raise BackupFailed(f"The database could not be read to its end: {_words(errors)}")


def restore(pg_restore: Path, url: URL, pieces: Iterable[bytes]) -> None:
    """
    Put a dump into a database that has none of our schemas: whole, or nothing of it.

    Raises
    ------
    BackupFailed
        The database did not take it, and is as before.
    """
    command = [
        str(pg_restore), "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
        f"--dbname={dsn_of(url)}",
    ]
    with TemporaryFile() as errors, subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors,
        env=_environment(url),
    ) as process:
        try:
            _feed(process, pieces)
        except BaseException:
            process.kill()
            raise
        if process.wait():
            raise BackupFailed(f"The database did not take the backup: {_words(errors)}")


def analyze(database: Database) -> None:
    """Have the server count what its tables hold, which a dump does not carry."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _feed(process: subprocess.Popen[bytes], pieces: Iterable[bytes]) -> None:
    """Give it all pieces; where it ends before, its status and words tell why."""
    assert process.stdin is not None  # noqa: S101 - it was asked for
    try:
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        process.stdin = None


def dsn_of(url: URL) -> str:
    """The address without its password, since others of the machine see command lines."""
    arguments = url.set(password=None).translate_connect_args(
        username="user", database="dbname"
    )
    return str(make_dsn(**arguments, **{str(k): str(v) for k, v in url.query.items()}))


def _environment(url: URL) -> dict[str, str]:
    password = {} if url.password is None else {"PGPASSWORD": str(url.password)}
    return os.environ | password | {"LC_ALL": "C", "PGAPPNAME": "gis backup"}


def _version(path: Path) -> int | None:
    try:
        told = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=False, timeout=10
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\(PostgreSQL\) (\d+)", told)
    return None if found is None else int(found[1])


def _words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = [line for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[0] if lines else "its program ended without a word"

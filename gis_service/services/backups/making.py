"""Making a backup: one file, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import IO
from uuid import uuid4

from sqlalchemy import Connection

from gis_service import __version__
from gis_service.errors import BackupFailed
from gis_service.model.backups import FORMAT, Manifest, TableSum
from gis_service.services.backups.archive import HEAD, ArchiveWriter
from gis_service.services.backups.encryption import check_program, encrypting
from gis_service.services.backups.files import files_to_keep
from gis_service.services.backups.whole_file import appearing_whole
from gis_service.settings import Settings, changed
from gis_service.store import dumps, jobs
from gis_service.store.database import Database
from gis_service.store.fingerprints import object_counts, table_sums


def make_backup(
    database: Database, settings: Settings, out: Path, *, recipient: str | None = None
) -> Manifest:
    """
    Write a copy of everything to a file that must not be there yet.

    Others may write meanwhile: the copy is of one moment. The file appears when
    it is whole and on the disk.

    Parameters
    ----------
    database
        Under its owner's login.
    recipient
        For whom it is encrypted; nobody by default.

    Raises
    ------
    BackupFailed
        It cannot be written; what was written of it is gone.
    Unavailable, ConfigurationError
        A program is missing that it needs.
    """
    if recipient is not None:
        check_program(recipient)
    with appearing_whole(out) as file, encrypting(file, recipient) as plain:
        return _write(database, settings, plain)


def _write(database: Database, settings: Settings, out: IO[bytes]) -> Manifest:
    revision = database.revision()
    if revision is None:
        raise BackupFailed("The database is empty: there is nothing to back up yet.")
    archive = ArchiveWriter(out)
    with dumps.snapshot(database) as (connection, moment):
        id_, at = str(uuid4()), datetime.now(UTC).isoformat(timespec="seconds")
        head = {"format": FORMAT, "id": id_, "made_at": at, "service": __version__}
        archive.add(HEAD, json.dumps(head).encode())
        server = dumps.server(connection)
        files = files_to_keep(settings, partial(jobs.states, connection))
        pg_dump = dumps.program("pg_dump", server.major, settings.pg_bin)
        with _beside(connection) as sums:
            archive.add_database(dumps.dump(pg_dump, database.url, moment=moment))
            for name, path in files:
                archive.add_file(name, path)
            tables, objects = sums.result()
    manifest = Manifest(
        id=id_, made_at=at, service=__version__, postgresql=server.version,
        postgis=server.postgis, revision=revision, database_bytes=server.bytes, tables=tables,
        objects=objects, settings=changed(settings), parts=archive.parts,
    )
    archive.finish(manifest)
    return manifest


_Sums = Future[tuple[tuple[TableSum, ...], dict[str, int]]]


@contextmanager
def _beside(connection: Connection) -> Iterator[_Sums]:
    """Sum the tables while the block runs; given up when it fails."""
    with ThreadPoolExecutor(1, "sums") as pool:
        sums = pool.submit(lambda: (table_sums(connection), object_counts(connection)))
        try:
            yield sums
        except BaseException:
            dumps.cancel(connection)
            raise

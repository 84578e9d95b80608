"""Keeping the log: where it goes, the base copies that it is followed from, and what may go."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from gis_service.errors import BackupFailed
from gis_service.model.recovery import BaseCopy
from gis_service.services.recovery.segments import compress, number_of
from gis_service.services.recovery.shelf import (
    Log,
    base_folder,
    base_is_due,
    continued_log,
    logs,
    new_log,
    own_log,
    recovery_folder,
    remove_surplus,
)
from gis_service.settings import Settings
from gis_service.store.cluster import wal
from gis_service.store.cluster.files import sync_directory, write_whole
from gis_service.store.database import Database

UNCOMPRESSED = 2
"""So many whole segments may wait for being compressed."""


def open_log(database: Database, settings: Settings) -> Log:
    """
    The log that the server goes on with; a new one when something of it would be missing.

    Parameters
    ----------
    database
        Under the superuser's login.

    Raises
    ------
    BackupFailed
        The folder cannot be used.
    """
    with wal.at_once(database) as connection:
        line = wal.line(connection)
        log = continued_log(settings, line)
        wal.free_slot(connection)
        if log is not None and wal.slot_stands(connection):
            return log
        log = new_log(settings, line, datetime.now(UTC))
        wal.drop_slot(connection)
        wal.make_slot(connection)
    return log


def give_up_log(database: Database) -> None:
    """Let the server keep nothing for a log that nobody takes any more."""
    with wal.at_once(database) as connection:
        wal.drop_slot(connection)


def is_due(settings: Settings, now: datetime) -> bool:
    """Whether there is anything to do for `keep`."""
    log = own_log(settings)
    if log is None:
        return False
    waiting = sum(each.whole and each.path.suffix != ".gz" for each in log.segments())
    return waiting > UNCOMPRESSED or base_is_due(log, now)


def keep(database: Database, settings: Settings, *, base: bool) -> BaseCopy | None:
    """
    Make a base copy when one is due or wanted, compress what is whole, remove what may go.

    Parameters
    ----------
    database
        Under the superuser's login.
    base
        Whether one is wanted at any rate.

    Raises
    ------
    BackupFailed
        The log is not kept here, or the files cannot be copied.
    """
    log = own_log(settings)
    if log is None:
        raise BackupFailed(
            f"No log of changes is kept in {recovery_folder(settings)} yet: a service that was "
            "started with GIS_RECOVERY_DIR begins it within a minute. ./gis doctor says what is "
            "in its way."
        )
    for each in logs(recovery_folder(settings)):
        for segment in each.segments():
            if segment.whole and segment.path.suffix != ".gz":
                compress(segment)
    made = None
    if base or base_is_due(log, datetime.now(UTC)):
        made = make_base(database, settings, log)
    remove_surplus(settings, datetime.now(UTC))
    return made


def make_base(database: Database, settings: Settings, log: Log) -> BaseCopy:
    """Copy the server's files; the copy has its name when it is whole and on the disk."""
    for left in log.path.glob(".base-*.part"):
        shutil.rmtree(left)
    work = log.path / ".base-new.part"
    try:
        wal.copy_files(database, work, settings.pg_bin)
        with wal.at_once(database) as connection:
            server = wal.server_now(connection)
        target = base_folder(log, server.now)
        base = BaseCopy(
            name=target.name, made_at=server.now, start=_start(work), postgresql=server.version,
            database_bytes=server.bytes, size=(work / "base.tar.gz").stat().st_size,
        )
        content = asdict(base) | {"made_at": server.now.isoformat()}
        write_whole(work / "base.json", json.dumps(content) + "\n")
        work.rename(target)
        sync_directory(log.path)
    except OSError as error:
        why = error.strerror or error
        raise BackupFailed(f"The base copy cannot be written: {why}.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return base


def _start(copy: Path) -> int:
    """The number of the segment in which a copy begins, from its manifest."""
    manifest = json.loads((copy / "backup_manifest").read_text(encoding="utf-8"))
    low = manifest["WAL-Ranges"][0]
    high, _, offset = str(low["Start-LSN"]).partition("/")
    segment = int(offset, 16) >> 24
    return number_of(f"{int(low['Timeline']):08X}{int(high, 16):08X}{segment:08X}")

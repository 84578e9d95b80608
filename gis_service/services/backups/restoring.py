"""Putting a backup back into an empty place, and seeing that it is what was backed up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete

from gis_service.errors import BackupFailed
from gis_service.model.backups import Manifest
from gis_service.services.backups.archive import read_database, read_manifest
from gis_service.services.backups.encryption import decrypted
from gis_service.services.backups.files import put_back_files
from gis_service.settings import Settings
from gis_service.store import dumps
from gis_service.store.database import Database, known_revisions
from gis_service.store.fingerprints import (
    differences,
    drop_ours,
    is_ours,
    object_counts,
    sequences_behind,
    table_sums,
)
from gis_service.store.internal import SESSIONS


@dataclass(frozen=True, slots=True)
class Backup:
    """A file and what it holds, every byte compared with its hash."""

    path: Path
    manifest: Manifest
    identity: Path | None = None


def open_backup(path: Path, identity: Path | None = None) -> Backup:
    """
    Read a backup whole, and see that this service understands it.

    Parameters
    ----------
    identity
        File of the private key of one that `age` encrypted.

    Raises
    ------
    DamagedBackup
        It is not what was written.
    BackupFailed
        A newer service wrote it, or it is not there.
    """
    try:
        with decrypted(path, identity) as archive:
            manifest = read_manifest(archive)
    except OSError as error:
        raise BackupFailed(f"{path} cannot be read: {error.strerror or error}.") from error
    return Backup(path, manifest, identity)


def restore_backup(backup: Backup, database: Database, settings: Settings) -> list[Path]:
    """
    Put a backup back; files that an officer has to put in their place.

    The database takes it whole or not at all. Its tables are compared with the
    sums that were made with the backup; only then is it migrated, if it is older.

    Parameters
    ----------
    database
        Under its owner's login; holds nothing of the service.

    Raises
    ------
    BackupFailed
        The place is not empty, or what arrived is not what was backed up; then
        nothing of it stays in the database.
    """
    manifest = backup.manifest
    _check_known(manifest, database)
    with database.begin() as connection:
        if is_ours(connection):
            raise BackupFailed(
                "The database holds data of the service already, and a backup replaces nothing. "
                "Set GIS_HOME to an empty folder (or GIS_DATABASE_URL to an empty database)."
            )
        server = dumps.server(connection)
    made_with = int(manifest.postgresql.split(".", maxsplit=1)[0])
    if server.major < made_with:
        raise BackupFailed(
            f"The backup is of PostgreSQL {made_with}, and here runs {server.major}. Install "
            f"PostgreSQL {made_with} or a newer one with PostGIS."
        )
    pg_restore = dumps.program("pg_restore", server.major, settings.pg_bin)
    with decrypted(backup.path, backup.identity) as archive:
        by_hand = put_back_files(archive, manifest, settings)
    with decrypted(backup.path, backup.identity) as archive:
        dumps.restore(pg_restore, database.url, read_database(archive, manifest))
    _compare(manifest, database)
    database.migrate()
    with database.begin() as connection:
        connection.execute(delete(SESSIONS))  # who logs out or loses a key since stays out
    dumps.analyze(database)
    return by_hand


def _check_known(manifest: Manifest, database: Database) -> None:
    if manifest.revision not in known_revisions(database.migrations):
        raise BackupFailed(
            f"The backup's schema is {manifest.revision}, made by version {manifest.service} of "
            "the service, which is newer than this one. Install that version or a newer one."
        )


def _compare(manifest: Manifest, database: Database) -> None:
    with database.begin() as connection:
        faults = list(differences(manifest.tables, table_sums(connection)))
        found = object_counts(connection)
        faults += [
            f"{found.get(kind, 0):,} {kind} of {count:,}"
            for kind, count in manifest.objects.items() if found.get(kind) != count
        ]
        faults += [f"the numbers of {name} begin too low" for name in sequences_behind(connection)]
        if faults:
            drop_ours(connection)
    if faults:
        listed = "\n".join(f"  - {fault}" for fault in faults)
        raise BackupFailed(
            f"What arrived is not what was backed up, so it was taken away again:\n{listed}"
        )

"""Before anything is changed: a backup of all, put back and migrated on the side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from gis_service.errors import BackupFailed
from gis_service.model.backups import Manifest, Proof
from gis_service.services.backups.folders import checked_folder
from gis_service.services.backups.making import make_backup
from gis_service.services.backups.proving import Place, prove_backup
from gis_service.services.backups.shelf import new_name
from gis_service.settings import Settings
from gis_service.store.database import Database


def backups_before(settings: Settings) -> Path:
    """
    The folder for the backup before a change.

    GIS_BACKUP_DIR; the folder `backups` of the home where none is set or those there
    are encrypted, for which the key may not be here.

    Raises
    ------
    BackupFailed
        It is not there, or cannot be used.
    """
    plain = settings.backup_dir if settings.backup_encrypt_to is None else None
    if plain is not None:
        return checked_folder(plain)
    folder = settings.home / "backups"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be used: {error.strerror}.") from error
    return folder


def rehearsed_backup(
    database: Database, settings: Settings, place: Callable[[Manifest], Place]
) -> tuple[Path, Proof]:
    """
    Back up, and put the backup back where it is migrated as the database will be.

    Parameters
    ----------
    place
        Makes an empty database and home for what a backup holds, and removes them after.

    Raises
    ------
    BackupFailed
        It cannot be made or put back, or its data do not come through the
        migrations. Nothing was changed.
    """
    path = backups_before(settings) / new_name(datetime.now(UTC))
    make_backup(database, settings, path)
    return path, prove_backup(path, place)

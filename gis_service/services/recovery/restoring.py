"""Putting the database back to a moment, or to just before a load."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from gis_service.errors import BackupFailed, NotFound
from gis_service.model.recovery import Held, Reached, Target
from gis_service.services.backups.encryption import decrypted
from gis_service.services.backups.files import put_back_files
from gis_service.services.backups.restoring import open_backup
from gis_service.services.backups.shelf import kept_backups
from gis_service.services.recovery.following import Way, way_to
from gis_service.settings import Settings
from gis_service.store import recovered
from gis_service.store.database import Database

Place = Callable[[Way, Target, bool], AbstractContextManager[Database]]
"""Makes a server come to a target; it is removed after, or kept in its place when so asked."""


def put_back(
    folder: Path, place: Place, *, moment: datetime | None = None, before: UUID | None = None
) -> Reached:
    """
    Put the database back to a moment, or to just before a load.

    The newest state is looked at first, in a place of its own: it knows the
    load's transaction and what comes after.

    Parameters
    ----------
    moment
        What was committed until then is in it.
    before
        A load; what was committed before its transaction is in it.

    Raises
    ------
    BackupFailed
        The folder does not reach there, or is damaged; nothing was put back.
    NotFound
        There is no such load.
    """
    if moment is not None:
        if moment > datetime.now(UTC):
            raise BackupFailed("That moment is yet to come.")
        way_to(folder, moment)  # tells at once that it is too long ago
    with place(way_to(folder, None), Target(), False) as database:
        newest = _held(database)
    target = Target(moment=moment)
    if before is not None:
        load = newest.load(before)
        if load is None:
            raise NotFound(
                f"There is no load {before} in what the folder holds. ./gis loads list shows the "
                "loads. One that was made while the service did not run comes there when it runs "
                "again: start the former one for a minute."
            )
        moment, target = load.committed_at, Target(before_transaction=load.transaction)
    with place(way_to(folder, moment), target, True) as database:
        database.check_known()
        state = _held(database)
        if before is not None and state.load(before) is not None:
            raise BackupFailed(f"The load {before} could not be left out.")
        with database.begin() as connection:
            ended = recovered.settle(connection)
    return Reached(state, newest, ended)


def put_back_latest_files(settings: Settings) -> tuple[Path | None, list[Path]]:
    """
    Put back the files of the newest backup: which it was, and what is to be put in place by hand.

    Photos are in the database; only what lies beside it comes from there.

    Raises
    ------
    BackupFailed
        It is damaged, or encrypted and its key is not here.
    """
    folder = settings.backup_dir
    kept = kept_backups(folder) if folder is not None and folder.is_dir() else []
    if folder is None or not kept:
        return None, []
    backup = open_backup(folder / kept[0].name)
    with decrypted(backup.path) as archive:
        return backup.path, put_back_files(archive, backup.manifest, settings)


def _held(database: Database) -> Held:
    with database.reading() as connection:
        return recovered.held(connection)

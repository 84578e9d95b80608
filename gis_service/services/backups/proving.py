"""The proof of a backup: it is put back into a place of its own, which is then removed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from gis_service.model.backups import Manifest, Proof
from gis_service.services.backups.proofs import file_sha256, write_proof
from gis_service.services.backups.restoring import open_backup, restore_backup
from gis_service.settings import Settings
from gis_service.store.database import Database

Place = AbstractContextManager[tuple[Database, Settings]]


def prove_backup(
    path: Path, place: Callable[[Manifest], Place], identity: Path | None = None
) -> Proof:
    """
    Put a backup back, compare its tables, and write the proof beside it.

    Parameters
    ----------
    place
        Makes an empty database and home for what a backup holds, and removes them after.

    Raises
    ------
    BackupFailed
        It cannot be put back, or is not what was backed up.
    """
    began = time.monotonic()
    sha256 = file_sha256(path)
    backup = open_backup(path, identity)
    with place(backup.manifest) as (database, settings):
        restore_backup(backup, database, settings)
    return write_proof(path, backup.manifest, sha256=sha256, seconds=time.monotonic() - began)

"""The folders for copies: ours are never made by us, for an unmounted disk looks like a new one."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gis_service.errors import BackupFailed
from gis_service.settings import Settings


def checked_folder(folder: Path) -> Path:
    """
    A folder that somebody set, when it is there.

    Raises
    ------
    BackupFailed
        It is not. Made by us it would fill the disk beneath the one that is not mounted.
    """
    if not is_there(folder):
        raise BackupFailed(_missing(folder))
    return folder


def missing_folders(settings: Settings) -> Iterator[str]:
    """What to say, when the service starts, of each folder for copies that is not there."""
    keeps_log = settings.database_url is None
    for name, folder in (
        ("GIS_BACKUP_DIR", settings.backup_dir),
        ("GIS_RECOVERY_DIR", settings.recovery_dir if keeps_log else None),
    ):
        if folder is not None and not is_there(folder):
            yield f"{name}: {_missing(folder)}"


def how_to_make(folder: Path) -> str:
    """The command for somebody who knows that it is new."""
    return f"mkdir -p {shlex.quote(str(folder))}"


def is_there(folder: Path) -> bool:
    """Whether a folder can be looked into; a disk that does not answer has none."""
    try:
        return folder.is_dir()
    except OSError:
        return False


def _missing(folder: Path) -> str:
    return (
        f"The folder {folder} is not there. Is its disk mounted? "
        f"If it is new: {how_to_make(folder)}"
    )

"""What a backup keeps beside the database, and where that goes when it is put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import file_digest, sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO
from uuid import UUID

from gis_service.errors import BackupFailed, DamagedBackup
from gis_service.model.backups import Manifest, Part
from gis_service.model.jobs import JobState
from gis_service.services.backups.archive import read_files
from gis_service.services.backups.whole_file import appearing_whole
from gis_service.services.uploads import uploads, waiting_uploads
from gis_service.settings import Settings, changed
from gis_service.store.cluster.settings import LOCAL_SETTINGS

OWN = ("tls", "uploads")
"""Folders below GIS_HOME that go back to their place."""
RESTORED = "restored"
"""Folder below GIS_HOME for what an officer puts in its place: map definitions, settings."""


def files_to_keep(
    settings: Settings, states: Callable[[Iterable[UUID]], Mapping[UUID, JobState]]
) -> list[tuple[str, Path]]:
    """
    Names in the archive and paths of the files to keep.

    The machine's own authority, which phones trust; uploads that wait for a job;
    the definitions of maps; settings of the private server. Passwords of the
    database's roles are not kept: new ones are made.

    Parameters
    ----------
    states
        Tells how jobs stand, as in `services.uploads.sweep_files`.
    """
    home = settings.home
    found = [(f"tls/{path.name}", path) for path in _files(home / "tls", "*")]
    found += [
        (f"uploads/{path.name}", path) for path in waiting_uploads(settings, states)
        if path.is_file()
    ]
    found += [(f"maps/{path.name}", path) for path in _files(settings.maps, "*.toml")]
    local = home / "pg" / "data" / "postgresql.local.conf"
    if settings.database_url is None and local.is_file() and local.read_text() != LOCAL_SETTINGS:
        found.append((f"postgresql/{local.name}", local))
    return found


def put_back_files(archive: IO[bytes], manifest: Manifest, settings: Settings) -> list[Path]:
    """
    Write a backup's files below GIS_HOME; those that an officer has to put in place.

    A file that is there already stays when it is the same.

    Raises
    ------
    BackupFailed
        Another file has the place of one, or the disk does not take it.
    """
    by_hand = []
    for name, content, part in read_files(archive, manifest):
        target = _target(settings, name)
        if name.startswith("maps/") and _is(settings.maps / target.name, part):
            continue
        _put(target, content, part)
        if RESTORED in target.parts:
            by_hand.append(target)
    if manifest.settings != changed(settings):
        lines = "".join(f"{name}={value}\n" for name, value in sorted(manifest.settings.items()))
        path = settings.home / RESTORED / "settings.env"
        written = lines.encode()
        _put(path, BytesIO(written), Part(path.name, len(written), sha256(written).hexdigest()))
        by_hand.append(path)
    return by_hand


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(p for p in folder.glob(pattern) if p.is_file() and not p.name.startswith("."))


def _target(settings: Settings, name: str) -> Path:
    """Where a file goes; its name comes from outside, so it is taken apart."""
    parts = PurePosixPath(name).parts
    if len(parts) != 2 or ".." in parts or "\\" in name or "\0" in name or name.startswith("/"):
        raise DamagedBackup(f"The backup holds a file of the name {name!r}, which it must not.")
    folder, file = parts
    if folder == "uploads":
        return uploads(settings) / file
    place = settings.home if folder in OWN else settings.home / RESTORED
    return place / folder / file


def _put(target: Path, content: IO[bytes], part: Part) -> None:
    """Write a file unless the same is there."""
    if target.exists():
        if not _is(target, part):
            raise BackupFailed(
                f"{target} is there already and is another file. Nothing is overwritten: move "
                "it away, or restore into another GIS_HOME."
            )
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with appearing_whole(target) as file:
        copyfileobj(content, file)
    if not _is(target, part):
        target.unlink()
        raise DamagedBackup(f"The backup is damaged: {part.name} is not what was written.")


def _is(path: Path, part: Part) -> bool:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest() == part.sha256
    except OSError:
        return False

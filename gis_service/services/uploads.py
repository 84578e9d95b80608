"""Files that wait for a job: kept under the job's id, gone when the job is."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from uuid import UUID

from gis_service.errors import InvalidInput, NotFound, Unavailable
from gis_service.model.jobs import JobState
from gis_service.settings import Settings

ORPHAN_AFTER_S = 24 * 3600
_SIDE_FILES = (".shp", ".shx", ".dbf", ".prj", ".cpg")


def uploads(settings: Settings) -> Path:
    """Folder of the files that wait for a job."""
    return settings.home / "uploads"


def exports(settings: Settings) -> Path:
    """Folder of what jobs have written for their owners."""
    return settings.home / "exports"


def keep_upload(settings: Settings, job_id: UUID, path: Path) -> str:
    """
    Copy a file to where workers find it; a bare Shapefile with the files beside it.

    Returns
    -------
    str
        The name under which it is kept, which holds nothing of the file's own.

    Raises
    ------
    Unavailable
        It cannot be copied, for example because the disk is full.
    """
    folder = uploads(settings)
    kept = folder / f"{job_id}{'.zip' if path.suffix.lower() == '.shp' else ''}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.suffix.lower() == ".shp":
            _zip(path, kept)
        else:
            shutil.copyfile(path, kept)
        with kept.open("rb") as file:
            os.fsync(file.fileno())
    except OSError as error:
        kept.unlink(missing_ok=True)
        raise Unavailable(
            f"{path.name} cannot be copied to {folder}: {error.strerror}. Nothing was changed."
        ) from None
    return kept.name


def upload_path(settings: Settings, name: object) -> Path:
    """
    The file kept under a name.

    Raises
    ------
    InvalidInput
        It is not a name that `keep_upload` gives.
    NotFound
        The file is gone.
    """
    if not isinstance(name, str) or _job_id(name) is None:
        raise InvalidInput("The job names no file that was uploaded.")
    path = uploads(settings) / name
    if not path.is_file():
        raise NotFound("The uploaded file is not there any more. Load it again.")
    return path


def waiting_uploads(
    settings: Settings, states: Callable[[Iterable[UUID]], Mapping[UUID, JobState]]
) -> list[Path]:
    """Files that wait for jobs which are not done; `states` is as in `sweep_files`."""
    found = {
        path: id_ for path in _children(uploads(settings))
        if (id_ := _job_id(path.name)) is not None
    }
    known = states(found.values()) if found else {}
    return [p for p, id_ in found.items() if id_ in known and not known[id_].is_final]


def drop_upload(settings: Settings, job_id: UUID) -> None:
    """Remove what waited for a job, if anything did."""
    for path in _children(uploads(settings)):
        if _job_id(path.name) == job_id:
            path.unlink(missing_ok=True)


def sweep_files(
    settings: Settings, states: Callable[[Iterable[UUID]], Mapping[UUID, JobState]]
) -> list[Path]:
    """
    Remove uploads that no job waits for, and what jobs wrote that came to nothing.

    A file without a job stays for a day: its job may only just be on its way.

    Parameters
    ----------
    states
        Tells how jobs stand; of those that do not exist it tells nothing.
    """
    found = {
        path: id_
        for folder in (uploads(settings), exports(settings))
        for path in _children(folder)
        if (id_ := _job_id(path.name)) is not None
    }
    known = states(found.values()) if found else {}
    removed = []
    for path, id_ in found.items():
        state = known.get(id_)
        if state is None:
            unwanted = _age_s(path) > ORPHAN_AFTER_S
        elif path.parent == exports(settings):
            unwanted = state in {JobState.FAILED, JobState.CANCELLED}
        else:
            unwanted = state.is_final
        if unwanted:
            _remove(path)
            removed.append(path)
    return removed


def _children(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _job_id(name: str) -> UUID | None:
    stem = name.removesuffix(".zip")
    try:
        id_ = UUID(stem)
    except ValueError:
        return None
    return id_ if str(id_) == stem else None


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _zip(path: Path, kept: Path) -> None:
    """A Shapefile's parts, found whatever the case of their suffixes."""
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_STORED) as archive:
        for suffix in _SIDE_FILES:
            for beside in (path.with_suffix(suffix), path.with_suffix(suffix.upper())):
                if beside.is_file():
                    archive.write(beside, f"{path.stem}{suffix}")
                    break

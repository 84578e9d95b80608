"""Whether backups are made, proven, and somewhere else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gis_service.model.findings import Finding, State
from gis_service.services.backups.copying import is_remote
from gis_service.services.backups.folders import how_to_make
from gis_service.services.backups.shelf import kept_backups, last_run
from gis_service.services.doctor.machine import same_disk
from gis_service.settings import Settings

LATE = 1.5
"""A backup is late after so many times GIS_BACKUP_EVERY."""
VERY_LATE = 3.0


def backups(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """The age of the newest backup and of the newest proven one, and where they are."""
    now = now or datetime.now(UTC)
    folder = settings.backup_dir
    if folder is None:
        yield Finding("backups", State.WARNING, "backups_not_set")
        return
    if not folder.is_dir():
        values: dict[str, int | str] = {"place": str(folder), "make": how_to_make(folder)}
        yield Finding("backups", State.BAD, "backups_gone", values)
        return
    yield from _ages(settings, now)
    run = last_run(folder)
    if run is not None and run.fault:
        yield Finding("backup_run", State.BAD, "backup_run_failed", {"fault": run.fault})
    alone = _on_one_disk(settings, folder)
    yield Finding("backup_copy", State.WARNING if alone else State.OK,
                  "backups_same_disk" if alone else "backups_elsewhere")


def _on_one_disk(settings: Settings, folder: Path) -> bool:
    """Whether the backups and their copies all lie beside the data."""
    to = settings.backup_copy_to
    if to is not None and is_remote(to):
        return False
    places = [folder, *([] if to is None else [Path(to).expanduser()])]
    home = settings.home if settings.home.exists() else folder
    return all(not place.is_dir() or same_disk(place, home) for place in places)


def _ages(settings: Settings, now: datetime) -> Iterator[Finding]:
    assert settings.backup_dir is not None  # noqa: S101 - the caller looked
    kept = kept_backups(settings.backup_dir)
    if not kept:
        yield Finding("backups", State.BAD, "backups_none")
        return
    every = timedelta(hours=settings.backup_every)
    proven = next((each for each in kept if each.proof), None)
    age = now - kept[0].made_at
    values = {"hours": int(age.total_seconds() // 3600)}
    if age > VERY_LATE * every:
        yield Finding("backups", State.BAD, "backups_old", values)
    elif age > LATE * every:
        yield Finding("backups", State.WARNING, "backups_old", values)
    else:
        yield Finding("backups", State.OK, "backups_ok", values)
    if proven is None:
        yield Finding("backup_proof", State.WARNING, "backups_unproven")
        return
    age = now - proven.made_at
    values = {"hours": int(age.total_seconds() // 3600)}
    late = age > VERY_LATE * every
    yield Finding("backup_proof", State.WARNING if late else State.OK,
                  "proof_old" if late else "proof_ok", values)

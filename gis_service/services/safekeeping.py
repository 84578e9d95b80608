"""How old the backups and their proofs are, and whether the log of changes is kept, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from gis_service.model.findings import State, worst
from gis_service.services.backups.shelf import kept_backups, last_run
from gis_service.services.doctor.recovery import recovery
from gis_service.services.recovery.shelf import own_log, size
from gis_service.settings import Settings


@dataclass(frozen=True, slots=True)
class Safekeeping:
    """
    Copies of the data at one moment; None where there is nothing to measure.

    Parameters
    ----------
    backups
        Backups in the folder of backups.
    backup_age_s, proven_age_s
        Seconds since the newest one, and the newest proven one, was made.
    run_failed
        Whether the last run of the backups failed.
    log_fails
        Whether the log of changes is not kept as it should be.
    base_age_s, log_bytes
        Seconds since the newest base copy, and size of the log with its base copies.
    """

    backups: int = 0
    backup_age_s: float | None = None
    proven_age_s: float | None = None
    run_failed: bool | None = None
    log_fails: bool | None = None
    base_age_s: float | None = None
    log_bytes: int | None = None


def safekeeping(settings: Settings) -> Safekeeping:
    """
    What lies in the folders of backups and of recovery.

    Raises
    ------
    OSError
        A disk does not answer.
    """
    now = datetime.now(UTC)

    def age(at: datetime | None) -> float | None:
        return None if at is None else (now - at).total_seconds()

    folder = settings.backup_dir
    kept = kept_backups(folder) if folder is not None and folder.is_dir() else []
    run = None if folder is None else last_run(folder)
    log = own_log(settings)
    bases = log.bases() if log is not None else []
    keeps_log = settings.recovery_dir is not None and settings.database_url is None
    return Safekeeping(
        backups=len(kept),
        backup_age_s=age(kept[0].made_at if kept else None),
        proven_age_s=age(next((each.made_at for each in kept if each.proof), None)),
        run_failed=None if run is None else run.fault is not None,
        log_fails=worst(list(recovery(settings, now))) is State.BAD if keeps_log else None,
        base_age_s=age(bases[-1].made_at if bases else None),
        log_bytes=None if log is None else size(log),
    )

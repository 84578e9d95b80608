"""Whether the database's log of changes is kept, so that one can go back to any moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gis_service.model.findings import Finding, State
from gis_service.services.backups.folders import how_to_make
from gis_service.services.backups.shelf import last_run
from gis_service.services.recovery.shelf import BASE_EVERY, Log, own_log, size
from gis_service.services.recovery.state import last_fault
from gis_service.settings import Settings
from gis_service.store.checkup import ServerFacts

BEHIND_MB = 256
"""So much of the log may wait in the server; a segment of 16 MB is told when it is whole."""


def recovery(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """The private database's log in its folder: kept, whole, and since when."""
    now = now or datetime.now(UTC)
    folder = settings.recovery_dir
    if settings.database_url is not None:
        return
    if folder is None:
        yield Finding("recovery", State.OK, "recovery_not_set")
    elif not folder.is_dir():
        values: dict[str, int | str] = {"place": str(folder), "make": how_to_make(folder)}
        yield Finding("recovery", State.BAD, "recovery_gone", values)
    elif (fault := last_fault(settings)) is not None:
        yield Finding("recovery", State.BAD, "recovery_failing", {"why": fault})
    elif (run := last_run(folder)) is not None and run.fault:
        yield Finding("recovery", State.BAD, "recovery_base_failed", {"why": run.fault})
    elif (log := own_log(settings)) is None:
        yield Finding("recovery", State.WARNING, "recovery_not_begun")
    else:
        yield _log(log, now)


def _log(log: Log, now: datetime) -> Finding:
    bases = log.bases()
    if not bases:
        return Finding("recovery", State.WARNING, "recovery_no_base")
    if log.gap() is not None:
        return Finding("recovery", State.BAD, "recovery_gap")
    age = now - bases[-1].made_at
    if age > 2 * BASE_EVERY:
        return Finding("recovery", State.WARNING, "recovery_base_old", {"days": age.days})
    values: dict[str, int | str] = {
        "hours": int((now - bases[0].made_at).total_seconds() // 3600),
        "size": size(log) // 2**20,
    }
    return Finding("recovery", State.OK, "recovery_ok", values)


def in_server(facts: ServerFacts, settings: Settings) -> Iterator[Finding]:
    """What the server tells: of our log, or of the archive that its administrator keeps."""
    if settings.database_url is None:
        if settings.recovery_dir is None:
            return
        if facts.log_lost:
            yield Finding("recovery_log", State.BAD, "recovery_lost")
        elif (waiting := facts.log_waiting // 2**20) > BEHIND_MB:
            yield Finding("recovery_log", State.WARNING, "recovery_behind", {"size": waiting})
        return
    if not facts.archives:
        yield Finding("recovery", State.OK, "archive_off")
    elif facts.archiving_fails:
        yield Finding("recovery", State.BAD, "archive_failing")
    else:
        yield Finding("recovery", State.OK, "archive_ok")

"""From a base copy along the log to a moment: which copy, what to lay out, where to stop."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gis_service.errors import BackupFailed, DamagedBackup
from gis_service.model.recovery import BaseCopy, Target
from gis_service.services.recovery.segments import SEGMENT_BYTES, first_gap, lay_out
from gis_service.services.recovery.shelf import Log, logs
from gis_service.store import dumps
from gis_service.store.cluster.errors import ServerFailed
from gis_service.store.cluster.files import sync_directory, write_whole
from gis_service.store.cluster.wal import check_files

WITHIN_S = 12 * 3600.0
_PASSED_NO_MORE = "recovery ended before configured recovery target was reached"
_OWN = "postgresql.auto.conf"


@dataclass(frozen=True, slots=True)
class Way:
    """A base copy and the log to follow from it."""

    log: Log
    base: BaseCopy

    @property
    def bytes(self) -> int:
        """What it needs on the disk."""
        return self.base.database_bytes + SEGMENT_BYTES * sum(
            each.number >= self.base.start for each in self.log.segments()
        )


def way_to(folder: Path, moment: datetime | None) -> Way:
    """
    The newest base copy that was complete at a moment; without one the newest of all.

    Raises
    ------
    BackupFailed
        There is none; the message says how far one can go back.
    """
    try:
        found = [Way(log, base) for log in logs(folder) for base in log.bases()]
    except OSError as error:
        raise BackupFailed(f"{folder} cannot be read: {error.strerror}.") from error
    if not found:
        raise BackupFailed(f"{folder} holds no base copy: there is nothing to begin from.")
    fitting = [each for each in found if moment is None or each.base.made_at <= moment]
    if not fitting:
        first = min(each.base.made_at for each in found)
        raise BackupFailed(
            f"One can go back to {first.astimezone():%Y-%m-%d %H:%M:%S %Z} and not further. "
            "For an older state take a backup: ./gis backup list"
        )
    return max(fitting, key=lambda each: each.base.made_at)


def lay_out_way(way: Way, data: Path, target: Target, pg_bin: Path | None) -> None:
    """
    Write into an empty data directory what the server needs to come to a moment.

    Every file of the copy is compared with its manifest. The log is laid beside
    it, so that the server runs no command to fetch it.

    Raises
    ------
    BackupFailed
        The copy or the log is damaged.
    """
    copy = way.log.path / way.base.name
    try:
        with tarfile.open(copy / "base.tar.gz") as tar:
            tar.extractall(data, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DamagedBackup(f"The base copy in {copy} cannot be unpacked: {error}") from error
    major = int(way.base.postgresql.split(".", maxsplit=1)[0])
    check_files(data, copy / "backup_manifest", dumps.program("pg_verifybackup", major, pg_bin))
    wal = data / "pg_wal"
    kept = [each for each in way.log.segments() if each.number >= way.base.start]
    missing = first_gap(kept, way.base.start)
    for each in kept:
        if missing is not None and each.number > missing:
            break  # the server would stop there, too
        if each.whole or not (wal / each.name).exists():
            lay_out(each, wal)
    sync_directory(wal)
    own = data / _OWN
    write_whole(own, own.read_text(encoding="utf-8") + _recovery(target))
    write_whole(data / "recovery.signal", "")


def arrive(start: Callable[[], object], data: Path) -> None:
    """
    Have the server follow the log, and take back what told it to.

    A moment after the log's last entry is never passed on the way: then all of the
    log is in.

    Parameters
    ----------
    start
        Starts it and returns when it has arrived.
    """
    try:
        start()
    except ServerFailed as error:
        if _PASSED_NO_MORE not in str(error):
            raise
        _tell(data, _recovery(Target()))
        start()
    _tell(data, "")


def _tell(data: Path, what: str) -> None:
    own = data / _OWN
    mode = own.stat()
    write_whole(own, own.read_text(encoding="utf-8").partition(_MARK)[0] + what)
    if os.geteuid() == 0:
        os.chown(own, mode.st_uid, mode.st_gid)


_MARK = "\n# For recovery alone.\n"


def _recovery(target: Target) -> str:
    lines = [
        "restore_command = 'false'", "recovery_target_action = 'promote'", "hot_standby = 'off'",
        "recovery_target_timeline = 'current'",
    ]
    if target.before_transaction is not None:
        lines += [f"recovery_target_xid = '{target.before_transaction}'",
                  "recovery_target_inclusive = 'off'"]
    elif target.moment is not None:
        lines.append(f"recovery_target_time = '{target.moment.isoformat(sep=' ')}'")
    return _MARK + "".join(f"{line}\n" for line in lines)

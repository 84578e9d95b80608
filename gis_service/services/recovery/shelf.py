"""
The folder for recovery: unbroken logs, each with the base copies that it begins from.

    GIS_RECOVERY_DIR/20261123T140501Z-5f0c1a/      a log: of one server, without a gap
        log.json
        wal/                                       segments, compressed when whole
        base-20261123T140502Z/                     base.tar.gz, backup_manifest, base.json
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gis_service.errors import BackupFailed
from gis_service.model.recovery import BaseCopy
from gis_service.services.backups.folders import checked_folder
from gis_service.services.recovery.segments import Segment, first_gap, segments
from gis_service.settings import Settings
from gis_service.store.cluster.files import write_whole
from gis_service.store.cluster.wal import Line

_LOG = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_BASE = re.compile(r"base-\d{8}T\d{6}Z")
_STAMP = "%Y%m%dT%H%M%SZ"
_OURS = "recovery.json"
BASE_EVERY = timedelta(days=7)
LOG_PER_BASE = 2 * 2**30
"""Bytes of the log, as they lie there, after which a base copy is due sooner."""


@dataclass(frozen=True, slots=True)
class Log:
    """One unbroken log in the folder."""

    path: Path

    @property
    def wal(self) -> Path:
        return self.path / "wal"

    def bases(self) -> list[BaseCopy]:
        """Its whole base copies, the oldest first."""
        found = []
        for path in self.path.glob("base-*"):
            if _BASE.fullmatch(path.name):
                with suppress(OSError, ValueError, KeyError, TypeError):
                    content = json.loads((path / "base.json").read_text(encoding="utf-8"))
                    found.append(BaseCopy(**content | {
                        "made_at": datetime.fromisoformat(content["made_at"]),
                    }))
        return sorted(found, key=lambda each: each.made_at)

    def segments(self) -> list[Segment]:
        return segments(self.wal) if self.wal.is_dir() else []

    def gap(self) -> int | None:
        """The first segment that its newest base copy would need and that is missing."""
        bases = self.bases()
        return first_gap(self.segments(), bases[-1].start) if bases else None

    def written_at(self) -> datetime | None:
        """When the log was last added to."""
        found = self.segments()
        if not found:
            return None
        return datetime.fromtimestamp(max(each.path.stat().st_mtime for each in found), UTC)


def recovery_folder(settings: Settings) -> Path:
    """
    The folder for recovery.

    Raises
    ------
    BackupFailed
        None is set, or it is not there.
    """
    if settings.recovery_dir is None:
        raise BackupFailed(
            "No folder for recovery is set. Set GIS_RECOVERY_DIR, best on another disk."
        )
    return checked_folder(settings.recovery_dir)


def logs(folder: Path) -> list[Log]:
    """The logs of a folder, the oldest first."""
    return [Log(path) for path in sorted(folder.iterdir()) if _LOG.fullmatch(path.name)]


def own_log(settings: Settings) -> Log | None:
    """The log that this home's server writes to, as far as is written down."""
    named = _named(settings)
    if settings.recovery_dir is None or named is None:
        return None
    log = Log(settings.recovery_dir / str(named["log"]))
    return log if _LOG.fullmatch(log.path.name) and log.path.is_dir() else None


def continued_log(settings: Settings, line: Line) -> Log | None:
    """The same when it is of this line; another server's is not."""
    named = _named(settings)
    log = own_log(settings)
    return log if named is not None and named | asdict(line) == named else None


def new_log(settings: Settings, line: Line, now: datetime) -> Log:
    """
    Begin a log, and write down in the home that it is its own.

    Raises
    ------
    BackupFailed
        The folder cannot be used, or is another one than before under the same name.
    """
    folder = recovery_folder(settings)
    named = _named(settings) or {}
    if named.get("folder") == str(folder) and not (folder / str(named["log"])).is_dir():
        raise BackupFailed(
            f"The log {named['log']} is not in {folder} any more. Is its disk mounted? If it is "
            f"gone for good, remove {_home_file(settings)}: a new log then begins."
        )
    name = f"{now.astimezone(UTC).strftime(_STAMP)}-{secrets.token_hex(3)}"
    log = Log(folder / name)
    try:
        log.path.mkdir(mode=0o700)
        log.wal.mkdir(mode=0o700)
        write_whole(log.path / "log.json", json.dumps(asdict(line)) + "\n")
        named = {"log": name, "folder": str(folder), **asdict(line)}
        write_whole(_home_file(settings), json.dumps(named) + "\n")
    except OSError as error:
        raise BackupFailed(
            f"The folder for recovery {folder} cannot be used: {error.strerror}. "
            "(GIS_RECOVERY_DIR)"
        ) from error
    return log


def base_is_due(log: Log, now: datetime) -> bool:
    """Whether following the log from its newest base copy would take too long, or cannot be."""
    bases = log.bases()
    if not bases or now - bases[-1].made_at >= BASE_EVERY:
        return True
    since = [each for each in log.segments() if each.number >= bases[-1].start]
    return log.gap() is not None or _bytes(since) > LOG_PER_BASE


def base_folder(log: Log, at: datetime) -> Path:
    """Where a base copy of a moment lies."""
    return log.path / f"base-{at.astimezone(UTC).strftime(_STAMP)}"


def remove_surplus(settings: Settings, now: datetime) -> None:
    """
    Remove what no moment of the last GIS_RECOVERY_DAYS needs.

    Of each log the newest base copy before that time stays, and all after it;
    of our own one always. Other logs go when they end before that time.
    """
    since = now - timedelta(days=settings.recovery_days)
    own = own_log(settings)
    for log in logs(recovery_folder(settings)):
        written = log.written_at() or datetime.fromtimestamp(log.path.stat().st_mtime, UTC)
        if written < since and log != own:
            shutil.rmtree(log.path)
            continue
        bases = log.bases()
        before = [each for each in bases if each.made_at <= since]
        for each in before[:-1]:
            shutil.rmtree(log.path / each.name)
        if bases:
            first = (before[-1:] or bases)[0].start
            for segment in log.segments():
                if segment.number < first:
                    segment.path.unlink(missing_ok=True)


def size(log: Log) -> int:
    """Bytes of a log on its disk."""
    return sum(each.size for each in log.bases()) + _bytes(log.segments())


def _bytes(found: Sequence[Segment]) -> int:
    total = 0
    for each in found:
        with suppress(FileNotFoundError):  # it is compressed just now
            total += each.path.stat().st_size
    return total


def _home_file(settings: Settings) -> Path:
    return settings.home / _OURS


def _named(settings: Settings) -> dict[str, object] | None:
    try:
        named = json.loads(_home_file(settings).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return named if isinstance(named, dict) and "log" in named else None

"""The folder of backups: which there are, whether one is due, and which may go."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gis_service.errors import BackupFailed, Conflict
from gis_service.model.backups import KeptBackup, Proof
from gis_service.model.days import day_of
from gis_service.services.backups.folders import checked_folder
from gis_service.services.backups.proofs import proof_path, read_proof
from gis_service.settings import Settings

_NAME = re.compile(r"gis-(\d{8}T\d{6}Z)\.tar(\.age|\.gpg)?")
_STAMP = "%Y%m%dT%H%M%SZ"
_PERIODS: dict[str, Callable[[datetime], object]] = {
    "daily": day_of,
    "weekly": lambda at: day_of(at).isocalendar()[:2],
    "monthly": lambda at: (day_of(at).year, day_of(at).month),
}
_UNREAD = Proof("", 0, "", "", "", "", 0, 0, 0.0)
"""Stands for a proof of which only the name is known."""
_LAST_RUN = ".last-run.json"
AGAIN_AFTER = timedelta(hours=1)
"""A run that failed is tried again after so long."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """When `gis backup run` ended last, and what went wrong; `fault` is None when nothing did."""

    at: str
    fault: str | None


def backup_folder(settings: Settings) -> Path:
    """
    The folder of backups.

    Raises
    ------
    BackupFailed
        None is set, or it is not there.
    """
    if settings.backup_dir is None:
        raise BackupFailed(
            "No folder of backups is set. Set GIS_BACKUP_DIR, best on another disk."
        )
    return checked_folder(settings.backup_dir)


def new_name(at: datetime, *, suffix: str = "") -> str:
    """Name of a backup that is made now."""
    return f"gis-{at.astimezone(UTC).strftime(_STAMP)}.tar{suffix}"


def kept_backups(folder: Path) -> list[KeptBackup]:
    """The backups of a folder, the newest first; files of other names are not ours."""
    found = []
    for path in folder.glob("gis-*"):
        name = _NAME.fullmatch(path.name)
        with suppress(FileNotFoundError):  # another process removes it just now
            if name is not None and path.is_file():
                size = path.stat().st_size
                found.append(KeptBackup(path.name, size, _made_at(name[1]), read_proof(path)))
    return _newest_first(found)


def listed_backups(names: Sequence[str]) -> list[KeptBackup]:
    """The same from the names of a place that is not looked into; a proof's name is enough."""
    known = set(names)
    found = []
    for name in names:
        if match := _NAME.fullmatch(name):
            proven = proof_path(Path(name)).name in known
            found.append(KeptBackup(name, 0, _made_at(match[1]), _UNREAD if proven else None))
    return _newest_first(found)


def is_due(settings: Settings, now: datetime) -> bool:
    """
    Whether the newest backup is as old as GIS_BACKUP_EVERY says, or there is none.

    Raises
    ------
    BackupFailed
        No folder is set, or it is not there.
    """
    folder = backup_folder(settings)
    last = last_run(folder)
    if last is not None and last.fault and now - datetime.fromisoformat(last.at) < AGAIN_AFTER:
        return False
    kept = kept_backups(folder)
    return not kept or now - kept[0].made_at >= timedelta(hours=settings.backup_every)


def surplus(backups: Sequence[KeptBackup], keep: str) -> list[KeptBackup]:
    """
    The backups that no rule keeps.

    For each of the newest days, weeks and months that have any, the newest
    proven backup is kept, or the newest when none is proven. The newest of all
    and the newest proven one always stay.

    Parameters
    ----------
    backups
        The newest first.
    keep
        As in GIS_BACKUP_KEEP: `7 daily, 5 weekly, 12 monthly`.
    """
    staying = {each.name for each in backups[:1]}
    staying |= {each.name for each in [b for b in backups if b.proof][:1]}
    for count, period in re.findall(r"(\d+) (daily|weekly|monthly)", keep):
        groups: dict[object, list[KeptBackup]] = {}
        for each in backups:
            groups.setdefault(_PERIODS[period](each.made_at), []).append(each)
        for group in list(groups.values())[: int(count)]:
            best = next((each for each in group if each.proof), group[0])
            staying.add(best.name)
    return [each for each in backups if each.name not in staying]


def remove_surplus(folder: Path, keep: str) -> list[str]:
    """Remove the backups that no rule keeps, each with its proof; their names."""
    removed = []
    for each in surplus(kept_backups(folder), keep):
        path = folder / each.name
        path.unlink(missing_ok=True)
        proof_path(path).unlink(missing_ok=True)
        removed.append(each.name)
    return removed


def _made_at(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _newest_first(found: list[KeptBackup]) -> list[KeptBackup]:
    return sorted(found, key=lambda each: (each.made_at, each.name), reverse=True)


@contextmanager
def one_run(folder: Path) -> Iterator[None]:
    """
    Be the one run in a folder, and write down how it ended.

    Raises
    ------
    BackupFailed
        The folder is not there, or cannot be written to.
    Conflict
        Another one is under way.
    """
    try:
        lock = (checked_folder(folder) / ".lock").open("a")
    except OSError as error:
        raise BackupFailed(
            f"The folder {folder} cannot be used: {error.strerror}."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another run of the backups is under way.") from None
        _sweep(folder)
        fault: str | None = "The run was ended before it was done."
        try:
            yield
            fault = None
        except Exception as error:
            fault = str(error) or type(error).__name__
            raise
        finally:
            _remember(folder, fault)


def last_run(folder: Path) -> LastRun | None:
    """How the last run ended; None when there was none."""
    try:
        return LastRun(**json.loads((folder / _LAST_RUN).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _remember(folder: Path, fault: str | None) -> None:
    run = LastRun(datetime.now(UTC).isoformat(timespec="seconds"), fault)
    draft = folder / f"{_LAST_RUN}.new"
    try:
        draft.write_text(json.dumps(asdict(run)), encoding="utf-8")
        draft.replace(folder / _LAST_RUN)
    except OSError:  # the disk is full or gone, which the run itself has told
        draft.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a run left that was killed."""
    for part in folder.glob(".gis-*.part"):
        part.unlink(missing_ok=True)

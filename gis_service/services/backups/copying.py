"""A second copy of a backup: in another folder, or wherever the program rclone reaches."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from gis_service.errors import BackupFailed, ConfigurationError
from gis_service.services.backups.proofs import file_sha256, proof_path
from gis_service.services.backups.shelf import listed_backups, remove_surplus, surplus
from gis_service.services.backups.whole_file import appearing_whole

_REMOTE = re.compile(r"[\w .+@-]{2,}:.*")
_STAMP = re.compile(r"^[\d/]+ [\d:]+ [A-Z]+ *: *")
_WITHIN_S = 6 * 3600


def is_remote(to: str) -> bool:
    """Whether a place is one of rclone's (`remote:path`), no folder of this machine."""
    return _REMOTE.fullmatch(to) is not None


def copy_backup(path: Path, to: str) -> None:
    """
    Copy a backup and its proof to another place, and compare what arrived.

    Parameters
    ----------
    to
        A folder that is there, or `remote:path` as rclone's configuration names it.

    Raises
    ------
    BackupFailed
        It did not arrive whole.
    ConfigurationError
        rclone is not installed.
    """
    files = [each for each in (path, proof_path(path)) if each.is_file()]
    if is_remote(to):
        for each in files:
            _by_rclone(each, to)
        return
    folder = Path(to).expanduser()
    if not folder.is_dir():
        raise BackupFailed(
            f"The folder for copies {folder} is not there. Is its disk mounted? "
            "(GIS_BACKUP_COPY_TO)"
        )
    for each in files:
        _to_folder(each, folder)


def remove_surplus_copies(to: str, keep: str) -> list[str]:
    """
    Remove the copies that no rule keeps, each with its proof; their names.

    The rule looks at what lies there, so that a folder of backups that was lost
    and begun anew takes nothing away. A copy counts as proven when a proof lies
    beside it.

    Parameters
    ----------
    keep
        As in GIS_BACKUP_KEEP.

    Raises
    ------
    BackupFailed
        The place cannot be read or changed.
    """
    if not is_remote(to):
        return remove_surplus(Path(to).expanduser(), keep)
    program = _rclone(to)
    names = _run([program, "lsf", "--files-only", "--max-depth", "1", to], to).splitlines()
    found = listed_backups(names)
    gone = [each.name for each in surplus(found, keep)]
    for name in gone:
        for file in (name, proof_path(Path(name)).name):
            if file in names:
                _run([program, "deletefile", f"{to.rstrip('/')}/{file}"], to)
    return gone


def _to_folder(path: Path, folder: Path) -> None:
    target = folder / path.name
    if target.exists() and target.stat().st_size == path.stat().st_size:
        if file_sha256(target) == file_sha256(path):
            return
        target.unlink()
    with path.open("rb") as source, appearing_whole(target) as copy:
        shutil.copyfileobj(source, copy, 2**20)
    if file_sha256(target) != file_sha256(path):
        target.unlink(missing_ok=True)
        raise BackupFailed(f"The copy in {folder} is not what was written. Is the disk failing?")


def _by_rclone(path: Path, to: str) -> None:
    program = _rclone(to)
    _run([program, "copy", str(path), to], to)
    # Not every place keeps hashes, so the copy is read back.
    _run([program, "check", "--one-way", "--download", str(path), to], to)


def _rclone(to: str) -> str:
    program = shutil.which("rclone")
    if program is None:
        raise ConfigurationError(
            "The program rclone is not installed, so nothing can be copied to "
            f"{to} (Debian: apt-get install rclone; then: rclone config)."
        )
    return program


def _run(command: list[str], to: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False,
            stdin=subprocess.DEVNULL, timeout=_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise BackupFailed(f"rclone did not end within {_WITHIN_S // 3600} hours.") from None
    if done.returncode:
        lines = [_STAMP.sub("", line) for line in done.stderr.splitlines() if line.strip()]
        raise BackupFailed(
            f"The copy to {to} failed: {lines[-1] if lines else 'rclone ended without a word'}"
        )
    return done.stdout

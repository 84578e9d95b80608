"""A file that is there whole and safe on the disk, or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gis_service.errors import BackupFailed
from gis_service.store.cluster.files import sync_directory


@contextmanager
def appearing_whole(out: Path) -> Iterator[IO[bytes]]:
    """
    A new file, mode 0600, that gets its name when the block ends well.

    Until then it is `.NAME.part`. One that was left there by a process that was
    killed is taken over.

    Raises
    ------
    BackupFailed
        It is there already, another process writes it, or the disk does not take it.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        if out.exists():
            raise _there(out)
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b") as file:
            _lock(file, out)
            file.truncate()
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                _name(part, out)
            finally:
                part.unlink(missing_ok=True)
        sync_directory(out.parent)
    except OSError as error:
        raise _refused(out, error) from error


def _lock(file: IO[bytes], out: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupFailed(f"Another process is writing {out} at the moment.") from None


def _name(part: Path, out: Path) -> None:
    """Give the file its name, unless another took it meanwhile."""
    try:
        os.link(part, out)
    except FileExistsError:
        raise _there(out) from None
    except OSError:  # a disk without hard links, as sticks have them
        if out.exists():
            raise _there(out) from None
        part.rename(out)


def _there(out: Path) -> BackupFailed:
    return BackupFailed(f"{out} is there already. A backup replaces nothing: give another name.")


def _refused(out: Path, error: OSError) -> BackupFailed:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return BackupFailed(
            f"There is no room for the backup in {out.parent} ({error.strerror}). Free some "
            "space or choose another disk. Nothing was left there."
        )
    return BackupFailed(f"{error.filename or out} cannot be used: {error.strerror or error}.")

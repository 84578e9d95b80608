"""Files of the private cluster: written whole or not at all, and locked."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gis_service.errors import ClusterError
from gis_service.store.cluster.errors import ClusterBusy, DiskFull


def write_whole(path: Path, text: str) -> None:
    """
    Write a file of mode 0600 so that a reader sees the old text or the new one.

    Parameters
    ----------
    path
        The file; its directory exists, and root gives the file to its owner.
    text
        The whole new content.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            _give_to_owner_of(path.parent, file.fileno())
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory survive a power cut."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_directory(path: Path, *, mode: int, owner: tuple[int, int]) -> None:
    """
    Make a directory, or give an existing one its mode and owner.

    Raises
    ------
    OSError
        Something else is there, or a symbolic link.
    """
    with suppress(FileExistsError):
        path.mkdir(mode=mode)
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        now = os.fstat(handle)
        if (now.st_uid, now.st_gid) != owner:
            os.fchown(handle, *owner)
        if now.st_mode & 0o777 != mode:
            os.fchmod(handle, mode)
    finally:
        os.close(handle)


@contextmanager
def exclusive(path: Path, *, timeout_s: float, waiting_for: str) -> Iterator[int]:
    """
    Hold a lock file, waiting for whoever has it.

    Children that inherit the descriptor hold the lock with this process, also
    after its death.

    Yields
    ------
    int
        The descriptor of the lock file.

    Raises
    ------
    ClusterBusy
        The lock did not come free in `timeout_s`.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        _give_to_owner_of(path.parent, handle)
        deadline = time.monotonic() + timeout_s
        while not _try_lock(handle):
            if time.monotonic() > deadline:
                raise ClusterBusy(f"{path} is still held after {timeout_s:.0f} s: {waiting_for}.")
            time.sleep(0.05)
        yield handle
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether any process holds this lock file."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def _give_to_owner_of(directory: Path, handle: int) -> None:
    """Root may have to work beside the owner of a directory, and must not lock them out."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Say what the operating system's refusals mean for the cluster at `where`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(where) from error
        raise ClusterError(
            f"The cluster in {where} cannot use {error.filename or 'its files'}: {error.strerror}."
        ) from error


def disk_full(where: Path) -> DiskFull:
    """The error that says which disk is full."""
    return DiskFull(
        f"The disk that holds {where} is full, so the database cannot start. "
        "Free some space there and start again; what was saved is safe."
    )

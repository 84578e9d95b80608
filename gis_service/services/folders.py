"""Folders for the temporary files of one process, found and removed when it was killed."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_YOUNG_S = 60.0


@contextmanager
def own_folder(parent: Path) -> Iterator[Path]:
    """
    A folder for this process's temporary files; a lock in it says that it is in use.

    The kernel frees the lock however the process ends, so that another worker
    can tell what was left behind.
    """
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(tempfile.mkdtemp(prefix="worker-", dir=parent))
    before = tempfile.tempdir
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            shutil.rmtree(folder, ignore_errors=True)


def sweep_folders(parent: Path, before: Callable[[Path], object] | None = None) -> None:
    """
    Remove folders whose worker has ended; one just made may not be locked yet.

    Parameters
    ----------
    before
        Is given each before it is removed.
    """
    for folder in parent.glob("worker-*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime < _YOUNG_S:
                continue
            with (folder / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if before is not None:
                    before(folder)
                shutil.rmtree(folder, ignore_errors=True)

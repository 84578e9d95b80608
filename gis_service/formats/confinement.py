"""What a reading or writing process takes away from itself before it touches a file."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from gis_service.formats.kernel_walls import refuse_calls, refuse_files
from gis_service.formats.limits import ReadLimits

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_LIBRARIES = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache",
    "/etc/localtime", "/usr/share/zoneinfo", "/proc/self", "/sys/devices/system/cpu",
    "/dev/null", "/dev/urandom",
)  # fmt: skip


def confine(limits: ReadLimits, folder: Path) -> None:
    """
    Bound this process's memory, time and files, and leave it nothing but its own folder.

    It may run no program, open no socket, and no file but those in `folder` and
    those that links in it point to; of the rest of the machine it sees Python and
    its libraries. Each is done where the kernel lets an unprivileged process do so.
    """
    _bound(resource.RLIMIT_AS, limits.memory_mb * 1_000_000)
    _bound(resource.RLIMIT_CPU, limits.cpu_s)
    _bound(resource.RLIMIT_FSIZE, 4 * limits.file_bytes)
    _bound(resource.RLIMIT_NOFILE, 64)
    _bound(resource.RLIMIT_CORE, 0)
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if libc.unshare(_CLONE_NEWNET) != 0 and os.geteuid() != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
        refuse_files(readable=_readable(folder), writable=(folder,))
        refuse_calls()


def _readable(folder: Path) -> Iterator[Path]:
    """Python, its libraries and ours, and what the links in the folder point to."""
    yield Path(__file__).resolve().parents[1]
    for place in (sys.prefix, sys.base_prefix, sys.exec_prefix, *_LIBRARIES):
        yield Path(place).resolve()
    for entry in folder.iterdir():
        if entry.is_symlink():
            yield entry.resolve()


def _bound(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))

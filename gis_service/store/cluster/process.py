"""Which process, if any, is the postmaster of a data directory."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Postmaster:
    """
    A living postmaster.

    `started` is when the kernel started it, in the kernel's own count: with the
    process id it names one process for ever, whatever the wall clock does.
    `stopping` is set once it shuts down.
    """

    pid: int
    started: str
    stopping: bool = False

    def alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started


def find_postmaster(data: Path) -> Postmaster | None:
    """
    The living postmaster of a data directory.

    A process counts only if `postmaster.pid` names it and this data directory, it
    belongs to the owner of the data, and it is a `postgres` at work on it.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
        if not data.samefile(lines[1]):
            return None
        started = _started(pid)
        if started is None or not _serves(pid, data):
            return None
    except (OSError, ValueError, IndexError):
        return None
    return Postmaster(pid, started, stopping=lines[-1].strip() == "stopping")


def named_process(pid_file: Path) -> int | None:
    """The process id that a file begins with, when any process has it, be it a zombie."""
    try:
        pid = abs(int(pid_file.read_text().split()[0]))
        os.kill(pid, 0)
    except PermissionError:
        return pid
    except (OSError, ValueError, IndexError, OverflowError):
        return None
    return pid


def processes_in(data: Path) -> list[int]:
    """Process ids that work in a data directory, as far as this user may see."""
    return [
        int(process.name)
        for process in _PROC.glob("[0-9]*")
        if _started(int(process.name)) and _works_in(int(process.name), data)
    ]


def _started(pid: int) -> str | None:
    """The kernel's start time of a process; None when there is none or it is a zombie."""
    if not _PROC.joinpath("stat").exists():
        return _ps(pid, "lstart") or None
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def _serves(pid: int, data: Path) -> bool:
    if not _PROC.joinpath("stat").exists():
        return f"-D {data}" in _ps(pid, "command")
    process = _PROC / str(pid)
    if process.stat().st_uid != data.stat().st_uid:
        return False
    # Backends rewrite their command line to "postgres: ...", the postmaster keeps its own.
    arguments = (process / "cmdline").read_bytes().split(b"\0")
    if os.path.basename(arguments[0]) not in (b"postgres", b"postmaster"):
        return False
    return _works_in(pid, data) or _told_to_serve(arguments, data)


def _works_in(pid: int, data: Path) -> bool:
    try:
        return (_PROC / str(pid) / "cwd").samefile(data)
    except OSError:
        return False


def _told_to_serve(arguments: list[bytes], data: Path) -> bool:
    """In a container, root may not see where another user's process works."""
    try:
        return data.samefile(os.fsdecode(arguments[arguments.index(b"-D") + 1]))
    except (OSError, ValueError, IndexError):
        return False


def _ps(pid: int, column: str) -> str:
    return subprocess.run(
        ["ps", "-ww", "-o", f"{column}=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()

"""What a command costs: seconds, work of all processes, and the memory of each that it starts."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY_S = 0.02
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What some commands took, one after the other.

    Parameters
    ----------
    seconds
        On the clock.
    work_s
        Processor seconds of the commands and of PostgreSQL.
    command_mb, child_mb
        Most memory that a command held, and that a process held which it
        started (VmHWM).
    together_mb
        Most memory that all of them held at one time; what they share counts twice.
    """

    seconds: float
    work_s: float
    command_mb: float
    child_mb: float
    together_mb: float


def watch(commands: Sequence[Sequence[str]], *, postmaster: int) -> Cost:
    """
    Run commands one after the other.

    Parameters
    ----------
    postmaster
        Process id of the PostgreSQL that they speak to.

    Raises
    ------
    RuntimeError
        One of them failed.
    """
    before = _work_of_children(postmaster)
    began = time.perf_counter()
    work = command_mb = child_mb = together_mb = 0.0
    for command in commands:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        memory = _Memory(process.pid)
        memory.start()
        _, status, usage = os.wait4(process.pid, 0)
        memory.ended.set()
        memory.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}")
        work += usage.ru_utime + usage.ru_stime
        command_mb = max(command_mb, memory.most.pop(process.pid, 0.0))
        child_mb = max(child_mb, *memory.most.values(), 0.0)
        together_mb = max(together_mb, memory.together)
    seconds = time.perf_counter() - began
    return Cost(
        seconds, work + _settled(postmaster) - before, command_mb, child_mb, together_mb
    )


class _Memory(threading.Thread):
    """Looks at a process and its children until `ended`; megabytes by process id."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most: dict[int, float] = {}
        self.together = 0.0
        self.ended = threading.Event()
        self._pid = pid

    def run(self) -> None:
        while not self.ended.wait(_EVERY_S):
            now = 0.0
            for pid in (self._pid, *_children(self._pid)):
                most, held = _held_mb(pid)
                self.most[pid] = max(self.most.get(pid, 0.0), most)
                now += held
            self.together = max(self.together, now)


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def _held_mb(pid: int) -> tuple[float, float]:
    """Most that a process ever held, and what it holds."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0, 0.0
    found = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Vm")}
    return float(found.get("VmHWM", 0)) / 1024, float(found.get("VmRSS", 0)) / 1024


def _settled(postmaster: int) -> float:
    """Work of a PostgreSQL's sessions, once those that just ended are counted."""
    time.sleep(0.2)
    return _work_of_children(postmaster)


def _work_of_children(pid: int) -> float:
    """Processor seconds of the children of a process that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS

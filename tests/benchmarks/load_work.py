"""What processes take of the machine: processor time and memory, with all below them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, [])
    return found


def processor_s(root: int) -> float:
    """
    Processor time of a process and all below it, by the scheduler's own account.

    Threads and processes that have ended are missing from it.
    """
    return sum(_nanoseconds(root)) / 1e9


def _nanoseconds(root: int) -> Iterator[int]:
    for pid in tree(root):
        for each in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                yield int(each.read_text().split()[0])
            except (OSError, IndexError):
                continue


def memory_mb(root: int) -> float:
    """Memory of a process and all below it, without what they share with others (PSS)."""
    total = 0
    for pid in tree(root):
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in rollup.splitlines() if "Pss:" in line)
    return total / 1024

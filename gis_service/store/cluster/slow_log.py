"""What the private server's own log tells of statements that took longer than a second."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

MOST_READ = 32 * 2**20
"""Bytes of one day's file that are read, from its end."""
LONGEST_TEXT = 160
_LINE = re.compile(
    r"(?P<at>\S+ \S+) UTC \[\d+\] (?P<user>[^@\s]+)@\S+ (?P<name>.*) [0-9A-Z]{5} LOG:  "
    r"duration: (?P<ms>[\d.]+) ms  (?:statement|execute [^:]+): (?P<text>.*)"
)
"""By `log_line_prefix` and `log_min_duration_statement` of `settings.py`."""


@dataclass(frozen=True, slots=True)
class SlowStatement:
    """One entry: when it ended, under which login, how long it took, and how it begins."""

    at: datetime
    login: str
    seconds: float
    text: str


def slow_statements(logs: Path, since: datetime) -> Iterator[SlowStatement]:
    """
    The slow statements since a moment, in no order.

    Parameters
    ----------
    logs
        The server's folder of logs; without one there is nothing.

    Raises
    ------
    OSError
        A file cannot be read.
    """
    for path in logs.glob("postgresql-*.log"):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < since:
            continue
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST_READ))
            for line in file:
                if b" duration: " in line:
                    found = _read(line.decode("utf-8", "replace"))
                    if found is not None and found.at >= since:
                        yield found


def _read(line: str) -> SlowStatement | None:
    entry = _LINE.match(line)
    if entry is None:
        return None
    at = datetime.fromisoformat(entry["at"]).replace(tzinfo=UTC)
    text = " ".join(entry["text"].split())[:LONGEST_TEXT]
    return SlowStatement(at, entry["user"], float(entry["ms"]) / 1000, text)

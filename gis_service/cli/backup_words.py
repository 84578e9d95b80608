"""What the commands for backups share: words for people, and ending in order."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import FrameType

NOT_OURS = (
    "The database of GIS_DATABASE_URL is not the service's own. Whoever administers its server "
    "keeps its log of changes and goes back to a moment (archive_mode, pg_basebackup, "
    "pgBackRest or Barman). ./gis backup copies its content."
)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let SIGTERM end the block as an error does, so that nothing half done stays."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(143)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def megabytes(size: int) -> str:
    """A size in bytes for people."""
    return f"{size / 1e6:,.1f} MB"


def told(at: str | datetime) -> str:
    """A moment in this machine's time."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"

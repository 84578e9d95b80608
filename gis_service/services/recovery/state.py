"""What went wrong last in keeping the log, written down in the home: the folder may be gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from gis_service.settings import Settings
from gis_service.store.cluster.files import write_whole


def remember_fault(settings: Settings, fault: str) -> None:
    """Write down why the log is not kept at the moment."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    write_whole(_path(settings), json.dumps({"at": at, "fault": fault}) + "\n")


def forget_fault(settings: Settings) -> None:
    """The log is kept."""
    _path(settings).unlink(missing_ok=True)


def last_fault(settings: Settings) -> str | None:
    """Why the log is not kept at the moment; None when it is."""
    try:
        return str(json.loads(_path(settings).read_text(encoding="utf-8"))["fault"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _path(settings: Settings) -> Path:
    return settings.home / "run" / "recovery-fault.json"

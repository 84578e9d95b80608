"""Backups as settings say, while the service runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from gis_service.cli.beside import run_beside
from gis_service.cli.progress import say
from gis_service.errors import BackupFailed
from gis_service.services.backups.shelf import is_due
from gis_service.settings import Settings

LOOKS_EVERY_S = 300.0


@contextmanager
def backups_when_due(settings: Settings) -> Iterator[None]:
    """Start `gis backup run` whenever a backup is due; it ends with the block."""
    if settings.backup_dir is None:
        yield
        return
    timer = _Timer(settings)
    timer.start()
    try:
        yield
    finally:
        timer.stop()


class _Timer(threading.Thread):
    """Looks now and then; the run is a process of its own, so that it takes nobody's time."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="backups", daemon=True)
        self._settings = settings
        self._stopping = threading.Event()

    def run(self) -> None:
        fault: str | None = None
        while not self._stopping.wait(min(LOOKS_EVERY_S, self._settings.backup_every * 3600 / 4)):
            try:
                if is_due(self._settings, datetime.now(UTC)):
                    self._back_up()
                fault = None
            except (BackupFailed, OSError) as error:
                if str(error) != fault:  # told once, not at every look
                    fault = str(error)
                    say(f"No backup is made: {fault}")

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _back_up(self) -> None:
        status = run_beside(
            ("backup", "run", "--if-due"), {"GIS_HOME": str(self._settings.home)}, self._stopping
        )
        if status:
            say(f"The backup failed with status {status}; ./gis doctor says more.")

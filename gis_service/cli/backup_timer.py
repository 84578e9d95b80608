"""Backups as settings say, while the service runs."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from gis_service.cli.progress import say
from gis_service.services.backups.shelf import is_due
from gis_service.settings import Settings

LOOKS_EVERY_S = 300.0
ENDS_WITHIN_S = 20.0


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
        while not self._stopping.wait(min(LOOKS_EVERY_S, self._settings.backup_every * 3600 / 4)):
            try:
                if is_due(self._settings, datetime.now(UTC)):
                    self._back_up()
            except OSError as error:
                say(f"The folder of backups cannot be looked at: {error}")

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _back_up(self) -> None:
        environment = os.environ | {"GIS_HOME": str(self._settings.home)}
        process = subprocess.Popen(
            [sys.executable, "-m", "gis_service", "backup", "run", "--if-due"],
            env=environment, stdin=subprocess.DEVNULL, start_new_session=True,
        )
        while (status := _ended(process, 0.5)) is None:
            if self._stopping.is_set():
                process.terminate()
                if _ended(process, ENDS_WITHIN_S) is None:
                    process.kill()
                    process.wait()
                return
        if status:
            say(f"The backup failed with status {status}; ./gis doctor says more.")


def _ended(process: subprocess.Popen[bytes], within_s: float) -> int | None:
    with suppress(subprocess.TimeoutExpired):
        return process.wait(within_s)
    return None

"""The log of changes goes to GIS_RECOVERY_DIR while the service runs."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from gis_service.cli.beside import ENDS_WITHIN_S, ended, run_beside
from gis_service.cli.progress import say
from gis_service.errors import GisError
from gis_service.installation import as_superuser
from gis_service.services.recovery.keeping import give_up_log, is_due, open_log
from gis_service.services.recovery.state import forget_fault, remember_fault
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster, wal

LOOKS_EVERY_S = 60.0
LONGEST_PAUSE_S = 60.0


@contextmanager
def log_kept(settings: Settings, cluster: PrivateCluster | None) -> Iterator[None]:
    """Take the private server's log as it is written; it ends with the block."""
    if cluster is None:
        yield
        return
    if settings.recovery_dir is None:
        give_up_log(as_superuser(cluster))
        yield
        return
    keeper = _Keeper(settings, cluster)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


class _Keeper(threading.Thread):
    """Starts the receiver again when it ends, each time after a longer pause; looks for work."""

    def __init__(self, settings: Settings, cluster: PrivateCluster) -> None:
        super().__init__(name="recovery", daemon=True)
        self._settings = settings
        self._database = as_superuser(cluster)
        self._stopping = threading.Event()

    def run(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                fault = self._receive()
            except (GisError, OSError, SQLAlchemyError) as error:
                fault = str(error)
            if self._stopping.is_set():
                return
            remember_fault(self._settings, fault)
            pause = 1.0 if time.monotonic() - began > LOOKS_EVERY_S else pause * 2
            say(f"The log of changes is not kept: {fault}")
            self._stopping.wait(min(pause, LONGEST_PAUSE_S))

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def _receive(self) -> str:
        """Take the log until it cannot be taken; why."""
        log = open_log(self._database, self._settings)
        with wal.receiver(self._database, log.wal, self._settings.pg_bin) as process:
            try:
                looked = time.monotonic() - LOOKS_EVERY_S + 1
                while ended(process, 0.2) is None and not self._stopping.is_set():
                    if time.monotonic() - looked > LOOKS_EVERY_S:
                        forget_fault(self._settings)
                        if is_due(self._settings, datetime.now(UTC)):
                            self._keep()
                        looked = time.monotonic()
            finally:
                process.send_signal(signal.SIGINT)
                if ended(process, ENDS_WITHIN_S) is None:
                    process.kill()
            assert process.stderr is not None  # noqa: S101 - it was asked for
            return wal.last_words(process.stderr.read().decode(errors="replace"))

    def _keep(self) -> None:
        status = run_beside(
            ("backup", "base", "--if-due"),
            {
                "GIS_HOME": str(self._settings.home),
                "GIS_RECOVERY_DIR": str(self._settings.recovery_dir),
            },
            self._stopping,
        )
        if status:
            say(f"The base copy failed with status {status}; ./gis doctor says more.")

"""How the service keeps a worker beside it, and its private database running."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from gis_service.cli.progress import say
from gis_service.errors import ClusterError
from gis_service.model.jobs import WORKER_STOPPED_WITHIN_S
from gis_service.settings import Settings
from gis_service.store.cluster import PrivateCluster

LONGEST_PAUSE_S = 30.0
LOOK_EVERY_S = 1.0
_STEADY_S = 60.0


@contextmanager
def supervised_worker(settings: Settings) -> Iterator[None]:
    """Keep one worker running beside the service; it ends with the block, or with us."""
    supervisor = _Supervisor(settings)
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


@contextmanager
def supervised_database(cluster: PrivateCluster | None) -> Iterator[None]:
    """
    Start the private database again during the block whenever it has ended.

    The kernel may end it for want of memory, or it ends itself when its disk is
    full; nobody else would bring it back.
    """
    if cluster is None:
        yield
        return
    stopping = threading.Event()
    watcher = threading.Thread(
        target=_keep_running, args=(cluster, stopping), name="database supervisor", daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        stopping.set()
        watcher.join()


def _keep_running(cluster: PrivateCluster, stopping: threading.Event) -> None:
    pause = LOOK_EVERY_S
    while not stopping.wait(pause):
        if cluster.running():
            pause = LOOK_EVERY_S
            continue
        say("The database has ended; it is started again.")
        try:
            cluster.start(timeout_s=30)
            say("The database runs again.")
        except ClusterError as error:
            pause = min(pause * 2, LONGEST_PAUSE_S)
            say(f"{error} It is tried again in {pause:.0f} s.")


class _Supervisor(threading.Thread):
    """
    Starts a worker again when it ends, each time after a longer pause.

    The thread lives as long as its worker may: to the kernel a parent is the
    thread that started a process.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="worker supervisor", daemon=True)
        self._environment = os.environ | {"GIS_HOME": str(settings.home)}
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()

    def run(self) -> None:
        pause = 0.5
        while True:
            began = time.monotonic()
            with self._starting:
                if self._stopping.is_set():
                    return
                self._child = child = self._new_worker()
            status = child.wait()
            if self._stopping.is_set():
                return
            pause = 0.5 if time.monotonic() - began > _STEADY_S else min(pause * 2, LONGEST_PAUSE_S)
            say(f"The worker ended with status {status}; it is started again in {pause:.0f} s.")
            self._stopping.wait(pause)

    def stop(self) -> None:
        """End the worker: it rolls back or finishes within bounds."""
        with self._starting:
            self._stopping.set()
            child = self._child
        if child is not None:
            child.terminate()
            try:
                child.wait(WORKER_STOPPED_WITHIN_S)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.join()

    def _new_worker(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gis_service", "worker", "--parent", str(os.getpid())]
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to the service, which then ends its worker
        )

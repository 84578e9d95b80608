"""`gis worker`: the process that does long work, and how the service keeps one."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from gis_service.cli.progress import say
from gis_service.installation import addresses_of
from gis_service.logs import set_up
from gis_service.services.worker import STOPPED_WITHIN_S, Worker
from gis_service.settings import Settings, read_settings

LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0
_PR_SET_PDEATHSIG = 1

log = logging.getLogger("gis_service.worker")


@click.command()
@click.option("--parent", type=int, hidden=True, help="End with this process.")
@click.option("--until-idle", is_flag=True, help="End when no job waits.")
def worker(parent: int | None, until_idle: bool) -> None:
    """
    Do the long work that is queued; `gis up` and `gis serve` start one by themselves.

    Several may run beside one another. They need the service's GIS_HOME, where
    the files lie that are to be loaded, and a database that runs.

    \b
      ./gis worker
      ./gis worker --until-idle     for a timetable such as cron
    """
    if parent is not None:
        _end_with(parent)
    settings = read_settings()
    set_up(settings.log_format)
    with contextlib.suppress(KeyboardInterrupt):
        Worker(settings, addresses_of(settings).logins).run(until_idle=until_idle)


@contextmanager
def supervised_worker(settings: Settings) -> Iterator[None]:
    """Keep one worker running beside the service; it ends with the block, or with us."""
    supervisor = _Supervisor(settings)
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


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
                child.wait(STOPPED_WITHIN_S)
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


def _end_with(parent: int) -> None:
    """Get SIGTERM when `parent` ends, even if it was killed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    """Where the kernel does not tell, or the parent ended before it was asked to."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)

"""One run of a job: its heartbeat, its progress, and what ends it."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from gis_service.model.jobs import Job, JobProgress
from gis_service.store import jobs as store

log = logging.getLogger("gis_service.worker")

HEARTBEAT_S = 2.0
PROGRESS_EVERY_S = 0.25

_Queue = Callable[[], AbstractContextManager[Connection]]
"""Begins a transaction under the worker's own login."""


class Reason(StrEnum):
    """Why a job was interrupted."""

    CANCELLED = "cancelled"
    STOPPING = "stopping"
    LOST = "lost"


class Control:
    """
    Tells the queue that a job runs, and ends it when the queue asks for that.

    Parameters
    ----------
    queue
        Begins a transaction of the worker's own.
    """

    def __init__(self, job: Job, queue: _Queue) -> None:
        self.job = job
        self.reason: Reason | None = None
        self._queue = queue
        self._ended = threading.Event()
        self._reported_at = 0.0
        self._thread = threading.Thread(target=self._pulse, name="heartbeat", daemon=True)

    def __enter__(self) -> Control:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def report(self, done: int, total: int | None, message: str | None = None) -> None:
        now = time.monotonic()
        if now - self._reported_at >= PROGRESS_EVERY_S or done == total:
            self._reported_at = now
            self._look(JobProgress(done, total, message))
        if self.reason is not None:
            raise KeyboardInterrupt

    def interrupt(self, reason: Reason) -> None:
        """End the job wherever the main thread stands in it."""
        if self.reason is None and not self._ended.is_set():
            self.reason = reason
            interrupt_main()
            self._cancel_statement()

    def ended_within(self, seconds: float) -> bool:
        return self._ended.wait(seconds)

    def _pulse(self) -> None:
        while not self._ended.wait(HEARTBEAT_S):
            self._look(None)
            if self.reason is not None:
                self._cancel_statement()  # the first may have come between two of them

    def _cancel_statement(self) -> None:
        with suppress(OperationalError, InterfaceError), self._queue() as connection:
            store.cancel_statements(connection, self.job)

    def _look(self, progress: JobProgress | None) -> None:
        try:
            with self._queue() as connection:
                asked = store.beat(connection, self.job, progress)
        except (OperationalError, InterfaceError) as error:
            log.warning("job %s: no heartbeat: %s", self.job.id, first_line(error))
            return
        if asked is None:
            self.interrupt(Reason.LOST)
        elif asked:
            self.interrupt(Reason.CANCELLED)


def interrupt_main() -> None:
    """As if somebody had pressed Ctrl-C, and in the main thread for certain."""
    main = threading.main_thread().ident
    assert main is not None  # noqa: S101 - it runs
    signal.pthread_kill(main, signal.SIGINT)


def first_line(error: BaseException) -> str:
    """What a driver said, without the statement."""
    lines = str(getattr(error, "orig", error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__

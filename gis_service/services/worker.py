"""
The worker: takes jobs from the queue, one after the other, and does them.

A job runs in the main thread. A second thread sends its heartbeat, and ends it
by the same interrupt as Ctrl-C when somebody cancels it, when the service
stops, or when the job was given to another worker. The main thread does not
hear of it while PostgreSQL works, so the statement is cancelled as well.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from types import FrameType
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from gis_service.errors import Conflict, GisError
from gis_service.model.jobs import WORKER_STOPPED_WITHIN_S, Job, JobState, Json
from gis_service.model.reports import LoadRejected
from gis_service.services.folders import own_folder, sweep_folders
from gis_service.services.job_kinds import JobContext, Kind
from gis_service.services.jobs import KINDS
from gis_service.services.load_requests import MOST_FAULTS_KEPT
from gis_service.services.running import Control, Reason, first_line, interrupt_main
from gis_service.services.upload_sweep import sweep_uploads
from gis_service.services.uploads import drop_upload, sweep_files
from gis_service.settings import Settings
from gis_service.store import jobs as store
from gis_service.store.citizen_reports import forget_old_contacts
from gis_service.store.roles import Login

log = logging.getLogger("gis_service.worker")

POLL_S = 2.0
STALE_AFTER_S = 20.0
SWEEP_EVERY_S = 5.0
SWEEP_FILES_EVERY_S = 60.0
FINISHING_S = 3.0
"""After SIGTERM a job may end by itself for so long, before it is rolled back."""
MOST_ATTEMPTS = 3
KEEP_TRYING_S = 60.0
"""For writing down what became of a job, while the database is away."""
_SESSIONS_END_WITHIN_S = 10.0

_T = TypeVar("_T")
_Ending = Callable[[Connection], bool]
"""Writes down what became of a job; False when it is somebody else's by now."""


class Worker:
    """
    One worker process.

    Parameters
    ----------
    urls
        The database, under the login of each kind of work.
    within
        The same for who is held to a scope, whose jobs are done under its logins.
    kinds
        The kinds of jobs that it knows.
    """

    def __init__(
        self,
        settings: Settings,
        urls: Mapping[Login, URL],
        *,
        within: Callable[[int], Mapping[Login, URL]] | None = None,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._settings = settings
        self._urls = urls
        self._within = within
        self._kinds = kinds
        self._engine = store.queue_engine(urls[Login.LOADER])
        self._stopping = threading.Event()
        self._control: Control | None = None
        self._interruptible = False
        self._sweep_at = self._sweep_files_at = 0.0

    def run(self, *, until_idle: bool = False) -> None:
        """
        Work until SIGTERM or SIGINT.

        Parameters
        ----------
        until_idle
            Return when no job waits.
        """
        with self._signals(), own_folder(self._settings.home / "work"):
            pause = 0.5
            while not self._stopping.is_set():
                try:
                    with store.open_bell(self._urls[Login.LOADER]) as bell:
                        pause = 0.5
                        self._serve(bell, until_idle=until_idle)
                        if until_idle:
                            return
                except (OperationalError, InterfaceError) as error:
                    log.warning("The database does not answer: %s", first_line(error))
                    self._stopping.wait(pause)
                    pause = min(pause * 2, 10)

    def _serve(self, bell: store.Bell, *, until_idle: bool) -> None:
        while not self._stopping.is_set():
            self.sweep()
            job = self._queue(lambda connection: store.take(connection, self.name))
            if job is not None:
                self._do(job)
            elif until_idle:
                return
            else:
                self._wait(bell)

    def _urls_of(self, job: Job) -> Mapping[Login, URL]:
        """Under which logins a job is done, by whom it is for."""
        if job.scope_id is None:
            return self._urls
        if self._within is None:
            raise _UnknownScope
        return self._within(job.scope_id)

    def _queue(self, work: Callable[[Connection], _T]) -> _T:
        with self._engine.begin() as connection:
            return work(connection)

    def sweep(self) -> None:
        """Settle jobs whose worker is gone, and remove files that no job needs; now and then."""
        now = time.monotonic()
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY_S
            for job in self._queue(lambda c: store.stale(c, after_s=STALE_AFTER_S)):
                log.warning("job %s: nothing was heard of its worker %s", job.id, job.worker)
                self._end_sessions(job)
                self._write_down(job, self._settled(job))
        if now >= self._sweep_files_at:
            self._sweep_files_at = now + SWEEP_FILES_EVERY_S
            sweep_files(
                self._settings,
                lambda ids: self._queue(lambda connection: store.states(connection, ids)),
            )
            self._queue(lambda connection: sweep_uploads(self._settings, connection))
            self._forget_contacts()
            sweep_folders(self._settings.home / "work")

    def _forget_contacts(self) -> None:
        days = self._settings.report_contact_days
        gone = self._queue(lambda c: forget_old_contacts(c, after_days=days))
        if gone:
            log.info("%s fault reports were settled long ago: their contacts were erased", gone)

    def _end_sessions(self, job: Job) -> None:
        """End what a worker given up for dead may still do, so that what it did is known."""
        deadline = time.monotonic() + _SESSIONS_END_WITHIN_S
        engine = store.queue_engine(self._urls_of(job)[Login.LOADER])  # none else may end them
        with engine.begin() as connection:
            store.end_sessions(connection, job)
        engine.dispose()
        while self._queue(lambda connection: store.has_sessions(connection, job)):
            if time.monotonic() > deadline or self._stopping.wait(0.05):
                return

    def _settled(self, job: Job) -> _Ending:
        """How to write down a job whose worker is gone."""

        if job.cancel_requested:
            return self._cancelled(job)
        return self._again(job, "Its worker ended before the job did", counts=True)

    def _wait(self, bell: store.Bell) -> None:
        self._interruptible = True
        try:
            if not self._stopping.is_set():
                bell.wait(POLL_S)
        except KeyboardInterrupt:
            pass
        finally:
            self._interruptible = False

    def _do(self, job: Job) -> None:
        log.info("job %s (%s), attempt %s", job.id, job.kind, job.attempts)
        control = Control(job, self._engine.begin)
        ending: _Ending | None
        self._control = control
        with control:
            try:
                self._interruptible = True
                if self._stopping.is_set():
                    control.interrupt(Reason.STOPPING)
                result = self._run(job, control)
                self._interruptible = False
            except BaseException as error:
                self._interruptible = False
                ending = self._ending(job, error, control.reason)
            else:
                ending = self._ended(job, JobState.DONE, None, result)
        self._control = None
        if ending is not None:
            self._write_down(job, ending)

    def _run(self, job: Job, control: Control) -> Json:
        kind = self._kinds.get(job.kind)
        if kind is None:
            raise _UnknownKind(job.kind, known=self._kinds)
        databases = {
            login: store.database_of(url, job) for login, url in self._urls_of(job).items()
        }
        earlier = self._queue(lambda connection: kind.outcome(connection, job))
        if earlier is not None:
            return earlier
        return kind.run(JobContext(job, self._settings, databases, control.report))

    def _ending(
        self, job: Job, error: BaseException, reason: Reason | None
    ) -> _Ending | None:
        """How to write down a job that did not come to its end; None when another has it."""
        if reason is Reason.LOST:
            log.warning("job %s was given to another worker", job.id)
            return None
        if reason is Reason.CANCELLED:
            return self._cancelled(job)
        if reason is Reason.STOPPING:
            return self._again(job, "The service stopped", counts=False)
        if isinstance(error, Conflict) and job.attempts < MOST_ATTEMPTS:
            return self._again(job, str(error).rstrip("."), counts=True)
        if _connection_lost(error):
            log.warning("job %s: the database went away: %s", job.id, first_line(error))
            return self._again(job, "The database went away", counts=True)
        result = None
        if isinstance(error, LoadRejected):
            result = error.report.as_json(most_faults=MOST_FAULTS_KEPT)
        return self._ended(job, JobState.FAILED, words_for(job, error), result)

    def _ended(
        self, job: Job, state: JobState, message: str | None, result: Json | None = None
    ) -> _Ending:
        return lambda connection: store.finish(connection, job, state, message, result)

    def _cancelled(self, job: Job) -> _Ending:
        return self._unless_done(job, self._ended(job, JobState.CANCELLED, store.CANCELLED))

    def _unless_done(self, job: Job, ending: _Ending) -> _Ending:
        """What interrupts a job may come a moment too late: then it is done."""

        def checked(connection: Connection) -> bool:
            kind = self._kinds.get(job.kind)
            result = kind.outcome(connection, job) if kind is not None else None
            if result is not None:
                return store.finish(connection, job, JobState.DONE, None, result)
            return ending(connection)

        return checked

    def _again(self, job: Job, why: str, *, counts: bool) -> _Ending:
        """
        Let a job wait again, or fail when it may not.

        Parameters
        ----------
        why
            What came in between, as the beginning of a sentence.
        counts
            Whether this attempt counts.
        """
        kind = self._kinds.get(job.kind)
        if kind is None or not kind.resumable:
            ending = self._ended(
                job, JobState.FAILED,
                f"{why}, and work of this kind is not taken up again by itself. Start the job "
                "again.",
            )
        elif counts and job.attempts >= MOST_ATTEMPTS:
            ending = self._ended(
                job, JobState.FAILED,
                f"{why}, {MOST_ATTEMPTS} times. The service's log may say why (often a machine "
                "short of memory). Mend that, then start the job again.",
            )
        else:
            message = f"{why}; it is tried again."
            ending = partial(store.put_back, job=job, message=message, counts=counts)
        return self._unless_done(job, ending)

    def _write_down(self, job: Job, ending: _Ending) -> None:
        """Try for a while; after that the sweep of any worker settles the job."""
        deadline = time.monotonic() + KEEP_TRYING_S
        while True:
            try:
                if not self._queue(ending):
                    log.warning("job %s was given to another worker", job.id)
                    return
                break
            except (OperationalError, InterfaceError):
                if time.monotonic() > deadline or self._stopping.wait(0.5):
                    raise
        state = self._queue(lambda connection: store.states(connection, [job.id])).get(job.id)
        log.info("job %s: %s", job.id, state)
        if state is None or state.is_final:
            drop_upload(self._settings, job.id)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """
        SIGTERM ends the process within bounds; SIGINT is how its job is interrupted.

        The interpreter writes every signal to a wake-up socket at once, where a
        thread hears it even while the main thread waits for PostgreSQL.
        """

        def interrupt(number: int, frame: FrameType | None) -> None:
            control = self._control
            if control is None or control.reason is None:  # Ctrl-C
                self._stopping.set()
                if control is not None:
                    control.reason = Reason.STOPPING
            if self._interruptible:
                self._interruptible = False
                raise KeyboardInterrupt

        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        threading.Thread(target=self._hear, args=(ours,), name="signals", daemon=True).start()
        with ours, theirs:
            signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
            before = [
                (number, signal.signal(number, handler))
                for number, handler in (
                    (signal.SIGINT, interrupt), (signal.SIGTERM, lambda number, frame: None)
                )
            ]
            try:
                yield
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before:
                    signal.signal(number, handler)

    def _hear(self, signals: socket.socket) -> None:
        with suppress(OSError):
            while numbers := signals.recv(64):
                if signal.SIGTERM in numbers:
                    self._stop()
                    return

    def _stop(self) -> None:
        signal.alarm(WORKER_STOPPED_WITHIN_S)
        self._stopping.set()
        control = self._control
        if control is None:
            interrupt_main()
        elif not control.ended_within(FINISHING_S):
            control.interrupt(Reason.STOPPING)


class _UnknownKind(GisError):
    def __init__(self, kind: str, *, known: Mapping[str, Any]) -> None:
        super().__init__(
            f"No work of the kind {kind!r} is known here. Known: {', '.join(sorted(known))}. "
            "Perhaps a newer service asked for it: update this one, then start the job again."
        )


class _UnknownScope(GisError):
    def __init__(self) -> None:
        super().__init__("This worker does not know the logins of the scopes. Start it anew.")


def words_for(job: Job, error: BaseException) -> str:
    """What the job's owner is told; what else there is to know goes to the log."""
    if isinstance(error, GisError):
        return str(error)
    if job.scope_id is not None and _is_beyond_scope(error):
        return (
            "The file changes what does not belong to your scope: networks are made, and shared "
            "collections loaded, by staff of the whole installation. Nothing was changed."
        )
    log.error("job %s failed", job.id, exc_info=error)
    return f"Internal error, reference {job.id}. The service's log says more."


def _is_beyond_scope(error: BaseException) -> bool:
    return isinstance(error, DBAPIError) and getattr(error.orig, "pgcode", None) == "42501"


def _connection_lost(error: BaseException) -> bool:
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    code = getattr(error.orig, "pgcode", None)
    return code is None or code[:2] in {"08", "57"}

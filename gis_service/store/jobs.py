"""
The queue of long work: rows that workers take with SKIP LOCKED.

Every time is the database's own, so that clocks of machines do not matter. A
worker changes a job only while it is the one that runs it: what a worker does
after it was given up for dead finds no row.
"""

from __future__ import annotations

import json
import select as readable
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Executable,
    Select,
    and_,
    case,
    create_engine,
    func,
    insert,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.elements import ColumnElement

from gis_service.model.jobs import Job, JobProgress, JobState, Json
from gis_service.store.database import Database
from gis_service.store.internal import JOBS
from gis_service.store.plain import storable

CHANNEL = "gis_jobs"
CANCELLED = "Cancelled; nothing was changed."
_NOW = func.clock_timestamp()


def enqueue(
    connection: Connection, id_: UUID, kind: str, payload: Json, person_id: UUID | None
) -> Job:
    """Add a job and wake the workers once it is committed."""
    statement = (
        insert(JOBS)
        .values(id=id_, kind=kind, payload=storable(payload), person_id=person_id,
                created_at=_NOW)
        .returning(*JOBS.c)
    )
    row = connection.execute(statement).one()
    connection.execute(select(func.pg_notify(CHANNEL, "")))
    return job_of(row._mapping)


def job_statement(id_: UUID, *, owner: UUID | None) -> Select[Any]:
    """One job; with an owner, only if it is theirs."""
    return select(JOBS).where(JOBS.c.id == id_, _owned(owner))


def jobs_statement(
    *, owner: UUID | None, state: JobState | None = None, limit: int = 50
) -> Select[Any]:
    """Jobs, the newest first; with an owner, only theirs."""
    statement = select(JOBS).where(_owned(owner))
    if state is not None:
        statement = statement.where(JOBS.c.state == state.value)
    return statement.order_by(JOBS.c.created_at.desc(), JOBS.c.id).limit(limit)


def latest_about(kind: str, name: str, value: str) -> Select[Any]:
    """The last job of a kind whose payload has this value under a name."""
    return (
        select(JOBS)
        .where(JOBS.c.kind == kind, JOBS.c.payload[name].astext == value)
        .order_by(JOBS.c.created_at.desc())
        .limit(1)
    )


def one_at_a_time(connection: Connection, what: str) -> None:
    """Let others that ask for the same wait until this transaction ends."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


def cancel_statement(id_: UUID, *, owner: UUID | None) -> Executable:
    """
    Cancel a job that waits, and ask the worker to end one that runs.

    Returns the job; nothing when there is none that can still be cancelled.
    """
    waits = JOBS.c.state == JobState.QUEUED.value
    return (
        update(JOBS)
        .where(
            JOBS.c.id == id_,
            or_(waits, JOBS.c.state == JobState.RUNNING.value),
            _owned(owner),
        )
        .values(
            cancel_requested=True,
            state=case((waits, JobState.CANCELLED.value), else_=JOBS.c.state),
            message=case((waits, "Cancelled before it began."), else_=JOBS.c.message),
            finished_at=case((waits, _NOW), else_=JOBS.c.finished_at),
        )
        .returning(*JOBS.c)
    )


def take(connection: Connection, worker: str) -> Job | None:
    """The oldest job that waits, now running here; None when none waits."""
    oldest = (
        select(JOBS.c.id)
        .where(JOBS.c.state == text("'queued'"))  # as the partial index is written
        .order_by(JOBS.c.created_at, JOBS.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = connection.execute(
        update(JOBS)
        .where(JOBS.c.id == oldest)
        .values(
            state=JobState.RUNNING.value,
            worker=worker,
            attempts=JOBS.c.attempts + 1,
            started_at=_NOW,
            heartbeat_at=_NOW,
            done=0,
            total=None,
            message=None,
        )
        .returning(*JOBS.c)
    ).first()
    return None if row is None else job_of(row._mapping)


def beat(connection: Connection, job: Job, progress: JobProgress | None = None) -> bool | None:
    """
    Say that the job still runs here, and how far it is.

    Returns
    -------
    bool or None
        Whether somebody asked to cancel it; None when it is no longer ours.
    """
    values: dict[str, Any] = {"heartbeat_at": _NOW}
    if progress is not None:
        values |= {"done": progress.done, "total": progress.total, "message": progress.message}
    asked: bool | None = connection.scalar(
        update(JOBS).where(_ours(job)).values(values).returning(JOBS.c.cancel_requested)
    )
    return asked


def finish(
    connection: Connection, job: Job, state: JobState, message: str | None, result: Json | None
) -> bool:
    """Write down what became of a job that runs here; False when it is no longer ours."""
    values: dict[str, Any] = {"state": state.value, "message": storable(message),
                              "finished_at": _NOW}
    if result is not None:
        values["result"] = storable(result)
    return bool(connection.execute(update(JOBS).where(_ours(job)).values(values)).rowcount)


def put_back(connection: Connection, job: Job, message: str, *, counts: bool) -> bool:
    """
    Let a job that runs here wait again; False when it is no longer ours.

    Parameters
    ----------
    counts
        Whether this attempt counts.
    """
    asked = JOBS.c.cancel_requested
    changed = connection.execute(
        update(JOBS)
        .where(_ours(job))
        .values(
            state=case((asked, JobState.CANCELLED.value), else_=JobState.QUEUED.value),
            message=case((asked, CANCELLED), else_=message),
            finished_at=case((asked, _NOW), else_=None),
            worker=None,
            attempts=JOBS.c.attempts - (0 if counts else 1),
        )
    ).rowcount
    connection.execute(select(func.pg_notify(CHANNEL, "")))
    return bool(changed)


def stale(connection: Connection, *, after_s: float) -> list[Job]:
    """Jobs whose worker has not been heard of for so long."""
    silent = JOBS.c.heartbeat_at < _NOW - timedelta(seconds=after_s)
    rows = connection.execute(
        select(JOBS).where(JOBS.c.state == JobState.RUNNING.value, silent)
    )
    return [job_of(row._mapping) for row in rows]


def states(connection: Connection, ids: Iterable[UUID]) -> dict[UUID, JobState]:
    """How jobs stand; those that do not exist are left out."""
    rows = connection.execute(select(JOBS.c.id, JOBS.c.state).where(JOBS.c.id.in_(list(ids))))
    return {id_: JobState(state) for id_, state in rows}


def end_sessions(connection: Connection, job: Job) -> None:
    """End what a job does in the database; its transactions are rolled back."""
    connection.execute(text(f"SELECT pg_terminate_backend(pid) {_SESSIONS}"), _named(job))


def has_sessions(connection: Connection, job: Job) -> bool:
    """Whether a job still does something in the database."""
    return bool(connection.scalar(text(f"SELECT count(*) {_SESSIONS}"), _named(job)))


def cancel_statements(connection: Connection, job: Job) -> None:
    """Cancel the statement that a job waits for."""
    connection.execute(text(f"SELECT pg_cancel_backend(pid) {_SESSIONS}"), _named(job))


_SESSIONS = """
FROM pg_stat_activity
WHERE application_name = :name AND usename = current_user AND datname = current_database()
"""


def database_of(url: URL, job: Job) -> Database:
    """A database for a job's own work: its sessions can be told, and so ended, by their name."""
    arguments = {"connect_timeout": 5, "application_name": _session_name(job)}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    return Database(url, engine)


def queue_engine(url: URL) -> Engine:
    """A worker's two connections: for the worker itself and for its heartbeat."""
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=2,
        max_overflow=1,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 5,
            "application_name": "gis-service worker",
            "options": "-c statement_timeout=30000",
        },
    )


class Bell:
    """A connection that hears when a job is added."""

    def __init__(self, connection: Connection) -> None:
        self._driver: Any = connection.connection.driver_connection

    def wait(self, timeout_s: float) -> None:
        """Return when a job was added, or after a while."""
        readable.select([self._driver], [], [], timeout_s)
        self._driver.poll()
        self._driver.notifies.clear()


@contextmanager
def open_bell(url: URL) -> Iterator[Bell]:
    """Listen for jobs that are added."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 5, "application_name": "gis-service worker bell"},
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"LISTEN {CHANNEL}")
        yield Bell(connection)


def job_of(row: Any) -> Job:
    """A job from its row, whichever driver brought it."""
    values = dict(row)
    for name in ("payload", "result"):
        if isinstance(values[name], str):  # asyncpg gives jsonb as text
            values[name] = json.loads(values[name])
    return Job(**values | {"state": JobState(values["state"])})


def _ours(job: Job) -> ColumnElement[bool]:
    return and_(
        JOBS.c.id == job.id,
        JOBS.c.state == JobState.RUNNING.value,
        JOBS.c.worker == job.worker,
        JOBS.c.attempts == job.attempts,
    )


def _owned(owner: UUID | None) -> ColumnElement[bool]:
    return true() if owner is None else JOBS.c.person_id == owner


def _named(job: Job) -> dict[str, str]:
    return {"name": _session_name(job)}


def _session_name(job: Job) -> str:
    """PostgreSQL cuts names at 63 bytes; this one is shorter."""
    return f"gis-service job {job.id} {job.attempts}"

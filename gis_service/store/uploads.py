"""Uploaded files with their jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, func, insert, or_, select, update

from gis_service.model.jobs import JobState
from gis_service.model.uploads import Upload
from gis_service.store.internal import JOBS
from gis_service.store.jobs import job_of
from gis_service.store.plain import storable
from gis_service.store.upload_tables import UPLOADS

_JOBS = {"inspection": "inspect_job", "trial": "trial_job", "load": "load_job"}
_OWN = ("id", "source", "bytes", "sha256", "person_id", "created_at", "removed_at")
_FINAL = tuple(state.value for state in JobState if state.is_final)


def uploads_statement(*, limit: int, id_: UUID | None = None) -> Select[Any]:
    """
    Uploads with their jobs, the newest first, without what is long of them; or one in full.
    """
    found: Any = UPLOADS
    columns: list[Any] = [UPLOADS.c[name] for name in _OWN]
    for role, name in _JOBS.items():
        job = JOBS.alias(role)
        found = found.outerjoin(job, job.c.id == UPLOADS.c[name])
        result = job.c.result if id_ else job.c.result.op("-")("faults").op("-")("inspected")
        columns += [
            (result if column.name == "result" else column).label(f"{role}_{column.name}")
            for column in job.c
        ]
    statement = (
        select(*columns)
        .select_from(found)
        .order_by(UPLOADS.c.created_at.desc(), UPLOADS.c.id)
        .limit(limit)
    )
    return statement if id_ is None else statement.where(UPLOADS.c.id == id_)


def upload_of(row: Any) -> Upload:
    """An upload from its row, whichever driver brought it."""
    values: dict[str, Any] = {name: row[name] for name in _OWN}
    for role in _JOBS:
        job = {column.name: row[f"{role}_{column.name}"] for column in JOBS.c}
        values[role] = None if job["id"] is None else job_of(job)
    return Upload(**values)


def add_upload(connection: Connection, values: Mapping[str, Any]) -> None:
    """Write down a file that has arrived."""
    connection.execute(
        insert(UPLOADS).values({**values, "source": storable(values["source"])})
    )


def held(connection: Connection, id_: UUID) -> Upload | None:
    """One upload; nobody else changes it until the transaction ends."""
    connection.execute(select(UPLOADS.c.id).where(UPLOADS.c.id == id_).with_for_update())
    row = connection.execute(uploads_statement(limit=1, id_=id_)).first()
    return None if row is None else upload_of(row._mapping)


def set_jobs(connection: Connection, id_: UUID, **jobs: UUID | None) -> None:
    """Name an upload's jobs: `inspect_job`, `trial_job`, `load_job`."""
    connection.execute(update(UPLOADS).where(UPLOADS.c.id == id_).values(jobs))


def mark_removed(connection: Connection, ids: Iterable[UUID]) -> None:
    """Note that the files of uploads are taken away."""
    connection.execute(
        update(UPLOADS)
        .where(UPLOADS.c.id.in_(list(ids)), UPLOADS.c.removed_at.is_(None))
        .values(removed_at=func.now())
    )


@dataclass(frozen=True, slots=True)
class OutdatedUpload:
    """An upload whose files are not needed any more; `trials` are its jobs that wrote some."""

    id: UUID
    trials: tuple[UUID, ...]


def outdated(
    connection: Connection, *, after: timedelta, loaded_after: timedelta
) -> list[OutdatedUpload]:
    """
    Uploads left lying for so long, or loaded so long ago.

    None of them has a job that waits or runs.
    """
    jobs = [JOBS.alias(role) for role in _JOBS]
    found: Any = UPLOADS
    for job, name in zip(jobs, _JOBS.values(), strict=True):
        found = found.outerjoin(job, job.c.id == UPLOADS.c[name])
    last = func.greatest(UPLOADS.c.created_at, *(job.c.finished_at for job in jobs))
    is_loaded = jobs[-1].c.state == JobState.DONE.value
    quiet = [or_(job.c.id.is_(None), job.c.state.in_(_FINAL)) for job in jobs]
    rows = connection.execute(
        select(UPLOADS.c.id, UPLOADS.c.trial_job)
        .select_from(found)
        .where(
            UPLOADS.c.removed_at.is_(None),
            *quiet,
            or_(last < func.now() - after, is_loaded & (last < func.now() - loaded_after)),
        )
    )
    return [OutdatedUpload(row.id, () if row.trial_job is None else (row.trial_job,))
            for row in rows]


def with_files(connection: Connection, ids: Iterable[UUID]) -> set[UUID]:
    """Those uploads whose files are still to be there."""
    return set(connection.scalars(
        select(UPLOADS.c.id).where(UPLOADS.c.id.in_(list(ids)), UPLOADS.c.removed_at.is_(None))
    ))

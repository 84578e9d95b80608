"""
Long work: which kinds there are, and how people ask for it and follow it.

A new kind is one declaration in `KINDS` and the function that it names.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import asdict
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gis_service.errors import InvalidInput, NotFound, UnknownKey
from gis_service.formats.limits import ReadLimits
from gis_service.formats.sniffing import sniff
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Text
from gis_service.model.jobs import Job, JobState, Json
from gis_service.services.job_kinds import JobContext, Kind
from gis_service.services.load_requests import LoadRequest
from gis_service.services.maps import Maps
from gis_service.services.upload_jobs import (
    INSPECT,
    LOAD,
    TRY,
    UNDO,
    inspect_received,
    load_received,
    try_received,
    undo,
    undone,
)
from gis_service.services.uploads import drop_upload, exports, keep_upload
from gis_service.settings import Settings
from gis_service.store import jobs as store
from gis_service.store.database import Database
from gis_service.store.loads import find_load
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

BUILD_MAP = "build-map"


def _loaded(connection: Connection, job: Job) -> Json | None:
    """The report of a load that was committed."""
    record = find_load(connection, job.id)
    return None if record is None else record.report


def _build_map(context: JobContext) -> Json:
    """Write a map as a folder among the exports."""
    payload = context.job.payload
    try:
        name, audience = str(payload["name"]), Audience(payload["audience"])
    except (KeyError, ValueError):
        raise InvalidInput("The job must name a map and an audience.") from None
    databases = {each: context.databases[Login.of(each)] for each in Audience}
    context.report(0, 1, f"Building the map {name}")
    try:
        built = Maps(databases, context.settings).build(name, audience, context.exports)
    except BaseException:
        shutil.rmtree(context.exports, ignore_errors=True)
        raise
    context.report(1, 1)
    return {"folder": str(built.relative_to(exports(context.settings)))}


KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind(
            LOAD, Text("Load a file", "Pakia faili"), resumable=True, run=load_received,
            outcome=_loaded,
        ),
        Kind(
            INSPECT, Text("Look at a file", "Angalia faili"), resumable=True,
            run=inspect_received,
        ),
        Kind(
            TRY, Text("Try a load", "Jaribu kupakia"), resumable=True, run=try_received
        ),
        Kind(
            UNDO, Text("Undo a load", "Tengua upakiaji"), resumable=True, run=undo,
            outcome=undone,
        ),
        Kind(BUILD_MAP, Text("Build a map", "Tengeneza ramani"), resumable=True, run=_build_map),
    )
}


def enqueue(
    database: Database, kind: str, payload: Json, person_id: str | None, *, id_: UUID | None = None
) -> Job:
    """
    Add a job to the queue.

    Raises
    ------
    InvalidInput
        There is no such kind.
    """
    if kind not in KINDS:
        raise InvalidInput(f"There is no kind of job {kind!r}. Known: {', '.join(sorted(KINDS))}.")
    person = UUID(person_id) if person_id else None
    with database.begin() as connection:
        return store.enqueue(connection, id_ or uuid4(), kind, payload, person)


def enqueue_load(
    database: Database, settings: Settings, request: LoadRequest, *, person_id: str | None = None
) -> Job:
    """
    Keep a file and add the job that loads it.

    Raises
    ------
    UnreadableFile, UnknownCollection
        It is no file that can be loaded, or into no collection; found before it is queued.
    Unavailable
        The file cannot be kept.
    """
    collection = REGISTRY[request.collection]
    sniff(request.path, max_bytes=ReadLimits(file_mb=settings.max_file_mb).file_bytes)
    id_ = uuid4()
    values: dict[str, Any] = asdict(request) | {"collection": collection.id, "name": request.source}
    del values["path"], values["rejects"]
    values["upload"] = keep_upload(settings, id_, request.path)
    try:
        return enqueue(database, LOAD, values, person_id, id_=id_)
    except BaseException:
        drop_upload(settings, id_)
        raise


class Jobs:
    """Jobs as a reader sees them: their own; an admin sees all."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def list(
        self, principal: Principal, *, state: JobState | None = None, limit: int = 50
    ) -> list[Job]:
        """
        The newest jobs.

        Raises
        ------
        UnknownKey
            Nobody in particular asks.
        """
        owner = _owner(principal)
        statement = store.jobs_statement(owner=owner, state=state, limit=limit)
        return [store.job_of(row) for row in await self._reader.rows(statement, Login.GATE)]

    async def find(self, id_: str, principal: Principal) -> Job:
        """
        One job.

        Raises
        ------
        UnknownKey
            Nobody in particular asks.
        NotFound
            There is none with that id, or it is somebody else's: the two look alike.
        """
        owner = _owner(principal)
        row = None
        with suppress(ValueError):
            statement = store.job_statement(UUID(id_), owner=owner)
            row = await self._reader.row(statement, Login.GATE)
        if row is None:
            raise NotFound(f"There is no job {id_[:40]!r}.")
        return store.job_of(row)

    async def cancel(self, id_: str, principal: Principal) -> Job:
        """
        Cancel a job; one that has ended stays as it is.

        Raises
        ------
        UnknownKey, NotFound
            As for `find`.
        """
        job = await self.find(id_, principal)
        if job.state.is_final:
            return job
        statement = store.cancel_statement(job.id, owner=job.person_id)
        row = await self._reader.row(statement, Login.GATE)
        return await self.find(id_, principal) if row is None else store.job_of(row)


def find_job(database: Database, id_: UUID) -> Job:
    """One job, for the command line; raises `NotFound`."""
    with database.begin() as connection:
        row = connection.execute(store.job_statement(id_, owner=None)).first()
    if row is None:
        raise NotFound(f"There is no job {id_}. ./gis jobs list shows all.")
    return store.job_of(row._mapping)


def list_jobs(database: Database, *, state: JobState | None, limit: int) -> list[Job]:
    """The newest jobs, for the command line."""
    statement = store.jobs_statement(owner=None, state=state, limit=limit)
    with database.begin() as connection:
        return [store.job_of(row._mapping) for row in connection.execute(statement)]


def cancel_job(database: Database, id_: UUID) -> Job:
    """Cancel a job from the command line; one that has ended stays as it is."""
    with database.begin() as connection:
        connection.execute(store.cancel_statement(id_, owner=None))
    return find_job(database, id_)


def _owner(principal: Principal) -> UUID | None:
    """Whose jobs the reader may see; None for all."""
    if principal.audience is Audience.ADMIN:
        return None
    if principal.person_id is None:
        raise UnknownKey
    return UUID(principal.person_id)

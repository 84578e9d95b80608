"""
Long work: which kinds there are, and how people ask for it and follow it.

A new kind is one declaration in `KINDS` and the function that it names.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gis_service.errors import InvalidInput, NotFound, UnknownKey
from gis_service.formats.limits import ReadLimits
from gis_service.formats.sniffing import sniff
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Text
from gis_service.model.jobs import Job, JobState, Json
from gis_service.services.load_requests import MOST_FAULTS_KEPT, LoadRequest
from gis_service.services.loading import load_file
from gis_service.services.maps import Maps
from gis_service.services.uploads import drop_upload, exports, keep_upload, upload_path
from gis_service.settings import Settings
from gis_service.store import jobs as store
from gis_service.store.database import Database
from gis_service.store.loads import find_load
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

LOAD = "load"
BUILD_MAP = "build-map"


class Report(Protocol):
    """Tells how far a job is; may end it, when somebody asked to cancel it."""

    def __call__(self, done: int, total: int | None, message: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class JobContext:
    """
    What a running job works with.

    Parameters
    ----------
    databases
        Under the login of each kind of work. Sessions carry the job's name, so
        that they can be ended with it.
    """

    job: Job
    settings: Settings
    databases: Mapping[Login, Database]
    report: Report

    @property
    def exports(self) -> Path:
        """The job's own folder for what it writes for its owner."""
        return exports(self.settings) / str(self.job.id)


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of long work.

    Parameters
    ----------
    resumable
        Whether it may be begun again after a worker ended in the middle of it.
    run
        Does it and returns its result. It is ended by `KeyboardInterrupt`
        wherever it stands, and must then leave nothing half done.
    outcome
        The result of an earlier run that came to its end although its worker
        could not say so any more; None when there is none.
    """

    id: str
    title: Text
    resumable: bool
    run: Callable[[JobContext], Json]
    outcome: Callable[[Connection, Job], Json | None] = lambda connection, job: None


def _load(context: JobContext) -> Json:
    """Load an uploaded file."""
    job, database = context.job, context.databases[Login.LOADER]
    context.report(0, None, "Reading and checking the file")
    report = load_file(
        database,
        context.settings,
        _request(context.settings, job.payload),
        progress=lambda done, total: context.report(
            done, total, "Copying rows" if done < total else "Storing what is new or differs"
        ),
        load_id=job.id,
        person_id=str(job.person_id) if job.person_id else None,
    )
    return report.as_json(most_faults=MOST_FAULTS_KEPT)


def _loaded(connection: Connection, job: Job) -> Json | None:
    """The report of a load that was committed."""
    record = find_load(connection, job.id)
    return None if record is None else record.report


def _request(settings: Settings, payload: Json) -> LoadRequest:
    values = {name: value for name, value in payload.items() if name != "upload"}
    try:
        return LoadRequest(path=upload_path(settings, payload.get("upload")), **values)
    except TypeError:
        raise InvalidInput("The job does not say what to load in words known here.") from None


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
            LOAD, Text("Load a file", "Pakia faili"), resumable=True, run=_load, outcome=_loaded
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

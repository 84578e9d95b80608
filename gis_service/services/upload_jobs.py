"""The long work on files that came in: looking at them, trying them, loading them, undoing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from gis_service.errors import InvalidInput, UnreadableFile
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.model.jobs import Job, Json
from gis_service.model.reports import LoadRejected, LoadReport
from gis_service.model.uploads import OutcomeDiffers, counts_of
from gis_service.printing.load_report import MOST_ROWS
from gis_service.services.inspecting import InspectRequest, inspect_file
from gis_service.services.job_kinds import JobContext
from gis_service.services.load_requests import MOST_FAULTS_KEPT, LoadRequest
from gis_service.services.load_rows import write_outcomes
from gis_service.services.load_storing import StoredFile, Watch
from gis_service.services.loading import load_file
from gis_service.services.ofds_loading import (
    PackageRequest,
    PackageWatch,
    StoredPackage,
    load_package,
)
from gis_service.services.package_facts import package_facts
from gis_service.services.package_rows import write_package_outcomes
from gis_service.services.received import drop_received, received_path
from gis_service.services.undoing import undo_load
from gis_service.services.uploads import upload_path
from gis_service.settings import Settings
from gis_service.store.loads import find_load, find_undoing
from gis_service.store.roles import Login
from gis_service.store.uploads import mark_removed

INSPECT = "inspect-upload"
LOAD = "load"
TRY = "try-upload"
UNDO = "undo-load"
ROWS, REPORT, REJECTS = "rows.sqlite", "report.json", "rejects.gpkg"
"""What a trial leaves in its folder among the exports."""
_OURS = frozenset({"upload", "received", "sha256", "expected", "package", "trial"})
"""Of a job's payload, what is not asked of the load itself."""


def inspect_received(context: JobContext) -> Json:
    """
    Look at an uploaded file.

    A file that cannot be read at all is taken away; one of which only the
    encoding is not known stays, since that can be named, and one that was read
    before, since something else may be chosen again.
    """
    payload, settings = context.job.payload, context.settings
    path = received_path(settings, payload["received"])
    context.report(0, None, "Looking at the file")
    try:
        limits = ReadLimits(file_mb=settings.max_file_mb)
        if ofds_form(path) is not None:
            return package_facts(path, limits)
        names = ("layer", "crs", "encoding", "collection", "network")
        asked = InspectRequest(path, **{name: payload.get(name) for name in names})
        return asdict(inspect_file(context.databases[Login.LOADER], settings, asked))
    except UnreadableFile as error:
        if "--encoding" not in str(error) and not payload.get("again"):
            drop_received(settings, UUID(payload["received"]))
            with context.databases[Login.LOADER].begin() as connection:
                mark_removed(connection, [UUID(payload["received"])])
        raise


def try_received(context: JobContext) -> Json:
    """Load an uploaded file and roll it back; what would become of each row is kept beside."""
    payload, folder = context.job.payload, context.exports
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    context.report(0, None, "Reading and checking the file")
    if payload.get("package"):
        report = _load_package(
            context, partial(write_package_outcomes, folder / ROWS), dry_run=True
        )
    else:
        watch = partial(write_outcomes, folder / ROWS)
        try:
            report = _load_file(
                context, watch, dry_run=True, rejects=folder / REJECTS,
                accept_partial=not payload.get("sync"),
            )
        except LoadRejected as rejected:
            report = rejected.report
    first = replace(
        report, faults=report.faults[:MOST_ROWS], faults_found=len(report.faults)
    )
    (folder / REPORT).write_bytes(orjson.dumps(first.as_json()))
    return report.as_json(most_faults=MOST_FAULTS_KEPT)


def load_received(context: JobContext) -> Json:
    """
    Load an uploaded file.

    Raises
    ------
    OutcomeDiffers
        It would become of the rows what nobody has been shown.
    """
    payload = context.job.payload
    context.report(0, None, "Reading and checking the file")
    expected = payload.get("expected")
    compare = None if expected is None else partial(_compare, expected)
    if payload.get("package"):
        report = _load_package(context, compare, dry_run=False)
    else:
        report = _load_file(context, compare)
    return report.as_json(most_faults=MOST_FAULTS_KEPT)


def undo(context: JobContext) -> Json:
    """Take a load back."""
    job = context.job
    context.report(0, None, "Bringing back what stood before")
    report = undo_load(
        context.databases[Login.LOADER], UUID(str(job.payload["load"])),
        person_id=str(job.person_id) if job.person_id else None,
    )
    return report.as_json()


def undone(connection: Connection, job: Job) -> Json | None:
    """The report of an undoing that was committed."""
    by = find_undoing(connection, UUID(str(job.payload["load"])))
    record = None if by is None else find_load(connection, by)
    return None if record is None else record.report


def _load_file(context: JobContext, watch: Watch | None, **changed: Any) -> LoadReport:
    job, settings = context.job, context.settings
    values = {n: v for n, v in job.payload.items() if n not in _OURS} | changed
    path = _path(settings, job.payload)
    try:
        request = LoadRequest(path=path, **values)
    except TypeError:
        raise InvalidInput("The job does not say what to load in words known here.") from None
    return load_file(
        context.databases[Login.LOADER], settings, request,
        progress=lambda done, total: context.report(
            done, total, "Copying rows" if done < total else "Storing what is new or differs"
        ),
        load_id=job.id,
        person_id=str(job.person_id) if job.person_id else None,
        watch=watch,
    )


def _load_package(
    context: JobContext, watch: PackageWatch | None, *, dry_run: bool
) -> LoadReport:
    job = context.job
    asked = job.payload
    request = PackageRequest(
        path=_path(context.settings, asked), dry_run=dry_run, network=asked.get("network"),
        version=asked.get("version"), read_only=asked.get("read_only"), name=asked.get("name"),
        sync=bool(asked.get("sync")), sync_most=int(asked.get("sync_most") or 0),
    )
    return load_package(
        context.databases[Login.LOADER], context.settings, request,
        progress=lambda done, total: context.report(done, total, "Storing networks"),
        load_id=job.id,
        person_id=str(job.person_id) if job.person_id else None,
        watch=watch,
    )


def _path(settings: Settings, payload: Json) -> Path:
    """
    The file that a job is about, the same as when it was shown.

    Raises
    ------
    InvalidInput, NotFound
        It is another one, or gone.
    """
    if "received" not in payload:
        return upload_path(settings, payload.get("upload"))
    path = received_path(settings, payload["received"])
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != payload["sha256"]:
            raise InvalidInput("The file is not the one that was shown. Upload it again.")
    return path


def _compare(expected: Mapping[str, int], stored: StoredFile | StoredPackage) -> None:
    if counts_of(stored.report) != dict(expected):
        raise OutcomeDiffers(stored.report)

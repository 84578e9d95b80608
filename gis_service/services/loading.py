"""Loading a file into a collection: read, validate, stage, upsert, report."""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import UUID, uuid4

from gis_service.model.audience import Actor
from gis_service.model.reports import LoadRejected, LoadReport
from gis_service.services.load_checking import check_file
from gis_service.services.load_requests import LoadRequest, Progress
from gis_service.services.load_storing import Watch, record_checked, store_checked
from gis_service.services.rejects import write_rejects
from gis_service.settings import Settings
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible


def load_file(
    database: Database,
    settings: Settings,
    request: LoadRequest,
    *,
    progress: Progress | None = None,
    load_id: UUID | None = None,
    person_id: str | None = None,
    watch: Watch | None = None,
) -> LoadReport:
    """
    Load one file into one collection, whole or not at all.

    What is kept, is kept with a record of the load, in the same transaction.

    Parameters
    ----------
    load_id
        Id of the record, and history's `request_id`; by default a new one. A
        load is recorded once only, so the same id cannot be kept twice.
    person_id
        Who loads.
    watch
        Looks at what was stored before it is kept; by raising it has nothing kept.

    Raises
    ------
    UnreadableFile, UnknownCrs, InvalidInput
        The file as a whole cannot be understood.
    LoadRejected
        Rows are at fault and `accept_partial` is not set; it carries the report.
    Conflict
        Another load of the same collection does not end.
    """
    began = time.monotonic()
    checked = check_file(database, settings, request)
    with (
        database.engine.connect() as connection,
        connection.begin() as transaction,
        interruptible(connection),
    ):
        load_id = load_id or uuid4()
        set_actor(connection, Actor(person_id, str(load_id)))
        report = store_checked(connection, transaction, checked, progress, watch)
        report = replace(report, duration_s=time.monotonic() - began)
        if transaction.is_active:
            report = replace(report, load_id=str(load_id))
            record_checked(connection, load_id, report, checked, person_id)
    if request.rejects is not None:
        write_rejects(request.rejects, checked.source, report.faults)
    if report.rejected and not request.accept_partial:
        raise LoadRejected(replace(report, inserted=0, updated=0, unchanged=0))
    return report

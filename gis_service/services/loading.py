"""Loading a file into a collection: read, validate, stage, upsert, report."""

from __future__ import annotations

import time
from dataclasses import replace
from uuid import UUID, uuid4

from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.model.reports import LoadRejected, LoadReport
from gis_service.services.known_loads import known_report, outset_of
from gis_service.services.load_checking import open_checked
from gis_service.services.load_networks import network_of
from gis_service.services.load_requests import LoadRequest, Progress
from gis_service.services.load_storing import Watch, record_kept, store_opened
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

    What is kept, is kept with a record of the load, in the same transaction. A
    load that went before in the very same way, with nothing changed since, is
    recorded without reading the file again; unless somebody watches.

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
    id_, person = load_id or uuid4(), UUID(person_id) if person_id else None
    with database.begin() as connection:
        collection = REGISTRY[request.collection]
        network = network_of(connection, collection, request.network)
        network_id = network.id if network else None
        outset = outset_of(connection, settings, request, collection, network_id)
        known = known_report(connection, outset) if outset is not None and watch is None else None
        if outset is not None and known is not None:
            report = replace(known, load_id=str(id_), duration_s=time.monotonic() - began)
            record_kept(connection, id_, report, network_id, outset.sha256, person)
            return report
    opened = open_checked(database, settings, request, keep_rows=watch is not None)
    with (
        database.engine.connect() as connection,
        connection.begin() as transaction,
        interruptible(connection),
    ):
        set_actor(connection, Actor(person_id, str(id_)))
        report = store_opened(connection, transaction, opened, progress, watch)
        report = replace(report, duration_s=time.monotonic() - began)
        if transaction.is_active:
            report = replace(report, load_id=str(id_))
            sha256, of = opened.source.sha256, opened.network.id if opened.network else None
            same = outset if of == network_id else None
            after = same.after(connection, report, sha256=sha256) if same else None
            record_kept(connection, id_, report, of, sha256, person, outset=after)
    if request.rejects is not None:
        write_rejects(request.rejects, opened.source, report.faults)
    if report.rejected and not request.accept_partial:
        raise LoadRejected(replace(report, inserted=0, updated=0, unchanged=0))
    return report

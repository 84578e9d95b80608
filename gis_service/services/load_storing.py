"""Storing the rows of a file that was checked, and the record of the load."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.engine import RootTransaction

from gis_service.crs import crs_title
from gis_service.model.reports import LoadReport
from gis_service.services.fault_log import FaultLog
from gis_service.services.lacking_columns import lacking_faults
from gis_service.services.link_topology import LinkFindings, LinkTopology
from gis_service.services.load_checking import OpenedFile
from gis_service.services.load_requests import MOST_FAULTS_KEPT, LoadRequest, Progress
from gis_service.services.nodes_to_make import NodesToMake
from gis_service.services.syncing import ANY_NUMBER, mark_absent
from gis_service.store.loads import record_load
from gis_service.store.staging import Outcome, StagedRows, lock_for_load
from gis_service.validation.drawn import Ints


@dataclass(frozen=True, slots=True)
class StoredFile:
    """
    A file whose rows are stored, as long as the transaction stands; and what is told of it.

    Parameters
    ----------
    refused
        Numbers of the rows that are at fault, in order; 0 for the file as a whole.
    """

    opened: OpenedFile
    staged: StagedRows
    report: LoadReport
    refused: Ints


Watch = Callable[[StoredFile], None]
"""Looks at what was stored, before it is kept or rolled back; what it raises rolls back."""


def store_opened(
    connection: Connection,
    transaction: RootTransaction,
    opened: OpenedFile,
    progress: Progress | None,
    watch: Watch | None = None,
) -> LoadReport:
    """
    Check, stage and upsert; the transaction is rolled back when nothing may be kept.

    While PostgreSQL takes rows in, the next ones are read and checked; while it stores them,
    the links are looked at.
    """
    request, collection = opened.request, opened.collection
    network = opened.network.id if opened.network else None
    faults = FaultLog()
    faults.add(opened.faults)
    topology = LinkTopology(collection, network)
    nodes = NodesToMake(opened.joiner.made)
    with ThreadPoolExecutor(1) as beside:
        staged = _staged(connection, opened, faults, topology, nodes, beside, progress)
        ended = opened.finish()
        faults.add(ended.faults)
        if ended.crashed:
            staged.drop_all()
        staged.drop(ended.rejected.tolist())
        staged.analyze()
        lock_for_load(connection, collection, network)
        if network is not None and not ended.crashed:
            nodes.make(connection, network, without=ended.rejected)
        look = LinkFindings if ended.crashed else topology.check(
            connection, staged, opened.drawn, without=ended.rejected
        )
        looking = beside.submit(look)
        stored = FaultLog()
        stored.add(lacking_faults(
            staged, collection, opened.checks.lacking, opened.checks.unmapped
        ))
        stored.add(staged.unknown_references())
        faults.add(stored)
        rejected = faults.error_rows()
        outcome = Outcome(0, 0, 0)
        if not len(rejected) or request.accept_partial:
            staged.drop(stored.error_rows().tolist())
            outcome = staged.upsert()
        found = looking.result()
    faults.add(found.faults)
    marked = 0
    if request.sync and not len(rejected):
        most = ANY_NUMBER if request.dry_run else request.sync_most
        marked = mark_absent(
            staged, collection, opened.network.external_id if opened.network else "", most=most
        )
    source = opened.source
    report = LoadReport(
        source=request.source,
        collection=collection.id,
        network=opened.network.external_id if opened.network else None,
        read=opened.read,
        inserted=outcome.inserted,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        rejected=_count(rejected, opened.read),
        decommissioned=marked,
        faults=faults.settled(),
        crs=crs_title(source.crs) if source.crs else "",
        unmapped=opened.checks.unmapped,
        dry_run=request.dry_run,
        notes=(*_mapped(request), *opened.notes, *found.notes),
    )
    if watch is not None:
        watch(StoredFile(opened, staged, report, rejected))
    if request.dry_run or (len(rejected) and not request.accept_partial):
        transaction.rollback()
    return report


def _staged(  # noqa: PLR0917 - who looks at each part
    connection: Connection,
    opened: OpenedFile,
    faults: FaultLog,
    topology: LinkTopology,
    nodes: NodesToMake,
    beside: ThreadPoolExecutor,
    progress: Progress | None,
) -> StagedRows:
    """The good rows of a file, copied by another thread while the next ones are checked."""
    network = opened.network.id if opened.network else None
    staged: StagedRows | None = None
    copying: Future[None] | None = None
    for part in opened.parts():
        faults.add(part.faults)
        topology.add(part.frame)
        nodes.add(part.frame)
        if copying is not None:
            copying.result()
        if staged is None:
            staged = StagedRows(
                connection, opened.collection, part.frame.columns, network=network
            )
        told = None if progress is None else partial(
            _told, progress, opened.read - part.read, max(len(opened.source), opened.read)
        )
        copying = beside.submit(staged.copy, part.frame, told)
    if staged is None or copying is None:
        raise AssertionError("a file without rows is refused when it is read")
    copying.result()
    pa.default_memory_pool().release_unused()
    if progress is not None:
        progress(opened.read, opened.read)
    return staged


def _told(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def record_kept(  # noqa: PLR0917 - what a record holds
    connection: Connection,
    load_id: UUID,
    report: LoadReport,
    network: UUID | None,
    sha256: str,
    person_id: UUID | None,
    *,
    outset: str | None = None,
) -> None:
    """Keep who loaded what, with the report."""
    record_load(
        connection,
        load_id,
        collection=report.collection,
        network_id=network,
        source=report.source,
        sha256=sha256,
        person_id=person_id,
        report=report.as_json(most_faults=MOST_FAULTS_KEPT),
        outset=outset,
    )


def _count(rejected: Ints, read: int) -> int:
    """Rows at fault; all of them when a fault is of the file as a whole (row 0)."""
    return read if 0 in rejected else len(rejected)


def _mapped(request: LoadRequest) -> tuple[str, ...]:
    return (f"Read by the mapping {request.mapped_by}.",) if request.mapped_by else ()

"""Storing the rows of a file that was checked, and the record of the load."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.engine import RootTransaction

from gis_service.crs import crs_title
from gis_service.model.reports import LoadReport, Severity
from gis_service.services.lacking_columns import lacking_faults
from gis_service.services.link_ends import make_nodes
from gis_service.services.link_topology import topology_check
from gis_service.services.load_checking import CheckedFile
from gis_service.services.load_requests import MOST_FAULTS_KEPT, LoadRequest, Progress
from gis_service.services.syncing import ANY_NUMBER, mark_absent
from gis_service.store.loads import record_load
from gis_service.store.staging import Outcome, StagedRows, lock_for_load
from gis_service.validation.checking import Validated


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose rows are stored, as long as the transaction stands; and what is told of it."""

    checked: CheckedFile
    staged: StagedRows
    report: LoadReport


Watch = Callable[[StoredFile], None]
"""Looks at what was stored, before it is kept or rolled back; what it raises rolls back."""


def store_checked(
    connection: Connection,
    transaction: RootTransaction,
    checked: CheckedFile,
    progress: Progress | None,
    watch: Watch | None = None,
) -> LoadReport:
    """Stage and upsert; the transaction is rolled back when nothing may be kept."""
    request, collection, validated = checked.request, checked.collection, checked.validated
    network = checked.network.id if checked.network else None
    lock_for_load(connection, collection, network)
    if network is not None and checked.joined.made:
        make_nodes(connection, network, validated.frame, checked.joined)
    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(topology_check(connection, collection, network, validated.frame))
        staged = StagedRows(
            connection, collection, validated.frame, network=network, progress=progress
        )
        faults = [*validated.faults, *lacking_faults(staged, collection, validated)]
        faults += staged.unknown_references()
        rejected = {f.row for f in faults if f.severity is Severity.ERROR}
        outcome = Outcome(0, 0, 0)
        if not rejected or request.accept_partial:
            staged.drop(sorted(rejected))
            outcome = staged.upsert()
        topology = looking.result()
    faults += topology.faults
    marked = 0
    if request.sync and not rejected:
        most = ANY_NUMBER if request.dry_run else request.sync_most
        marked = mark_absent(
            staged, collection, checked.network.external_id if checked.network else "", most=most
        )
    report = LoadReport(
        source=request.source,
        collection=collection.id,
        network=checked.network.external_id if checked.network else None,
        read=validated.read,
        inserted=outcome.inserted,
        updated=outcome.updated,
        unchanged=outcome.unchanged,
        rejected=_count(rejected, validated),
        decommissioned=marked,
        faults=tuple(sorted(faults, key=lambda f: f.row)),
        crs=crs_title(checked.source.crs) if checked.source.crs else "",
        unmapped=validated.unmapped,
        dry_run=request.dry_run,
        notes=(
            *_mapped(request), *checked.source.notes, *checked.joined.notes, *validated.notes,
            *topology.notes,
        ),
    )
    if watch is not None:
        watch(StoredFile(checked, staged, report))
    if request.dry_run or (rejected and not request.accept_partial):
        transaction.rollback()
    return report


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


def _count(rejected: set[int], validated: Validated) -> int:
    """Rows at fault; all of them when a fault is of the file as a whole (row 0)."""
    return validated.read if 0 in rejected else len(rejected)


def _mapped(request: LoadRequest) -> tuple[str, ...]:
    return (f"Read by the mapping {request.mapped_by}.",) if request.mapped_by else ()

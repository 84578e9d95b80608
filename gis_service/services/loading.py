"""Loading a file into a collection: read, validate, stage, upsert, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Connection
from sqlalchemy.engine import RootTransaction

from gis_service.crs import crs_title
from gis_service.errors import InvalidInput, InvalidParameter
from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import read_file
from gis_service.formats.shaping import Shaping
from gis_service.formats.source import SourceFrame
from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.parts import Parts
from gis_service.model.reports import (
    LoadRejected,
    LoadReport,
    RowFault,
    Severity,
)
from gis_service.services.doubts import crs_doubts
from gis_service.services.link_ends import JoinedSource, check_joined, join_links, make_nodes
from gis_service.services.load_networks import LoadNetwork, network_of, surroundings_of
from gis_service.services.rejects import write_rejects
from gis_service.services.syncing import ANY_NUMBER, check_sync, mark_absent
from gis_service.settings import Settings
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.loads import record_load
from gis_service.store.staging import Outcome, StagedRows, lock_for_load
from gis_service.validation.checking import Validated, validate
from gis_service.validation.codes import CodeReading, check_reading
from gis_service.validation.columns import POSITIONS
from gis_service.validation.geometry import KENYA
from gis_service.validation.topology import SNAP_M

Progress = Callable[[int, int], None]
"""Called with the rows copied so far and the rows in all."""
MOST_FAULTS_KEPT = 5_000
"""Of a report that the database keeps."""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """
    What to load, and how.

    Parameters
    ----------
    network
        `external_id` or UUID of the network; None chooses the only one there is.
    mapping
        Field by column of the file. An empty field leaves the column out,
        `extra` keeps it beside the fields, `longitude`, `latitude` and
        `geometry` make a CSV's geometry.
    constants
        One value for all rows, by field.
    codes
        Code by value of the file, by field: what somebody said that they mean.
    accept_codes
        Apply what values only resemble, too.
    mapped_by
        Name of the saved mapping that these come from.
    accept_partial
        Load the good rows although others are at fault.
    make_ids
        Make identifiers from each row's content.
    multi
        What becomes of points and lines of several parts, as in `Parts`.
    name
        The file's name where it came from, when it stands under another one.
    rejects
        A GeoPackage to write with the rows that are at fault.
    sync
        Mark the network's items that the file does not hold as decommissioned.
    sync_most
        So many of them at most; with more, nothing is done but to tell.
    snap_m
        Metres within which the end of a link belongs to a node; 0 moves none.
    create_nodes
        Make nodes where links end and none is.
    """

    path: Path
    collection: str
    network: str | None = None
    layer: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    accept_codes: bool = False
    mapped_by: str | None = None
    crs: str | None = None
    encoding: str | None = None
    dry_run: bool = False
    accept_partial: bool = False
    make_ids: bool = False
    multi: str = Parts.MERGE
    name: str | None = None
    rejects: Path | None = None
    sync: bool = False
    sync_most: int = 0
    snap_m: float = SNAP_M
    create_nodes: bool = False

    @property
    def source(self) -> str:
        return self.name or self.path.name


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file that was read and validated, ready to be stored."""

    request: LoadRequest
    collection: Collection
    network: LoadNetwork | None
    source: SourceFrame
    validated: Validated
    joined: JoinedSource


def load_file(
    database: Database,
    settings: Settings,
    request: LoadRequest,
    *,
    progress: Progress | None = None,
    load_id: UUID | None = None,
    person_id: str | None = None,
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
    collection = REGISTRY[request.collection]
    reading = CodeReading(request.codes, accept=request.accept_codes)
    check_reading(collection, reading)
    if request.sync:
        check_sync(collection, accept_partial=request.accept_partial)
    with database.begin() as connection:
        network = network_of(connection, collection, request.network)
        around = surroundings_of(connection, network) if collection.geometry else None
    source = read_file(
        request.path,
        layer=request.layer,
        crs=request.crs,
        encoding=request.encoding,
        coordinates={o: t for t, o in request.mapping.items() if o in POSITIONS},
        shaping=_shaping(collection, request, settings),
        limits=ReadLimits(file_mb=settings.max_file_mb),
        name=request.source,
        crs_needed=False,
    )
    doubts = crs_doubts(request.source, source, around) if around is not None else ()
    with database.begin() as connection:
        joined = join_links(
            connection, collection, network.id if network else None, source,
            mapping=request.mapping, constants=request.constants, snap_m=request.snap_m,
            create=request.create_nodes,
        )
    validated = validate(
        joined.source.frame,
        collection,
        mapping=request.mapping,
        constants=request.constants,
        known_faults=(*source.faults, *doubts, *joined.faults),
        extent=network.extent if network else KENYA,
        max_vertices=settings.max_vertices,
        make_ids=request.make_ids,
        split=request.multi == Parts.SPLIT,
        reading=reading,
        around=around,
    )
    with (
        database.engine.connect() as connection,
        connection.begin() as transaction,
        interruptible(connection),
    ):
        load_id = load_id or uuid4()
        set_actor(connection, Actor(person_id, str(load_id)))
        checked = _Checked(request, collection, network, source, validated, joined)
        report = _store(connection, transaction, checked, progress)
        report = replace(report, duration_s=time.monotonic() - began)
        if transaction.is_active:
            report = replace(report, load_id=str(load_id))
            _record(connection, load_id, report, checked, person_id)
    if request.rejects is not None:
        write_rejects(request.rejects, source, report.faults)
    if report.rejected and not request.accept_partial:
        raise LoadRejected(replace(report, inserted=0, updated=0, unchanged=0))
    return report


def _shaping(
    collection: Collection, request: LoadRequest, settings: Settings
) -> Shaping | None:
    """What the reading process is to do to the geometry."""
    if request.multi not in list(Parts):
        raise InvalidParameter("multi", request.multi, f"it is one of {', '.join(Parts)}")
    if collection.geometry is None:
        return None
    return Shaping(
        wanted=collection.geometry,
        most_vertices=settings.max_vertices,
        merge=request.multi != Parts.REFUSE,
    )


def _store(
    connection: Connection,
    transaction: RootTransaction,
    checked: _Checked,
    progress: Progress | None,
) -> LoadReport:
    """Stage and upsert; the transaction is rolled back when nothing may be kept."""
    request, collection, validated = checked.request, checked.collection, checked.validated
    network = checked.network.id if checked.network else None
    lock_for_load(connection, collection, network)
    if network is not None and checked.joined.made:
        make_nodes(connection, network, validated.frame, checked.joined)
    staged = StagedRows(
        connection, collection, validated.frame, network=network, progress=progress
    )
    faults = [*validated.faults, *check_joined(collection, validated.frame)]
    faults += _lacking_faults(staged, collection, validated)
    faults += staged.unknown_references()
    rejected = {f.row for f in faults if f.severity is Severity.ERROR}
    outcome = Outcome(0, 0, 0)
    if not rejected or request.accept_partial:
        staged.drop(sorted(rejected))
        outcome = staged.upsert()
    marked = 0
    if request.sync and not rejected:
        most = ANY_NUMBER if request.dry_run else request.sync_most
        marked = mark_absent(
            staged, collection, checked.network.external_id if checked.network else "", most=most
        )
    if request.dry_run or (rejected and not request.accept_partial):
        transaction.rollback()
    return LoadReport(
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
        ),
    )


def _mapped(request: LoadRequest) -> tuple[str, ...]:
    return (f"Read by the mapping {request.mapped_by}.",) if request.mapped_by else ()


def _record(
    connection: Connection,
    load_id: UUID,
    report: LoadReport,
    checked: _Checked,
    person_id: str | None,
) -> None:
    record_load(
        connection,
        load_id,
        collection=report.collection,
        network_id=checked.network.id if checked.network else None,
        source=report.source,
        sha256=checked.source.sha256,
        person_id=UUID(person_id) if person_id else None,
        report=report.as_json(most_faults=MOST_FAULTS_KEPT),
    )


def _count(rejected: set[int], validated: Validated) -> int:
    """Rows at fault; all of them when a fault is of the file as a whole (row 0)."""
    return validated.read if 0 in rejected else len(rejected)


def _lacking_faults(
    staged: StagedRows, collection: Collection, validated: Validated
) -> Sequence[RowFault]:
    """
    Rows that would be new, in a file without a column that a new item needs.

    Raises
    ------
    InvalidInput
        All rows would be new: then the file, and not its rows, is at fault.
    """
    if not validated.lacking:
        return ()
    new = staged.new_rows()
    if new and len(new) == len(validated.frame):
        raise _lacking(collection, validated)
    return [
        RowFault(
            row, name, "no-geometry" if name == "geometry" else "required", "",
            f"The item is new and needs {name}, for which the file has no column.",
        )
        for row in new
        for name in validated.lacking
    ]


def _lacking(collection: Collection, validated: Validated) -> InvalidInput:
    fields = [name for name in validated.lacking if name != "geometry"]
    said = []
    if fields:
        said.append(
            f"The file has no column for {', '.join(fields)}, which new "
            f"{collection.title.en.lower()} need. Name the column (--map COLUMN={fields[0]}) or "
            f"give one value for all rows (--set {fields[0]}=VALUE)."
        )
    if {"start_node", "end_node"} & set(fields):
        said.append(
            "Links that end within --snap metres of a node get it by themselves, and "
            "--create-nodes makes nodes where there are none."
        )
    if "geometry" in validated.lacking:
        said.append(
            f"The file has no geometry, which new {collection.title.en.lower()} need: in a CSV "
            "file two columns longitude and latitude (or --map COLUMN=longitude), or one of WKT."
        )
    if validated.unmapped:
        said.append(f"Columns not used: {', '.join(validated.unmapped)}.")
    return InvalidInput(" ".join(said))

"""Loading a file into a collection: read, validate, stage, upsert, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Connection, select
from sqlalchemy.engine import RootTransaction

from gis_service.crs import crs_title
from gis_service.errors import InvalidInput, InvalidParameter, NotFound
from gis_service.formats.limits import ReadLimits
from gis_service.formats.reading import read_file
from gis_service.formats.shaping import Shaping
from gis_service.formats.source import SourceFrame
from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection
from gis_service.model.parts import Parts
from gis_service.model.reports import LoadRejected, LoadReport, RowFault, Severity
from gis_service.settings import Settings
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.loads import record_load
from gis_service.store.staging import Outcome, StagedRows, lock_for_load
from gis_service.store.tables import table
from gis_service.validation.checking import Validated, validate
from gis_service.validation.columns import POSITIONS
from gis_service.validation.geometry import KENYA, Extent

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
    accept_partial
        Load the good rows although others are at fault.
    make_ids
        Make identifiers from each row's content.
    multi
        What becomes of points and lines of several parts, as in `Parts`.
    name
        The file's name where it came from, when it stands under another one.
    """

    path: Path
    collection: str
    network: str | None = None
    layer: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    crs: str | None = None
    encoding: str | None = None
    dry_run: bool = False
    accept_partial: bool = False
    make_ids: bool = False
    multi: str = Parts.MERGE
    name: str | None = None

    @property
    def source(self) -> str:
        return self.name or self.path.name


@dataclass(frozen=True, slots=True)
class _Network:
    id: UUID
    external_id: str
    extent: Extent


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file that was read and validated, ready to be stored."""

    request: LoadRequest
    collection: Collection
    network: _Network | None
    source: SourceFrame
    validated: Validated


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
    with database.begin() as connection:
        network = _network(connection, collection, request.network)
    source = read_file(
        request.path,
        layer=request.layer,
        crs=request.crs,
        encoding=request.encoding,
        coordinates={o: t for t, o in request.mapping.items() if o in POSITIONS},
        shaping=_shaping(collection, request, settings),
        limits=ReadLimits(file_mb=settings.max_file_mb),
        name=request.source,
    )
    validated = validate(
        source.frame,
        collection,
        mapping=request.mapping,
        constants=request.constants,
        known_faults=source.faults,
        extent=network.extent if network else KENYA,
        max_vertices=settings.max_vertices,
        make_ids=request.make_ids,
        split=request.multi == Parts.SPLIT,
    )
    with (
        database.engine.connect() as connection,
        connection.begin() as transaction,
        interruptible(connection),
    ):
        load_id = load_id or uuid4()
        set_actor(connection, Actor(person_id, str(load_id)))
        checked = _Checked(request, collection, network, source, validated)
        report = _store(connection, transaction, checked, progress)
        report = replace(report, duration_s=time.monotonic() - began)
        if transaction.is_active:
            report = replace(report, load_id=str(load_id))
            _record(connection, load_id, report, checked, person_id)
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
    staged = StagedRows(
        connection, collection, validated.frame, network=network, progress=progress
    )
    faults = [*validated.faults]
    faults += _lacking_faults(staged, collection, validated)
    faults += staged.unknown_references()
    rejected = {f.row for f in faults if f.severity is Severity.ERROR}
    outcome = Outcome(0, 0, 0)
    if not rejected or request.accept_partial:
        staged.drop(sorted(rejected))
        outcome = staged.upsert()
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
        faults=tuple(sorted(faults, key=lambda f: f.row)),
        crs=crs_title(checked.source.crs) if checked.source.crs else "",
        unmapped=validated.unmapped,
        dry_run=request.dry_run,
        notes=(*checked.source.notes, *validated.notes),
    )


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
    if "geometry" in validated.lacking:
        said.append(
            f"The file has no geometry, which new {collection.title.en.lower()} need: in a CSV "
            "file two columns longitude and latitude (or --map COLUMN=longitude), or one of WKT."
        )
    if validated.unmapped:
        said.append(f"Columns not used: {', '.join(validated.unmapped)}.")
    return InvalidInput(" ".join(said))


def _network(
    connection: Connection, collection: Collection, asked: str | None
) -> _Network | None:
    """
    The network that the rows belong to.

    Raises
    ------
    InvalidParameter, InvalidInput, NotFound
        There is none, none of that name, or several and none was named.
    """
    if not collection.networked:
        if asked is not None:
            raise InvalidParameter(
                "network", asked, f"{collection.title.en.lower()} belong to no network"
            )
        return None
    stored = table(NETWORKS)
    known = connection.execute(
        select(stored.c.id, stored.c.external_id, stored.c.extent).order_by(stored.c.external_id)
    ).all()
    if not known:
        raise NotFound(
            f"{collection.title.en} belong to a network, and there is none yet. Load one first: "
            "a CSV file with the columns external_id, name, extent, metric_srid and synthetic, "
            "by ./gis load networks.csv --collection networks"
        )
    names = ", ".join(row.external_id for row in known)
    if asked is None:
        if len(known) > 1:
            raise InvalidInput(f"There are several networks; name one with --network: {names}.")
        chosen = known[0]
    else:
        fitting = [r for r in known if r.external_id == asked or str(r.id) == asked.lower()]
        if not fitting:
            raise NotFound(f"There is no network {asked!r}. Known: {names}.")
        chosen = fitting[0]
    extent = network_extent(chosen.external_id, chosen.extent)
    return _Network(chosen.id, chosen.external_id, extent)


def network_extent(network: str, stored: object) -> Extent:
    """
    The box of a network, from {west, south, east, north} or a list in that order.

    Raises
    ------
    InvalidInput
        It is no box.
    """
    sides = ("west", "south", "east", "north")
    values = [stored.get(side) for side in sides] if isinstance(stored, dict) else stored
    if isinstance(values, list) and len(values) == 4 and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in values
    ):
        west, south, east, north = (float(v) for v in values)
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:
            return (west, south, east, north)
    raise InvalidInput(
        f"The extent of the network {network!r} is no box of west, south, east and north "
        "degrees. Correct it by loading the network again."
    )

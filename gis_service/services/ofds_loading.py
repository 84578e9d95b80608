"""Loading a package of the Open Fibre Data Standard: each network whole, or nothing at all."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pandas as pd
import pyarrow as pa
from sqlalchemy import Connection

from gis_service.errors import InvalidInput
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_mapping import COLLECTIONS, GEOMETRIES, key_of
from gis_service.formats.ofds_package import Json, Package, find_version, objects_of
from gis_service.formats.ofds_reading import read_package
from gis_service.model.audience import Actor
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.plant import NETWORK_NODES
from gis_service.model.reports import LoadReport, SyncUnconfirmed
from gis_service.network.joining import is_unique_everywhere
from gis_service.services.load_requests import MOST_FAULTS_KEPT, Progress
from gis_service.services.ofds_network_row import kept_of, network_frame
from gis_service.services.ofds_rows import Rows, RowsMaker
from gis_service.settings import Settings
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.loads import record_load
from gis_service.store.ofds import (
    absent_items,
    decommission,
    find_network,
    left_behind,
    network_keys,
    nodes_elsewhere,
    put_rows,
    unplaced_spans,
)
from gis_service.store.staging import Outcome, StagedRows


@dataclass(frozen=True, slots=True)
class PackageRequest:
    """
    Which package to load, and how.

    Parameters
    ----------
    network
        The network that it becomes, by `external_id` or UUID; it is made when
        there is none. None takes the id that the package says.
    version
        Version of the standard, for a package that does not say it.
    constants
        One value for all rows, by field.
    read_only
        Whether the networks are other owners', which nobody edits here; None
        leaves it as it is, and new ones open to edits.
    name
        The file's name where it came from, when it stands under another one.
    sync
        Mark nodes and spans of its networks that the package does not hold as
        decommissioned.
    sync_most
        So many of them at most; with more, nothing is done but to tell.
    """

    path: Path
    network: str | None = None
    version: str | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    read_only: bool | None = None
    name: str | None = None
    sync: bool = False
    sync_most: int = 0

    @property
    def source(self) -> str:
        return self.name or self.path.name


@dataclass(frozen=True, slots=True)
class StoredArray:
    """
    The rows of one collection of a network, and what became of each.

    Parameters
    ----------
    decisions
        Of each row its number, whether it is new, and whether it differs.
    """

    collection: str
    frame: pd.DataFrame
    decisions: Sequence[tuple[int, bool, bool]]


@dataclass(frozen=True, slots=True)
class StoredNetwork:
    """
    One network of the package, as it was stored.

    Parameters
    ----------
    absent
        Keys and names of items that the package lacks, by collection; where it is
        to be the whole network.
    """

    id: UUID
    external_id: str
    outcome: Outcome
    rows: Rows
    notes: tuple[str, ...]
    arrays: tuple[StoredArray, ...]
    absent: Mapping[str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class StoredPackage:
    """A package that is stored, as long as the transaction stands; and what is told of it."""

    networks: tuple[StoredNetwork, ...]
    report: LoadReport


PackageWatch = Callable[[StoredPackage], None]
"""Looks at what was stored, before it is kept or rolled back; what it raises rolls back."""


def load_package(
    database: Database,
    settings: Settings,
    request: PackageRequest,
    *,
    progress: Progress | None = None,
    load_id: UUID | None = None,
    person_id: str | None = None,
    watch: PackageWatch | None = None,
) -> LoadReport:
    """
    Load every network of a package, in one transaction with its record and history.

    Nothing of the package is altered: what the tables have no place for, or
    would not have, is kept beside the rows, so that it comes out as it went in.

    Raises
    ------
    UnreadableFile, InvalidInput
        The file is no package, or cannot be kept as it is.
    Conflict
        Another load of the same network does not end.
    SyncUnconfirmed
        More items would be marked than was said.
    """
    began = time.monotonic()
    package = read_package(request.path, limits=ReadLimits(file_mb=settings.max_file_mb))
    if request.network is not None and len(package.networks) > 1:
        raise InvalidInput(
            f"The package has {len(package.networks)} networks; --network can name only one. "
            "Without it each takes the id that it has."
        )
    if set(request.constants) - {"visibility"}:
        raise InvalidInput("Of a package's rows only the visibility can be --set.")
    load_id = load_id or uuid4()
    with (
        database.engine.connect() as connection,
        connection.begin() as transaction,
        interruptible(connection),
    ):
        set_actor(connection, Actor(person_id, str(load_id)))
        loaded = []
        for place, network in enumerate(package.networks):
            if progress is not None:
                progress(place, len(package.networks))
            loaded.append(_load_network(
                connection, settings, request, package, network, watched=watch is not None
            ))
        if request.sync:
            _mark_absent(connection, request, loaded)
        report = _report(request, package, loaded)
        if watch is not None:
            watch(StoredPackage(tuple(loaded), report))
        if request.dry_run:
            transaction.rollback()
        else:
            report = replace(report, load_id=str(load_id))
            record_load(
                connection,
                load_id,
                collection=NETWORKS.id,
                network_id=loaded[0].id if len(loaded) == 1 else None,
                source=request.source,
                sha256=package.sha256,
                person_id=UUID(person_id) if person_id else None,
                report=report.as_json(most_faults=MOST_FAULTS_KEPT),
            )
    return replace(report, duration_s=time.monotonic() - began)


def _load_network(
    connection: Connection,
    settings: Settings,
    request: PackageRequest,
    package: Package,
    network: Json,
    *,
    watched: bool,
) -> StoredNetwork:
    key = request.network or key_of(network)
    if key is None:
        raise InvalidInput(
            "The network has no id, by which it would be known again. Name one with --network."
        )
    found = find_version(network, asked=request.version)
    before = find_network(connection, key)
    known = network_keys(connection, before.id, COLLECTIONS.values()) if before else {}
    outside = _ends_outside(network, known.get(NETWORK_NODES.id, frozenset()))
    elsewhere = nodes_elsewhere(connection, before.id if before else None, outside)
    rows = RowsMaker(
        network,
        found.version,
        known=known,
        elsewhere=elsewhere,
        constants=request.constants,
        max_vertices=settings.max_vertices,
    ).rows()
    head = network_frame(
        network, before, key,
        kept=kept_of(package, network, found.version, rows) | _openness(request, before),
        extent=rows.extent,
    )
    arrays: list[StoredArray] | None = [] if watched else None
    see = _seen(arrays, NETWORKS.id, head)
    outcomes = [put_rows(connection, NETWORKS.id, head, network=None, watch=see)]
    after = find_network(connection, before.external_id if before else key)
    if after is None:
        raise AssertionError("the network was just stored")
    notes = [found.note] if found.note else []
    for array, count in rows.read.items():
        collection = COLLECTIONS[array]
        present: Sequence[str] = ()
        if array in rows.frames:
            frame = rows.frames[array]
            outcomes.append(put_rows(
                connection, collection, frame, network=after.id,
                elsewhere={NETWORK_NODES.id: elsewhere} if array == "spans" else None,
                watch=_seen(arrays, collection, frame),
            ))
            present = pa.array(frame["external_id"].array).to_pylist()
        lost = left_behind(connection, after.id, collection, present) if before else 0
        if lost and not (request.sync and array in GEOMETRIES):
            notes.append(
                f"{lost:,} {collection} of an earlier package are not in this one; they stay."
            )
        if count:
            notes.append(f"{count:,} {array}")
    notes += _waiting(connection, after.id, network)
    total = Outcome(
        *(sum(getattr(each, name) for each in outcomes)
          for name in ("inserted", "updated", "unchanged"))
    )
    return StoredNetwork(
        after.id, after.external_id, total, rows, tuple(notes), tuple(arrays or ()),
        _absent(connection, after.id, network) if request.sync else {},
    )


def _seen(
    arrays: list[StoredArray] | None, collection: str, frame: pd.DataFrame
) -> Callable[[StagedRows], None] | None:
    """What keeps the decisions for who watches the load."""
    if arrays is None:
        return None

    def see(staged: StagedRows) -> None:
        arrays.append(StoredArray(collection, frame, list(staged.decisions())))

    return see


def _absent(
    connection: Connection, id_: UUID, network: Json
) -> dict[str, list[tuple[str, str]]]:
    """
    Nodes and spans of the network that the package lacks.

    An array that the package does not have is published elsewhere, and says nothing.
    """
    found = {}
    for array in GEOMETRIES:
        if isinstance(network.get(array), list):
            keys = [key_of(each) for each in objects_of(network, array)]
            if None in keys:
                raise InvalidInput(
                    f"Some of the {array} of the package have no id, so it cannot be known which "
                    "are gone. Ask for ids, or load it without --sync."
                )
            present = [key for key in keys if key is not None]
            collection = COLLECTIONS[array]
            found[collection] = absent_items(connection, id_, collection, present)
    return found


def _mark_absent(
    connection: Connection, request: PackageRequest, loaded: Sequence[StoredNetwork]
) -> None:
    """Mark what the package lacks as decommissioned; raises `SyncUnconfirmed`."""
    keys = [key for each in loaded for items in each.absent.values() for key, _ in items]
    if not request.dry_run and len(keys) > request.sync_most:
        named = ", ".join(each.external_id for each in loaded)
        raise SyncUnconfirmed("network_nodes and fibre_links", named, keys)
    for each in loaded:
        for collection, items in each.absent.items():
            decommission(connection, each.id, collection, [key for key, _ in items])


def _ends_outside(network: Json, known: Container[str]) -> set[str]:
    """Identifiers, unique everywhere, at which spans end and that no node of the network has."""
    own = {key_of(each) for each in objects_of(network, "nodes")}
    return {
        name for name in _ends(objects_of(network, "spans"))
        if name not in own and name not in known and is_unique_everywhere(name)
    }


def _ends(spans: Iterable[Any]) -> list[str]:
    """The nodes at which spans end, as far as they are named."""
    named = (
        key_of({"id": span.get(side)})
        for span in spans if isinstance(span, dict) for side in ("start", "end")
    )
    return [name for name in named if name is not None]


def _waiting(connection: Connection, id_: UUID, network: Json) -> list[str]:
    """What is to be told of other networks whose spans end at nodes of this one."""
    own = {key_of(each) for each in objects_of(network, "nodes")}
    notes = []
    for name, spans in unplaced_spans(connection, id_).items():
        count = sum(any(end in own for end in _ends([span])) for span in spans)
        if count:
            notes.append(
                f"{count:,} spans of the network {name} end at nodes of this one: load its "
                "package again, and they join the two"
            )
    return notes


def _openness(request: PackageRequest, before: Any | None) -> Json:
    standing = before is not None and before.read_only
    return {"read_only": standing if request.read_only is None else request.read_only}


def _report(
    request: PackageRequest, package: Package, loaded: Sequence[StoredNetwork]
) -> LoadReport:
    unplaced = Counter(u.array for each in loaded for u in each.rows.unplaced)
    notes = [*package.notes, f"Read as {package.form}."]
    for each in loaded:
        notes.append(f"Network {each.external_id}: {'; '.join(each.notes) or 'nothing in it'}")
    if unplaced:
        listed = ", ".join(f"{count:,} {array}" for array, count in unplaced.items())
        notes.append(f"Kept for the exchange only, not on the map: {listed}.")
    inserted, updated, unchanged = (
        sum(getattr(each.outcome, name) for each in loaded)
        for name in ("inserted", "updated", "unchanged")
    )
    aside = sum(unplaced.values())
    return LoadReport(
        source=request.source,
        collection=NETWORKS.id,
        network=", ".join(each.external_id for each in loaded),
        read=inserted + updated + unchanged + aside,
        inserted=inserted,
        updated=updated,
        unchanged=unchanged,
        set_aside=aside,
        decommissioned=sum(len(items) for each in loaded for items in each.absent.values()),
        faults=tuple(fault for each in loaded for fault in each.rows.faults),
        crs="OGC:CRS84 (longitude and latitude of WGS84)",
        dry_run=request.dry_run,
        notes=tuple(notes),
    )

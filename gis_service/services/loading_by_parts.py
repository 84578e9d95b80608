"""
Loading a file of very many rows by parts, each a load of its own that is kept.

What was kept stays when a later part is refused, or the power goes. The same command
goes on behind the last part that was kept, as long as the file, what is asked and the
program are the same; otherwise it begins anew, and rows that are stored already are
unchanged.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import Connection

from gis_service.errors import InvalidInput, UnreadableFile
from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.model.jobs import LoadGroup, LoadRecord
from gis_service.model.parts import Parts
from gis_service.model.reports import LoadReport
from gis_service.services.known_loads import sum_of
from gis_service.services.load_checking import OpenedSource, open_source, to_check
from gis_service.services.load_groups import (
    PartRejected,
    kept_already,
    part_note,
    whole_report,
)
from gis_service.services.load_networks import network_of
from gis_service.services.load_requests import MOST_FAULTS_KEPT, LoadRequest, Progress
from gis_service.services.load_storing import store_opened
from gis_service.services.program import program_sha256
from gis_service.services.rejects import write_rejects
from gis_service.services.whole_file import WholeFile, seen_in_whole
from gis_service.settings import Settings
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.load_groups import (
    end_group,
    hold_group,
    keep_group,
    parts_of,
    undone_among,
    unfinished_group,
)
from gis_service.store.loads import record_load

PART_ROWS = 100_000
"""Rows of a part, where nobody says it."""
_SIDE_FILES = (".dbf", ".prj", ".cpg", ".shx")
_NOT_ASKED = ("path", "network", "name", "accept_partial", "rejects", "dry_run", "sync_most")
"""Of a request, what another one may have that goes on with the same file."""


@dataclass(frozen=True, slots=True)
class KeptSoFar:
    """
    How many parts of a file are kept.

    Parameters
    ----------
    of
        How many there are; None while the file was not read yet.
    """

    parts: int
    of: int | None


Tell = Callable[[KeptSoFar], None]


def load_by_parts(
    database: Database,
    settings: Settings,
    request: LoadRequest,
    *,
    part_rows: int = PART_ROWS,
    progress: Progress | None = None,
    tell: Tell = lambda _: None,
) -> LoadReport:
    """
    Load one file into one collection by parts, each whole or not at all.

    Parameters
    ----------
    part_rows
        Rows of each part.
    tell
        Told whenever a part was kept, and of those that are kept already.

    Returns
    -------
    LoadReport
        Of all parts together, those of an earlier call too; its `load_id` is theirs in common.

    Raises
    ------
    UnreadableFile, UnknownCrs, InvalidInput
        The file as a whole cannot be understood.
    PartRejected
        Rows of a part are at fault and `accept_partial` is not set; those before it are kept.
    Conflict
        Another load of the same collection does not end.
    """
    began = time.monotonic()
    _check(request)
    sha256 = _sha256(request.path)
    before = _Before.of(database, settings, request, sha256, part_rows)
    group, kept = before.group, before.kept
    tell(KeptSoFar(len(kept), group.parts if group is not None else None))
    skip = group.span(len(kept))[1] if group is not None and request.rejects is None else 0
    opened = open_source(database, settings, request, skip=skip)
    if opened.source.sha256 != sha256:
        raise UnreadableFile(f"{request.source} was changed while it was read. Load it again.")
    checked = to_check(
        database, settings, replace(opened, request=replace(request, create_nodes=False)),
        keep_rows=False,
    )
    if group is None:
        whole = seen_in_whole(opened, checked, part_rows=part_rows)
        group = LoadGroup(
            uuid4(), request.collection, before.network_id, request.source, sha256, before.asked,
            part_rows, len(opened.source), whole.as_json(), datetime.now(UTC), None,
        )
    else:
        whole = WholeFile.of_json(group.learned, checked)
    parts = _PartsOf(database, settings, opened, whole, group, progress)
    reports = [LoadReport.of_json(each.report) for each in kept]
    for place in range(len(kept) + 1, group.parts + 1):
        report = parts.load(place, began)
        reports.append(report)
        if not report.load_id:
            break
        tell(KeptSoFar(place, group.parts))
        began = time.monotonic()
    told = whole_report(group, reports, notes=before.notes)
    if request.rejects is not None:
        write_rejects(request.rejects, opened.source, told.faults)
    if not reports[-1].load_id:
        raise PartRejected(told, group, len(reports), reports[-1].rejected)
    return told


@dataclass(frozen=True, slots=True)
class _Before:
    """
    What an earlier call left to go on with, and what is told of it.

    Parameters
    ----------
    asked
        A sum over all that has to be the same.
    """

    network_id: UUID | None
    asked: str
    group: LoadGroup | None = None
    kept: Sequence[LoadRecord] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        database: Database,
        settings: Settings,
        request: LoadRequest,
        sha256: str,
        part_rows: int,
    ) -> _Before:
        """What is there for the same file."""
        with database.begin() as connection:
            network = network_of(connection, REGISTRY[request.collection], request.network)
            network_id = network.id if network else None
            plain = cls(network_id, _asked(settings, request, network_id))
            group = unfinished_group(connection, request.collection, network_id, request.source)
            if group is None:
                return plain
            kept = parts_of(connection, group.id)
            undone = undone_among(connection, [each.id for each in kept])
        differs = (
            "a part of it was undone" if undone else
            "the file is another one" if group.sha256 != sha256 else
            "its parts were of another size" if group.part_rows != part_rows else
            "the options or the program are others" if group.asked != plain.asked else ""
        )
        if not differs:
            return replace(plain, group=group, kept=kept, notes=(kept_already(group, len(kept)),))
        return replace(plain, notes=(
            f"It began anew, as {differs} since the load {group.id}, of which "
            f"{len(kept):,} of {group.parts:,} parts are kept; rows of them that are the same "
            "are unchanged.",
        ))


class _PartsOf:
    """Loads the parts of a file that was read."""

    def __init__(  # noqa: PLR0917 - what a part needs
        self,
        database: Database,
        settings: Settings,
        opened: OpenedSource,
        whole: WholeFile,
        group: LoadGroup,
        progress: Progress | None,
    ) -> None:
        self._database, self._settings = database, settings
        self._opened, self._whole, self._group = opened, whole, group
        self._progress = progress

    def load(self, place: int, began: float) -> LoadReport:
        """
        One part in a transaction of its own; its report has no `load_id` when it is not kept.

        Parameters
        ----------
        began
            On the monotonic clock.
        """
        group, load_id = self._group, uuid4()
        part = self._whole.part(self._opened, *group.span(place))
        checked = to_check(self._database, self._settings, part, keep_rows=False)
        checked.checks.habits = self._whole.habits
        with (
            self._database.engine.connect() as connection,
            connection.begin() as transaction,
            interruptible(connection),
        ):
            set_actor(connection, Actor(None, str(load_id)))
            if place > 1:
                hold_group(connection, group.id, place=place)
            report = store_opened(connection, transaction, checked, self._told(place))
            report = replace(
                report, duration_s=time.monotonic() - began,
                notes=(part_note(group, place), *report.notes),
            )
            if not transaction.is_active:
                return replace(report, inserted=0, updated=0, unchanged=0)
            report = replace(report, load_id=str(load_id))
            self._record(connection, place, load_id, report)
        return report

    def _record(
        self, connection: Connection, place: int, load_id: UUID, report: LoadReport
    ) -> None:
        group = self._group
        if place == 1:
            keep_group(connection, group)
        record_load(
            connection, load_id, collection=group.collection, network_id=group.network_id,
            source=group.source, sha256=group.sha256, person_id=None,
            report=report.as_json(most_faults=MOST_FAULTS_KEPT), group_id=group.id, place=place,
        )
        if place == group.parts:
            end_group(connection, group.id)

    def _told(self, place: int) -> Progress | None:
        """Progress over the whole file."""
        progress = self._progress
        if progress is None:
            return None
        before, rows = self._group.span(place)[0], self._group.rows
        return lambda done, _: progress(before + done, rows)


def _check(request: LoadRequest) -> None:
    if request.dry_run:
        raise InvalidInput("A dry run keeps no parts; it looks at the file as a whole.")
    if request.sync:
        raise InvalidInput(
            "--sync marks what the whole file lacks, and a part is not the whole. Load the file "
            "by parts first, then once more with --sync alone: rows that are stored are unchanged."
        )
    if request.multi == Parts.SPLIT:
        raise InvalidInput(
            "--multi split makes rows that the file does not count, so it cannot be loaded by "
            "parts. Leave --by-parts out."
        )


def _asked(settings: Settings, request: LoadRequest, network_id: UUID | None) -> str:
    values = {name: each for name, each in asdict(request).items() if name not in _NOT_ASKED}
    beside = [
        _sha256(each) for suffix in _SIDE_FILES
        if request.path.suffix.lower() == ".shp"
        and (each := request.path.with_suffix(suffix)).is_file()
    ]
    return sum_of(values, str(network_id), settings.max_vertices, program_sha256(), beside)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFile(f"{path.name} cannot be read: {error.strerror}.") from None

"""Files that were loaded by parts, told of as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Connection

from gis_service.model.jobs import LoadGroup, LoadRecord
from gis_service.model.reports import LoadRejected, LoadReport
from gis_service.services.fault_log import FaultLog
from gis_service.store.load_groups import find_group, parts_of, undone_among
from gis_service.store.loads import list_loads

UNDOES = "undoes"
"""What a group of loads that took another one back has learned: its id."""
_COUNTS = (
    "read", "inserted", "updated", "unchanged", "rejected", "set_aside", "decommissioned",
    "removed",
)


class PartRejected(LoadRejected):
    """Rows of a part are at fault; `report` is of it and of the parts before it, which are kept."""

    kept = True

    def __init__(self, report: LoadReport, group: LoadGroup, place: int, refused: int) -> None:
        super().__init__(report)
        begin, end = group.span(place)
        before = (
            "Nothing was loaded." if place == 1 else
            f"{_parts(place - 1)} of {group.parts:,} are kept, as load {group.id}."
        )
        self.args = (
            f"Part {place:,} of {group.parts:,} (rows {begin + 1:,} to {end:,} of the file) was "
            f"not loaded: {refused:,} of its rows are at fault. {before} Correct them, or load the "
            "others with --accept-partial: the same command goes on from there.",
        )


def part_note(group: LoadGroup, place: int) -> str:
    """What a part's own report tells of the whole."""
    begin, end = group.span(place)
    return (
        f"Part {place:,} of {group.parts:,} of the load {group.id}: rows {begin + 1:,} to {end:,} "
        "of the file."
    )


def whole_report(
    group: LoadGroup, reports: Sequence[LoadReport], *, notes: Iterable[str] = ()
) -> LoadReport:
    """
    One report of all parts, with the faults of all.

    Parameters
    ----------
    reports
        Of the parts, in their order; the first is there.
    notes
        What is to be told before what the parts tell.
    """
    own = {part_note(group, place) for place in range(1, len(reports) + 1)}
    said = dict.fromkeys(note for each in reports for note in each.notes if note not in own)
    faults = FaultLog()
    found = 0
    for each in reports:
        faults.add(each.faults)
        found += each.faults_found or len(each.faults)
    first = reports[0]
    return LoadReport(
        source=group.source,
        collection=group.collection,
        network=first.network,
        **{name: sum(getattr(each, name) for each in reports) for name in _COUNTS},
        faults=faults.settled(),
        faults_found=found if found > len(faults) else 0,
        crs=first.crs,
        unmapped=first.unmapped,
        undoes=undone_of(group),
        duration_s=sum(each.duration_s for each in reports),
        notes=(*notes, *said),
        load_id=str(group.id),
    )


def group_record(
    connection: Connection, group_id: UUID, *, faults: bool = True
) -> LoadRecord | None:
    """
    A file that was loaded by parts, as if it were one load; None where there is none.

    Parameters
    ----------
    faults
        Whether its report is to hold them.
    """
    group = find_group(connection, group_id)
    if group is None:
        return None
    parts = parts_of(connection, group_id, faults=faults)
    undone = len(undone_among(connection, [each.id for each in parts]))
    reports = [LoadReport.of_json(each.report) for each in parts]
    report = whole_report(group, reports, notes=_standing(group, len(parts), undone))
    return LoadRecord(
        group.id, group.collection, group.network_id, group.source, group.sha256,
        parts[-1].person_id, report.as_json(), parts[-1].loaded_at, group.id,
    )


def listed_loads(
    connection: Connection, *, collection: str | None = None, limit: int = 50
) -> list[LoadRecord]:
    """Loads, the newest first; the parts of one file as one, without its faults."""
    found = list_loads(connection, collection=collection, limit=limit)
    return [
        each if each.group_id is None
        else group_record(connection, each.group_id, faults=False) or each
        for each in found
    ]


def undone_of(group: LoadGroup) -> str:
    """The id of the load that a group of loads took back; empty where it loaded a file."""
    return str(group.learned.get(UNDOES, ""))


def _standing(group: LoadGroup, kept: int, undone: int) -> list[str]:
    if undone_of(group):
        return [f"Undone by parts, the last first: {kept:,} of {group.parts:,}."]
    told = [f"Loaded by parts of {group.part_rows:,} rows: {kept:,} of {group.parts:,} are kept."]
    if undone:
        told.append(f"Undone since: {undone:,} of them.")
    elif group.ended_at is None:
        told.append("The same command goes on with the others.")
    return told


def _parts(kept: int) -> str:
    return "Part 1" if kept == 1 else f"Parts 1 to {kept:,}"


def kept_already(group: LoadGroup, kept: int) -> str:
    """What is told when a file is gone on with."""
    verb = "is" if kept == 1 else "are"
    return (
        f"{_parts(kept)} of {group.parts:,} {verb} kept already, as load {group.id}; it goes on "
        f"with row {group.span(kept + 1)[0] + 1:,} of the file."
    )

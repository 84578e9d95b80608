"""Undoing a load, as long as nothing later touched what it changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.model.audience import Actor
from gis_service.model.jobs import LoadGroup
from gis_service.model.reports import LoadReport
from gis_service.services.load_groups import UNDOES, whole_report
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.load_groups import (
    end_group,
    find_group,
    keep_group,
    parts_of,
    undone_among,
)
from gis_service.store.loads import find_load, find_undoing, record_load
from gis_service.store.undo import MOST_NAMED, UndoneRows

Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class UndonePart:
    """A part of a file that is undone by parts."""

    group: LoadGroup
    place: int
    last: bool


def undo_group(database: Database, group_id: UUID, *, tell: Tell = lambda *_: None) -> LoadReport:
    """
    Bring back what stood before a file was loaded by parts, the last part first, each whole.

    Parameters
    ----------
    tell
        Called with the parts that were undone so far, and all that are to be.

    Raises
    ------
    NotFound
        There are no such parts.
    Conflict
        As for one load, of one of its parts; those behind it are undone.
    """
    with database.begin() as connection:
        group = find_group(connection, group_id)
        parts = parts_of(connection, group_id, faults=False)
        gone = undone_among(connection, [each.id for each in parts])
    left = [each for each in reversed(parts) if each.id not in gone]
    if group is None:
        raise NotFound(f"There is no load {group_id}. ./gis loads list shows the newest.")
    if not left:
        raise Conflict(f"The load {group_id} was undone already.")
    spans = [group.span(each.place or 1) for each in left]
    undoing = replace(
        group, id=uuid4(), source=f"Undo of {group.source}", asked="", ended_at=None,
        rows=sum(end - begin for begin, end in spans), learned={UNDOES: str(group_id)},
    )
    reports: list[LoadReport] = []
    for place, each in enumerate(left, 1):
        try:
            reports.append(undo_load(
                database, each.id, part=UndonePart(undoing, place, last=place == len(left))
            ))
        except Conflict as error:
            raise Conflict(
                f"Part {each.place or 1:,} of {group.parts:,}: {error} "
                f"Parts behind it that were undone: {place - 1:,}."
            ) from None
        tell(place, len(left))
    return whole_report(undoing, reports)


def undo_load(
    database: Database,
    load_id: UUID,
    *,
    person_id: str | None = None,
    part: UndonePart | None = None,
) -> LoadReport:
    """
    Bring back what stood before a load, in one transaction, as a load of its own.

    Parameters
    ----------
    part
        Where all parts of a file are undone.

    Raises
    ------
    NotFound
        There is no such load.
    Conflict
        Something later touched its items or leans on them, or it was undone
        already; nothing was changed.
    InvalidInput
        It added to a collection whose items are never removed.
    """
    undo_id = uuid4()
    with database.begin() as connection, interruptible(connection):
        load = find_load(connection, load_id)
        if load is None:
            raise NotFound(f"There is no load {load_id}. ./gis loads list shows the newest.")
        undoing = find_undoing(connection, load_id)
        if undoing is not None:
            raise Conflict(f"The load {load_id} was undone already, by the load {undoing}.")
        set_actor(connection, Actor(person_id, str(undo_id)))
        rows = UndoneRows(connection, str(load_id))
        _refuse(rows)
        undone = rows.put_back()
        report = LoadReport(
            source=f"Undo of {load.source}",
            collection=load.collection,
            network=load.report.get("network"),
            read=undone.removed + undone.restored + undone.added,
            inserted=undone.added,
            updated=undone.restored,
            removed=undone.removed,
            undoes=str(load_id),
            load_id=str(undo_id),
        )
        if part is not None and part.place == 1:
            keep_group(connection, part.group)
        record_load(
            connection,
            undo_id,
            collection=load.collection,
            network_id=load.network_id,
            source=report.source,
            sha256=load.sha256,
            person_id=UUID(person_id) if person_id else None,
            report=report.as_json(),
            group_id=part.group.id if part is not None else None,
            place=part.place if part is not None else None,
        )
        if part is not None and part.last:
            end_group(connection, part.group.id)
    return report


def _refuse(rows: UndoneRows) -> None:
    """Raise for what stands in the way."""
    for collection in rows.collections:
        of = collection.title.en.lower()
        if collection.append_only:
            raise InvalidInput(
                f"The load added to {of}, which are only added to, so it cannot be undone."
            )
        later = rows.later(collection)
        if later:
            raise Conflict(
                f"Something changed {of} of this load after it: {_listed(later)}. Nothing was "
                f"undone. ./gis history {collection.id} {later[0]} tells what."
            )
    for collection in rows.collections:
        for other, keys in rows.leaning(collection):
            raise Conflict(
                f"{other.title.en} name {collection.title.en.lower()} that the load added: "
                f"{_listed(keys)}. Undo what came later first; nothing was undone."
            )


def _listed(keys: list[str]) -> str:
    return ", ".join(keys[:MOST_NAMED]) + (" ..." if len(keys) > MOST_NAMED else "")

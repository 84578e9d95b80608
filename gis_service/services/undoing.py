"""Undoing a load, as long as nothing later touched what it changed."""

from __future__ import annotations

from uuid import UUID, uuid4

from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.model.audience import Actor
from gis_service.model.reports import LoadReport
from gis_service.store.actor import set_actor
from gis_service.store.database import Database
from gis_service.store.interruption import interruptible
from gis_service.store.loads import find_load, find_undoing, record_load
from gis_service.store.undo import MOST_NAMED, UndoneRows


def undo_load(database: Database, load_id: UUID, *, person_id: str | None = None) -> LoadReport:
    """
    Bring back what stood before a load, in one transaction, as a load of its own.

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
        record_load(
            connection,
            undo_id,
            collection=load.collection,
            network_id=load.network_id,
            source=report.source,
            sha256=load.sha256,
            person_id=UUID(person_id) if person_id else None,
            report=report.as_json(),
        )
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

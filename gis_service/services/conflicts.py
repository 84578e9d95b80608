"""Conflicts between what the field says and what stands: shown side by side, settled once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from gis_service.errors import Conflict, InvalidInput, NotFound
from gis_service.model.audience import Principal
from gis_service.model.collections import REGISTRY
from gis_service.model.edits import Condition
from gis_service.model.field_operations import Outcome
from gis_service.model.fields import Collection
from gis_service.model.history import ItemHistory
from gis_service.services.editing import Editing, allow
from gis_service.services.field_edits import change
from gis_service.services.records import Records
from gis_service.store import field_operations as statements
from gis_service.store.items import item_statement
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

STANDS, WANTED, OTHER = "stands", "wanted", "other"
"""What can be taken of a field: what stands, what the field says, or something else."""


@dataclass(frozen=True, slots=True)
class Side:
    """A value, who gave it and when."""

    value: Any
    person: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """
    A field on which two people disagree.

    Parameters
    ----------
    name
        A field of the collection, or `geometry`.
    base
        What the phone showed when it was changed there.
    """

    name: str
    base: Any
    stands: Side
    wanted: Side


@dataclass(frozen=True, slots=True)
class OpenConflict:
    """
    A conflict that nobody has settled.

    Parameters
    ----------
    item
        The item as it is now, a GeoJSON Feature; None when it was deleted.
    """

    id: UUID
    collection: Collection
    item_id: UUID
    item: Mapping[str, Any] | None
    device: str
    received_at: datetime
    fields: tuple[Disagreement, ...]

    @property
    def version(self) -> int | None:
        return None if self.item is None else int(self.item["properties"]["version"])


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of a field; `value` where it is something else."""

    take: str
    value: Any = None


class Conflicts:
    """What planners see of conflicts, and how they settle them."""

    def __init__(self, reader: Reader, editing: Editing, records: Records) -> None:
        self._reader = reader
        self._editing = editing
        self._records = records

    async def open_ones(self, principal: Principal) -> list[OpenConflict]:
        """The conflicts to be settled, the oldest first."""
        rows = await self._reader.rows(
            statements.open_conflicts(), Login.of(principal.audience)
        )
        return [await self._opened(row, principal) for row in rows]

    async def settle(
        self,
        principal: Principal,
        id_: UUID,
        choices: Mapping[str, Choice],
        *,
        version: int | None,
        request_id: str,
    ) -> None:
        """
        Write what was chosen, and close the conflict.

        Parameters
        ----------
        version
            Of the item as it was shown to who chooses; None asks for no certain one.

        Raises
        ------
        NotFound
            There is no such conflict, or its item was deleted.
        InvalidInput, EditRejected
            A field has no choice, or a value that cannot stand.
        Conflict
            It was settled already.
        PreconditionFailed
            The item was changed since it was shown.
        """

        def work(connection: Connection) -> None:
            row = connection.execute(statements.locked_conflict(id_)).mappings().one_or_none()
            if row is None:
                raise NotFound(f"There is no conflict {id_}.")
            if row["settled_at"] is not None:
                raise Conflict("Somebody has settled this conflict already; nothing was changed.")
            collection = REGISTRY[row["collection"]]
            given = _given(row["fields"], choices)
            edit = change(collection, row["item_id"], given)
            allow(edit.operation, collection, principal)
            if given:
                versions = None if version is None else frozenset({version})
                edit = change(
                    collection, row["item_id"], given, condition=Condition(versions=versions)
                )
                transaction = self._editing.opened(connection, principal, [edit])
                transaction.make(edit)
                transaction.finish()
            person = None if principal.person_id is None else UUID(principal.person_id)
            settlement = {
                name: {"take": each.take} | ({"value": each.value} if each.take == OTHER else {})
                for name, each in choices.items()
            }
            connection.execute(statements.settled(id_, person, settlement))
            operation = connection.execute(
                statements.kept([row["operation_id"]], for_update=True)
            ).mappings().one()
            taken = [name for name, each in choices.items() if each.take == WANTED]
            reason = "settled_taken" if len(taken) == len(choices) else "settled"
            answer = dict(operation["answer"] or {}) | {"reasons": [[reason, ""]]}
            connection.execute(statements.answered(operation["id"], Outcome.MERGED, answer))

        await self._editing.transact(work, principal, request_id=request_id)

    async def _opened(self, row: Any, principal: Principal) -> OpenConflict:
        collection = REGISTRY[row["collection"]]
        login = Login.of(principal.audience)
        found = await self._reader.row(
            item_statement(collection, row["item_id"], principal.audience), login
        )
        item = None if found is None else orjson.loads(found["feature"])
        past = None
        if item is not None:
            past = await self._records.versions(collection, row["item_id"], principal)
        person = None if row["person_id"] is None else str(row["person_id"])
        names = {} if past is None else {
            str(each.person_id): each.person for each in past.versions if each.person
        }
        fields = []
        for name, each in orjson.loads(row["fields"]).items():
            now = each["now"]
            if item is not None:
                now = item["geometry"] if name == "geometry" else item["properties"].get(name)
            fields.append(Disagreement(
                name, each["base"], _stands(name, now, past),
                Side(each["wanted"], names.get(person or "") or person, row["made_at"]),
            ))
        return OpenConflict(
            row["id"], collection, row["item_id"], item, row["device"], row["received_at"],
            tuple(fields),
        )


def _given(fields: Mapping[str, Any], choices: Mapping[str, Choice]) -> dict[str, Any]:
    """The values to be written, by field."""
    missing = sorted(set(fields) - set(choices))
    unknown = sorted(set(choices) - set(fields))
    if missing or unknown:
        raise InvalidInput(f"Choose a value of each field: {', '.join(missing or unknown)[:200]}.")
    given = {}
    for name, choice in choices.items():
        if choice.take == WANTED:
            given[name] = fields[name]["wanted"]
        elif choice.take == OTHER:
            given[name] = choice.value
        elif choice.take != STANDS:
            raise InvalidInput(f"Take what stands, what is wanted, or another value of {name}.")
    return given


def _stands(name: str, value: Any, past: ItemHistory | None) -> Side:
    """What stands, by whom and when it came to be so, as far as history tells."""
    for version in reversed(() if past is None else past.versions):
        by_shape = name == "geometry" and version.shape is not None
        if by_shape or any(change.field == name for change in version.changes):
            person = version.person or (str(version.person_id) if version.person_id else None)
            return Side(value, person, version.at)
    return Side(value, None, None)

"""
Taking a load back: what it made, changed and removed, as history knows it.

A load's changes carry its id. What it touched goes into a temporary table, with
the version that stood before; from there everything is put back set-wise, in
the caller's transaction. Nothing is taken back that something else has changed
since, or that other items lean on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.types import Uuid

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection, FieldType
from gis_service.store.history import OWN, history_table
from gis_service.store.tables import table

MOST_NAMED = 10
"""Items that stand in the way, named."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Items by what became of them."""

    removed: int = 0
    restored: int = 0
    added: int = 0


class UndoneRows:
    """
    What a load touched, in a temporary table.

    Parameters
    ----------
    request_id
        Of the load, as history keeps it.
    """

    def __init__(self, connection: Connection, request_id: str) -> None:
        self._connection = connection
        self._request_id = request_id
        self._rows = Table(
            "undone_rows", MetaData(),
            Column("collection", Text, nullable=False),
            Column("id", Uuid(as_uuid=True), nullable=False),
            Column("first", BigInteger, nullable=False),
            Column("before", BigInteger),
            prefixes=["TEMPORARY"], postgresql_on_commit="DROP",
        )
        self._rows.create(connection)
        self.collections = [c for c in REGISTRY.values() if self._gather(c)]
        connection.execute(text("ANALYZE undone_rows"))

    def later(self, collection: Collection) -> list[str]:
        """Keys of items that something else changed since; they are held from now on."""
        kept, mine, stored = history_table(collection), self._of(collection), table(collection)
        self._connection.execute(
            select(stored.c.id).where(stored.c.id.in_(select(mine.c.id))).with_for_update()
        )
        since = select(kept.c[collection.key]).join(mine, mine.c.id == kept.c.id).where(
            kept.c.seq > mine.c.first, kept.c.request_id.is_distinct_from(self._request_id)
        )
        return self._named(since.distinct().order_by(kept.c[collection.key]))

    def leaning(self, collection: Collection) -> Iterator[tuple[Collection, list[str]]]:
        """Items of other kinds that name what would be removed, by their collection."""
        gone = self._gone(collection)
        each = gone.subquery("gone")
        for other in REGISTRY.values():
            stored = table(other)
            naming = [
                stored.c[field.name].in_(gone)
                if field.type is FieldType.REFERENCE
                else exists().where(each.c.id == func.any(stored.c[field.name]))
                for field in other.fields
                if field.references == collection.id
            ]
            if collection is NETWORKS and other.networked:
                naming.append(stored.c.network_id.in_(gone))
            for condition in naming:
                key = stored.c[other.key]
                found = self._named(
                    select(key)
                    .where(condition, stored.c.id.not_in(self._gone(other)))
                    .order_by(key)
                )
                if found:
                    yield other, found

    def put_back(self) -> Undone:
        """Bring back what stood before the load."""
        removed = restored = added = 0
        for collection in self.collections:
            restored += self._restore(collection)
            added += self._add(collection)
        for collection in reversed(self.collections):
            stored = table(collection)
            gone = delete(stored).where(stored.c.id.in_(self._gone(collection)))
            removed += self._connection.execute(gone).rowcount
        return Undone(removed, restored, added)

    def _gather(self, collection: Collection) -> bool:
        kept = history_table(collection)
        mine = (
            select(kept.c.id, func.min(kept.c.seq).label("first"))
            .where(kept.c.request_id == self._request_id)
            .group_by(kept.c.id)
            .subquery("mine")
        )
        before = (
            select(func.max(kept.c.seq))
            .where(kept.c.id == mine.c.id, kept.c.seq < mine.c.first)
            .scalar_subquery()
        )
        touched = select(literal(collection.id), mine.c.id, mine.c.first, before)
        names = ["collection", "id", "first", "before"]
        return self._connection.execute(
            insert(self._rows).from_select(names, touched)
        ).rowcount > 0

    def _of(self, collection: Collection) -> Any:
        rows = self._rows
        return select(rows).where(rows.c.collection == collection.id).subquery("mine")

    def _named(self, statement: Select[Any]) -> list[str]:
        return [str(each) for each in self._connection.scalars(statement.limit(MOST_NAMED + 1))]

    def _gone(self, collection: Collection) -> Select[Any]:
        """Ids of items that were not there before the load."""
        kept, mine = history_table(collection), self._of(collection)
        there = exists().where(
            kept.c.id == mine.c.id, kept.c.seq == mine.c.before, kept.c.operation != "delete"
        )
        return select(mine.c.id).where(~there)

    def _before(self, collection: Collection) -> Select[Any]:
        """Each item as it stood before the load."""
        kept, mine = history_table(collection), self._of(collection)
        return (
            select(*(c for c in kept.c if c.name not in OWN))
            .join(mine, and_(mine.c.id == kept.c.id, mine.c.before == kept.c.seq))
            .where(kept.c.operation != "delete")
        )

    def _columns(self, collection: Collection) -> list[str]:
        stored = table(collection)
        kept = history_table(collection)
        return [
            c.name for c in stored.c
            if c.computed is None and c.name in kept.c and c.name not in {"version", "updated_at"}
        ]

    def _restore(self, collection: Collection) -> int:
        stored, before = table(collection), self._before(collection).subquery("before")
        values: dict[str, Any] = {name: before.c[name] for name in self._columns(collection)}
        values |= {"version": stored.c.version + 1, "updated_at": func.now()}
        del values["id"]
        return self._connection.execute(
            update(stored).values(values).where(stored.c.id == before.c.id)
        ).rowcount

    def _add(self, collection: Collection) -> int:
        stored, before = table(collection), self._before(collection).subquery("before")
        names = self._columns(collection)
        missing = ~exists().where(stored.c.id == before.c.id)
        chosen = select(*(before.c[n] for n in names), before.c.version + 1).where(missing)
        return self._connection.execute(
            insert(stored).from_select([*names, "version"], chosen)
        ).rowcount

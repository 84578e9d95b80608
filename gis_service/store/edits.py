"""Statements that change items, and what PostgreSQL's refusals mean."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
from geoalchemy2 import Geometry
from geoalchemy2.shape import from_shape
from psycopg2 import errors as pg
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Insert,
    Select,
    Text,
    Update,
    cast,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError

from gis_service.errors import Conflict, GisError, InvalidInput, NotAllowed, Unavailable
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.edits import EditRejected
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.reports import RowFault
from gis_service.store.history import history_table
from gis_service.store.ofds import is_read_only
from gis_service.store.tables import SRID, table

LOCK_WAIT_S = 5


class TryAgain(Exception):
    """Two transactions waited for each other; this one was given up and may be repeated."""


def limit(connection: Connection, *, statement_timeout_s: float) -> None:
    """Let no edit wait or work for long, and have times read in UTC, until its end."""
    values = {
        "statement_timeout": f"{int(statement_timeout_s * 1000)}ms",
        "lock_timeout": f"{LOCK_WAIT_S}s",
        "idle_in_transaction_session_timeout": f"{int(statement_timeout_s * 1000)}ms",
        "timezone": "UTC",
    }
    connection.execute(
        select(*(func.set_config(name, value, True) for name, value in values.items()))
    )


def locked(collection: Collection, id_: UUID) -> Select[Any]:
    """`version`, `updated_at`, `network_id` and key of an item, which stays as it is until then."""
    stored = table(collection)
    columns = [stored.c.version, stored.c.updated_at, stored.c[collection.key].label("key")]
    if collection.networked:
        columns.append(stored.c.network_id)
    return select(*columns).where(stored.c.id == id_).with_for_update()


def last_version(collection: Collection, id_: UUID) -> Select[Any]:
    """The highest version that an item of this id ever had; NULL when there was none."""
    kept = history_table(collection)
    return select(func.max(kept.c.version)).where(kept.c.id == id_)


def storable(collection: Collection, name: str, value: Any) -> Any:
    """A validated value as its column takes it: a shape, or the text of a JSON object."""
    if name == "geom":
        return None if value is None else from_shape(value, srid=SRID)
    field = collection.by_name.get(name)
    if field is not None and field.type is FieldType.OBJECT:
        return null() if value is None else orjson.loads(value)
    return value


def insertion(collection: Collection, values: Mapping[str, Any]) -> Insert:
    """A new item."""
    return insert(table(collection)).values(dict(values))


def change(collection: Collection, id_: UUID, values: Mapping[str, Any]) -> Update:
    """New values of an item; no row is touched when it has them already."""
    stored = table(collection)
    now = [stored.c[name] for name in values]
    then = [_typed(value, stored.c[name]) for name, value in values.items()]
    return (
        update(stored)
        .values(dict(values) | {"version": stored.c.version + 1, "updated_at": func.now()})
        .where(stored.c.id == id_, tuple_(*now).is_distinct_from(tuple_(*then)))
    )


def _typed(value: Any, column: Column[Any]) -> ColumnElement[Any]:
    """A geometry knows its type by the function that reads it; the others are told."""
    return (type_coerce if isinstance(column.type, Geometry) else cast)(value, column.type)


def deletion(collection: Collection, id_: UUID) -> Delete:
    """An item no more."""
    stored = table(collection)
    return delete(stored).where(stored.c.id == id_)


def networks() -> Select[Any]:
    """Every network with its extent, and whether it is only read here."""
    stored = table(NETWORKS)
    return select(
        stored.c.id, stored.c.external_id, stored.c.extent, is_read_only(stored.c.extra)
    ).order_by(stored.c.external_id)


def named(field: Field, names: Sequence[str], network: UUID | None) -> Select[Any]:
    """
    `id` and `key` of the items that a reference may mean by their id or key.

    Where ids stand in a list no foreign key watches them, so they are held
    until the end.
    """
    collection = REGISTRY[field.references or ""]
    stored = table(collection)
    found = select(stored.c.id, stored.c[collection.key].label("key")).where(
        or_(cast(stored.c.id, Text).in_(names), stored.c[collection.key].in_(names))
    )
    if collection.networked and network is not None:
        found = found.where(stored.c.network_id == network)
    if field.type is FieldType.REFERENCES:
        found = found.with_for_update(read=True, key_share=True)
    return found


def naming(collection: Collection, ids: Several[UUID]) -> Iterator[tuple[Collection, Select[Any]]]:
    """For each collection that may name these items: how many of its items do."""
    for other in REGISTRY.values():
        stored = table(other)
        conditions = []
        for field in other.fields:
            if field.references != collection.id:
                continue
            column = stored.c[field.name]
            listed = field.type is FieldType.REFERENCES
            some = cast(list(ids), column.type) if listed else ids
            conditions.append(column.op("&&")(some) if listed else column.in_(some))
        if other.networked and collection is NETWORKS:
            conditions.append(stored.c.network_id.in_(ids))
        if conditions:
            yield other, select(func.count()).select_from(stored).where(or_(*conditions))


def present(collection: Collection, ids: Several[UUID]) -> Select[Any]:
    """Those ids of which there is an item."""
    stored = table(collection)
    return select(stored.c.id).where(stored.c.id.in_(ids))


@contextmanager
def refusals() -> Iterator[None]:
    """
    Turn what PostgreSQL refuses into errors of ours; its own words are not told.

    Raises
    ------
    EditRejected, Conflict, NotAllowed, InvalidInput, Unavailable
        By what was refused.
    TryAgain
        Two transactions waited for each other.
    """
    try:
        yield
    except DBAPIError as error:
        raise _meaning(error) from error


def must_wait(error: GisError) -> bool:
    """Whether it was only somebody else's lock that was in the way."""
    refused = getattr(error.__cause__, "orig", None)
    return isinstance(refused, pg.LockNotAvailable)


def _meaning(error: DBAPIError) -> GisError | TryAgain:  # noqa: PLR0911, PLR0912 - one for each kind
    refused = error.orig
    diagnosis = getattr(refused, "diag", None)
    where = getattr(diagnosis, "table_name", None) or ""
    rule = getattr(diagnosis, "constraint_name", None) or ""
    match refused:
        case pg.DeadlockDetected() | pg.SerializationFailure():
            return TryAgain()
        case pg.LockNotAvailable():
            return Conflict(
                "Another change holds what this one needs. Try again in a moment; "
                "nothing was changed."
            )
        case pg.UniqueViolation():
            return _taken(where, rule)
        case pg.ForeignKeyViolation():
            return Conflict(
                f"An item that {where or 'another one'} names is no longer there, or is still "
                "named. Load what is there now and try again; nothing was changed."
            )
        case pg.NotNullViolation():
            column = str(getattr(diagnosis, "column_name", "") or "")
            return _fault(column, "required", "A value is needed.")
        case pg.CheckViolation() if rule == "networks_fixed":
            return _fault("", "read-only", "Extent and metric SRID of a network are fixed.")
        case pg.CheckViolation() if rule == f"{where}_geom_check":
            return _fault("geometry", "invalid-polygon", "The polygon is not valid.")
        case pg.CheckViolation():
            column = rule.removeprefix(f"{where}_").removesuffix("_check")
            return _fault(column, "out-of-range", "The value is not allowed here.")
        case pg.InsufficientPrivilege():
            return NotAllowed("Your role may not do that; nothing was changed.")
        case pg.DataError():
            return InvalidInput("A value is outside what can be stored; nothing was changed.")
        case pg.QueryCanceled():
            return Unavailable("The change took too long; nothing was changed.")
        case pg.OperationalError() | pg.InterfaceError():
            return Unavailable("The database does not answer at the moment.")
        case pg.DatabaseError() if type(refused) is pg.DatabaseError:
            # What psycopg2 makes of a connection that breaks while libpq reads an answer.
            return Unavailable("The database does not answer at the moment.")
        case _:
            raise error


def _taken(where: str, rule: str) -> Conflict:
    if rule == f"{where}_pkey":
        return Conflict(f"There is an item with this id in {where} already. Nothing was changed.")
    key = REGISTRY[where].key if where in REGISTRY else "identifier"
    return Conflict(f"Another item of {where} has this {key} already. Nothing was changed.")


def _fault(column: str, rule: str, message: str) -> EditRejected:
    return EditRejected([RowFault(1, column, rule, "", message)])

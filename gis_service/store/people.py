"""Statements about people: who they are, and what refers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Insert,
    Select,
    Table,
    Update,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.sql import CompoundSelect

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType
from gis_service.store.acts import ACTS
from gis_service.store.history import history_table
from gis_service.store.internal import API_KEYS, METADATA_INTERNAL, OPERATIONS, PEOPLE
from gis_service.store.keys import LIVE
from gis_service.store.tables import has_column, table


def records() -> Select[Any]:
    """Every person, with how many live keys they have."""
    live = (
        select(func.count())
        .where(API_KEYS.c.person_id == PEOPLE.c.id, LIVE)
        .scalar_subquery()
        .label("live_keys")
    )
    return select(*PEOPLE.c, live).order_by(PEOPLE.c.created_at, PEOPLE.c.id)


def by_name(name: str) -> Select[Any]:
    """The person of a name, whatever its case; the oldest when there are several."""
    return (
        select(PEOPLE.c.id)
        .where(func.lower(PEOPLE.c.name) == func.lower(name))
        .order_by(PEOPLE.c.created_at, PEOPLE.c.id)
        .limit(1)
    )


def new_person(name: str, contact: str | None) -> Insert:
    return insert(PEOPLE).values(name=name, contact=contact).returning(PEOPLE.c.id)


def change(id_: UUID, **values: str | None) -> Update:
    """Write another `name` or `contact`; who was erased stays so."""
    return update(PEOPLE).where(PEOPLE.c.id == id_, PEOPLE.c.erased_at.is_(None)).values(values)


def erase(id_: UUID) -> Update:
    """Take away what names a person; the id stays."""
    return (
        update(PEOPLE)
        .where(PEOPLE.c.id == id_)
        .values(name=None, contact=None, erased_at=func.coalesce(PEOPLE.c.erased_at, func.now()))
    )


def erase_clients(person_id: UUID, instead: str) -> Update:
    """Take away the names of a person's devices: they tend to name the person."""
    return update(API_KEYS).where(API_KEYS.c.person_id == person_id).values(client=instead)


def erase_devices(person_id: UUID, instead: str) -> Update:
    """Take away what a person called the devices that sent field operations."""
    return update(OPERATIONS).where(OPERATIONS.c.person_id == person_id).values(device=instead)


def mentions(id_: UUID) -> CompoundSelect[Any]:
    """How many rows of each table (`schema`, `table`) carry a person's id."""
    columns: dict[Table, list[str]] = {}
    for stored, column in carriers():
        columns.setdefault(stored, []).append(column)
    return union_all(
        *(
            select(
                literal(stored.schema).label("schema"), literal(stored.name).label("table"),
                func.count().label("rows"),
            )
            .select_from(stored)
            .where(or_(*(stored.c[name] == id_ for name in names)))
            for stored, names in columns.items()
        )
    )


def carriers() -> Iterator[tuple[Table, str]]:
    """Every table with the columns of it that hold people's ids."""
    for collection in REGISTRY.values():
        yield history_table(collection), "person_id"
        for field in collection.fields:
            if field.type is FieldType.PERSON and has_column(field):
                yield table(collection), field.name
    for name in ("person_id", "subject_id"):
        yield ACTS, name
    for each in METADATA_INTERNAL.sorted_tables:
        for name in ("person_id", "settled_by"):
            if name in each.c:
                yield each, name

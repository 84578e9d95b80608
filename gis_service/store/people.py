"""Statements about people: who they are, and what refers to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Insert,
    Select,
    Update,
    func,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.sql import CompoundSelect

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import FieldType
from gis_service.store.history import history_table
from gis_service.store.internal import API_KEYS, METADATA_INTERNAL, PEOPLE
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


def change_contact(id_: UUID, contact: str) -> Update:
    return update(PEOPLE).where(PEOPLE.c.id == id_).values(contact=contact)


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


def mentions(id_: UUID) -> CompoundSelect[Any]:
    """How many rows of each table carry a person's id."""
    return union_all(
        *(
            select(literal(place).label("place"), func.count().label("rows")).where(column == id_)
            for place, column in _carriers()
        )
    )


def _carriers() -> Iterator[tuple[str, Column[Any]]]:
    for collection in REGISTRY.values():
        yield f"history of {collection.id}", history_table(collection).c.person_id
        for field in collection.fields:
            if field.type is FieldType.PERSON and has_column(field):
                yield f"{collection.id}, {field.name}", table(collection).c[field.name]
    for each in METADATA_INTERNAL.sorted_tables:
        for name in ("person_id", "settled_by"):
            if name in each.c:
                yield each.name, each.c[name]

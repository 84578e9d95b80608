"""What a proposal made, what became of it since, and what names it."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Subquery, and_, func, select, union_all

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS, PHASES
from gis_service.model.fields import Collection, FieldType
from gis_service.store.history import history_table
from gis_service.store.reading import Moment
from gis_service.store.tables import table


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase that stands."""

    id: UUID
    external_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Made:
    """An item that was made together with a phase; `untouched` since then."""

    id: UUID
    version: int
    untouched: bool


async def read_phase(moment: Moment, id_: UUID) -> Phase | None:
    """A phase, if it stands."""
    phases = table(PHASES)
    rows = await moment.rows(
        select(phases.c.id, phases.c.external_id, phases.c.name).where(phases.c.id == id_)
    )
    return Phase(rows[0]["id"], rows[0]["external_id"], rows[0]["name"]) if rows else None


async def read_networks(moment: Moment) -> dict[UUID, str]:
    """The identifier of every network."""
    networks = table(NETWORKS)
    rows = await moment.rows(
        select(networks.c.id, networks.c.external_id).order_by(networks.c.external_id)
    )
    return {row["id"]: row["external_id"] for row in rows}


async def read_made(moment: Moment, collection: Collection, phase: UUID) -> list[Made]:
    """Items of a collection that the transaction which made a phase made too, and that stand."""
    rows = await moment.rows(_made(collection, phase))
    return [Made(row["id"], row["version"], row["untouched"]) for row in rows]


async def read_named(
    moment: Moment,
    collection: Collection,
    ids: Several[UUID],
    besides: Mapping[str, Several[UUID]],
) -> set[UUID]:
    """
    Those of the items that others name.

    Parameters
    ----------
    besides
        Items, by collection, whose naming does not count.
    """
    parts = [
        _naming(other, field.name, ids, besides.get(other.id, ()), field.type)
        for other in REGISTRY.values()
        for field in other.fields
        if field.references == collection.id
    ]
    return {row["id"] for row in await moment.rows(union_all(*parts))}


def _birth(phase: UUID) -> Subquery:
    """The transaction that made a phase, the last time that it was made."""
    kept = history_table(PHASES)
    return (
        select(kept.c.transaction_id, kept.c.began_at)
        .where(kept.c.id == phase, kept.c.operation == "insert")
        .order_by(kept.c.seq.desc())
        .limit(1)
        .subquery("birth")
    )


def _made(collection: Collection, phase: UUID) -> Select[Any]:
    kept, stored, birth = history_table(collection), table(collection), _birth(phase)
    then = and_(
        kept.c.transaction_id == birth.c.transaction_id, kept.c.began_at == birth.c.began_at
    )
    made = (
        select(kept.c.id, func.max(kept.c.seq).label("seq"))
        .join(birth, then)
        .group_by(kept.c.id)
        .subquery("made")
    )
    later = (
        select(kept.c.seq)
        .where(kept.c.id == made.c.id, kept.c.seq > made.c.seq)
        .correlate(made)
        .exists()
    )
    return (
        select(stored.c.id, stored.c.version, (~later).label("untouched"))
        .join(made, made.c.id == stored.c.id)
        .order_by(stored.c.id)
    )


def _naming(
    other: Collection, name: str, ids: Several[UUID], besides: Several[UUID], type_: FieldType
) -> Select[Any]:
    stored = table(other)
    column = stored.c[name]
    named = func.unnest(column) if type_ is FieldType.REFERENCES else column
    naming = select(named.label("id"), stored.c.id.label("by")).subquery()
    return select(naming.c.id).where(naming.c.id.in_(ids), naming.c.by.not_in(besides))

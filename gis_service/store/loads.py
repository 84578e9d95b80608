"""The loads that were committed, each with its report."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, Text, cast, exists, insert, select

from gis_service.model.jobs import Json, LoadRecord
from gis_service.model.uploads import DoneLoad
from gis_service.store.internal import LOADS
from gis_service.store.plain import storable


def record_load(
    connection: Connection,
    load_id: UUID,
    *,
    collection: str,
    network_id: UUID | None,
    source: str,
    sha256: str,
    person_id: UUID | None,
    report: Json,
    outset: str | None = None,
    group_id: UUID | None = None,
    place: int | None = None,
) -> None:
    """
    Keep a load's report, in the transaction that keeps its rows.

    Parameters
    ----------
    outset
        What the same load would begin with, if its outcome is known from this one.
    group_id, place
        Of a part of a file that is loaded by parts.
    """
    connection.execute(
        insert(LOADS).values(
            id=load_id,
            collection=collection,
            network_id=network_id,
            source=storable(source),
            sha256=sha256,
            person_id=person_id,
            report=storable(report),
            outset=outset,
            group_id=group_id,
            place=place,
        )
    )


def find_load(connection: Connection, load_id: UUID) -> LoadRecord | None:
    """One load."""
    row = connection.execute(_records().where(LOADS.c.id == load_id)).first()
    return None if row is None else _record(row)


def find_alike(connection: Connection, outset: str) -> LoadRecord | None:
    """The newest load after which the same one would begin with this."""
    newest = _records().where(LOADS.c.outset == outset).order_by(LOADS.c.loaded_at.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else _record(row)


def find_undoing(connection: Connection, load_id: UUID) -> UUID | None:
    """The load that undid another one."""
    undoes = LOADS.c.report["undoes"].astext
    found: UUID | None = connection.scalar(select(LOADS.c.id).where(undoes == str(load_id)))
    return found


def list_loads(
    connection: Connection, *, collection: str | None = None, limit: int = 50
) -> list[LoadRecord]:
    """
    Loads, the newest first; of a file that was loaded by parts the newest part.

    Parameters
    ----------
    limit
        So many at most, those parts together counted as one.
    """
    newer = LOADS.alias("newer")
    later = exists().where(
        newer.c.group_id == LOADS.c.group_id, newer.c.place > LOADS.c.place
    )
    statement = (
        _records().where(~later).order_by(LOADS.c.loaded_at.desc(), LOADS.c.id).limit(limit)
    )
    if collection is not None:
        statement = statement.where(LOADS.c.collection == collection)
    return [_record(row) for row in connection.execute(statement)]


def done_loads(*, limit: int, id_: UUID | None = None) -> Select[Any]:
    """Loads and whether each was undone, the newest first and without faults; or one in full."""
    other = LOADS.alias("other")
    undone = exists(
        select(other.c.id).where(other.c.report["undoes"].astext == cast(LOADS.c.id, Text))
    )
    report = LOADS.c.report if id_ else LOADS.c.report.op("-")("faults")
    names = ("id", "collection", "source", "sha256", "person_id", "loaded_at")
    statement = (
        select(*(LOADS.c[name] for name in names), report.label("report"), undone.label("undone"))
        .order_by(LOADS.c.loaded_at.desc(), LOADS.c.id)
        .limit(limit)
    )
    return statement if id_ is None else statement.where(LOADS.c.id == id_)


def done_load(row: Any) -> DoneLoad:
    """A load from its row, whichever driver brought it."""
    values = dict(row)
    if isinstance(values["report"], str):  # asyncpg gives jsonb as text
        values["report"] = json.loads(values["report"])
    return DoneLoad(**values)


def _records() -> Select[Any]:
    return select(*(LOADS.c[each.name] for each in fields(LoadRecord)))


def _record(row: Any) -> LoadRecord:
    return LoadRecord(**row._mapping)

"""Files that are loaded by parts: which parts were kept, and what holds them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from psycopg2.errors import LockNotAvailable
from sqlalchemy import Connection, Select, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import OperationalError

from gis_service.errors import Conflict
from gis_service.model.jobs import LoadGroup, LoadRecord
from gis_service.store.internal import LOAD_GROUPS, LOADS
from gis_service.store.plain import storable
from gis_service.store.staging import LOCK_WAIT_S

_NO_FAULTS = literal({"faults": []}, JSONB)


def keep_group(connection: Connection, group: LoadGroup) -> None:
    """Note the beginning of a file, in the transaction that keeps its first part."""
    values = {each.name: getattr(group, each.name) for each in fields(group)}
    del values["began_at"]
    connection.execute(
        insert(LOAD_GROUPS).values(
            {**values, "source": storable(group.source), "learned": storable(group.learned)}
        )
    )


def find_group(connection: Connection, group_id: UUID) -> LoadGroup | None:
    """What holds some parts together."""
    row = connection.execute(_groups().where(LOAD_GROUPS.c.id == group_id)).first()
    return None if row is None else LoadGroup(**row._mapping)


def unfinished_group(
    connection: Connection, collection: str, network_id: UUID | None, source: str
) -> LoadGroup | None:
    """The newest file of that name of which parts are missing."""
    row = connection.execute(
        _groups()
        .where(
            LOAD_GROUPS.c.collection == collection,
            LOAD_GROUPS.c.network_id.is_not_distinct_from(network_id),
            LOAD_GROUPS.c.source == storable(source),
            LOAD_GROUPS.c.ended_at.is_(None),
        )
        .order_by(LOAD_GROUPS.c.began_at.desc())
        .limit(1)
    ).first()
    return None if row is None else LoadGroup(**row._mapping)


def hold_group(connection: Connection, group_id: UUID, *, place: int) -> None:
    """
    Be the only one who goes on with a file, until the transaction ends.

    Raises
    ------
    Conflict
        Somebody else does so for longer than anyone likes to wait, or has kept the part at
        `place` meanwhile.
    """
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s'"))
    try:
        connection.execute(
            select(LOAD_GROUPS.c.id).where(LOAD_GROUPS.c.id == group_id).with_for_update()
        )
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise Conflict(
                "Another command loads this file by parts at this moment; let it end, and give "
                "this one again."
            ) from None
        raise
    there = select(func.count()).where(LOADS.c.group_id == group_id)
    if connection.scalar(there) != place - 1:
        raise Conflict(
            "Another command has loaded more parts of this file meanwhile; give this one again."
        )


def end_group(connection: Connection, group_id: UUID) -> None:
    """Note that all parts are kept."""
    connection.execute(
        update(LOAD_GROUPS).where(LOAD_GROUPS.c.id == group_id).values(ended_at=func.now())
    )


def parts_of(
    connection: Connection, group_id: UUID, *, faults: bool = True
) -> list[LoadRecord]:
    """
    The parts that were kept, in their order.

    Parameters
    ----------
    faults
        Whether their reports are to hold them.
    """
    report = LOADS.c.report if faults else LOADS.c.report.op("||")(_NO_FAULTS).label("report")
    columns = (
        report if each.name == "report" else LOADS.c[each.name] for each in fields(LoadRecord)
    )
    rows = connection.execute(
        select(*columns).where(LOADS.c.group_id == group_id).order_by(LOADS.c.place)
    )
    return [LoadRecord(**row._mapping) for row in rows]


def undone_among(connection: Connection, loads: Sequence[UUID]) -> set[UUID]:
    """Those loads that were undone."""
    undoes = LOADS.c.report["undoes"].astext
    found = connection.scalars(select(undoes).where(undoes.in_([str(each) for each in loads])))
    return {UUID(each) for each in found}


def _groups() -> Select[Any]:
    return select(*(LOAD_GROUPS.c[each.name] for each in fields(LoadGroup)))

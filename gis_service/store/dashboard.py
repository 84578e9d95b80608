"""What is broken now, and what was loaded last."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Integer, Select, func, select

from gis_service.model.audience import Audience
from gis_service.model.dashboard import LoadDone, OpenFault
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.operations import FAULTS
from gis_service.model.declarations.places import WARDS
from gis_service.store.internal import LOADS
from gis_service.store.readable import readable
from gis_service.store.reading import Moment

Statement = Select[*tuple[Any, ...]]


async def read_open_faults(
    moment: Moment, audience: Audience, *, most: int
) -> tuple[tuple[OpenFault, ...], int]:
    """The faults that are open longest, and how many are open in all."""
    faults, wards = readable(FAULTS, audience), readable(WARDS, audience)
    is_open = faults.c.cleared_at.is_(None)
    statement: Statement = (
        select(
            faults.c.id, faults.c.summary, faults.c.started_at, faults.c.cuts,
            wards.c.name.label("ward"),
        )
        .select_from(faults.outerjoin(wards, wards.c.code == faults.c.ward))
        .where(is_open)
        .order_by(faults.c.started_at, faults.c.id)
        .limit(most)
    )
    rows = await moment.rows(statement)
    ((count,),) = await moment.rows(select(func.count()).select_from(faults).where(is_open))
    found = tuple(
        OpenFault(str(row["id"]), row["summary"], row["started_at"], row["cuts"], row["ward"])
        for row in rows
    )
    return found, count


async def read_loads(moment: Moment, *, most: int) -> tuple[LoadDone, ...]:
    """The newest loads."""
    columns = LOADS.c
    numbers = [
        func.coalesce(columns.report[name].as_string().cast(Integer), 0).label(name)
        for name in ("inserted", "updated", "unchanged", "rejected")
    ]
    statement: Statement = (
        select(columns.collection, columns.source, columns.loaded_at, *numbers)
        .order_by(columns.loaded_at.desc(), columns.id)
        .limit(most)
    )
    return tuple(LoadDone(**dict(row)) for row in await moment.rows(statement))


async def read_synthetic(moment: Moment, audience: Audience) -> bool:
    """Whether data of any network is made up."""
    source = readable(NETWORKS, audience)
    ((found,),) = await moment.rows(select(func.bool_or(source.c.synthetic)))
    return bool(found)

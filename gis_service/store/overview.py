"""Collections that are too large to be drawn whole: how many, roughly where, what is in a box."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Text,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.queries import BBox
from gis_service.store.readable import readable
from gis_service.store.tables import SRID

CELL_DEG = 0.01
"""Points are gathered in cells of this width and height, some 1.1 km at the equator."""
DECIMALS = 3
"""Of positions of cells; 0.001 degree is some 110 m."""


def is_larger(
    connection: Connection, collection: Collection, audience: Audience, *, most: int
) -> bool:
    """Whether an audience sees more items than `most` of a collection."""
    some = select(readable(collection, audience).c.id).limit(most + 1).subquery()
    count = connection.scalar(select(func.count()).select_from(some)) or 0
    return count > most


def cells(
    connection: Connection, collection: Collection, audience: Audience, by: str | None
) -> list[tuple[float, float, dict[str, int]]]:
    """
    How many points lie in each cell.

    Parameters
    ----------
    by
        A field by whose value they are counted apart; None for none.

    Returns
    -------
    list
        Mean position (longitude, latitude), and the number for each value of the field.
    """
    source = readable(collection, audience)
    x, y = (get(source.c.geom, type_=Double) for get in (func.ST_X, func.ST_Y))
    column, row = (func.floor(each / CELL_DEG) for each in (x, y))
    # PostgreSQL groups by no bare constant.
    kind: ColumnElement[Any] = func.coalesce(source.c[by], "") if by else cast(literal(""), Text)
    statement = (
        select(column, row, func.sum(x), func.sum(y), kind, func.count())
        .where(source.c.geom.is_not(None))
        .group_by(column, row, kind)
        .order_by(column, row, kind)
    )
    found: list[tuple[float, float, dict[str, int]]] = []
    for _, rows in groupby(connection.execute(statement), key=lambda each: each[:2]):
        together = list(rows)
        counted = {each[4]: each[5] for each in together}
        count = sum(counted.values())
        lon, lat = (sum(each[n] for each in together) / count for n in (2, 3))
        found.append((round(lon, DECIMALS), round(lat, DECIMALS), counted))
    return found


def counts(
    connection: Connection, collection: Collection, audience: Audience, fields: Sequence[str]
) -> list[tuple[dict[str, Any], int]]:
    """How many items share the same values of some fields."""
    source = readable(collection, audience)
    columns = [source.c[name] for name in fields]
    statement = select(*columns, func.count()).group_by(*columns)
    return [
        (dict(zip(fields, row, strict=False)), row[-1]) for row in connection.execute(statement)
    ]


def is_in(geom: ColumnElement[Any], box: BBox) -> ColumnElement[bool]:
    """Whether a geometry meets a box, by their envelopes."""
    return or_(*(
        geom.op("&&")(func.ST_MakeEnvelope(*part, SRID, type_=NullType())) for part in box.parts()
    ))


def can_be_outlined(collection: Collection) -> bool:
    """Whether there is an overview of a collection."""
    return collection.geometry in (GeometryType.POINT, GeometryType.LINE_STRING)

"""Collections that are too large to be drawn whole: how many, roughly where, what is in a box."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, func, or_, select
from sqlalchemy.types import NullType

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.queries import BBox
from gis_service.store.readable import readable
from gis_service.store.tables import SRID

CELL_DEG = 0.005
"""Points are gathered in cells of this width and height, some 550 m at the equator."""
DECIMALS = 4
"""Of coordinates in an overview; 0.0001 degree is some 11 m."""
COLLECTED = 2000
"""Lines that come as one geometry."""


def is_larger(
    connection: Connection, collection: Collection, audience: Audience, *, most: int
) -> bool:
    """Whether an audience sees more items than `most` of a collection."""
    some = select(readable(collection, audience).c.id).limit(most + 1).subquery()
    count = connection.scalar(select(func.count()).select_from(some)) or 0
    return count > most


def cells(
    connection: Connection, collection: Collection, audience: Audience
) -> list[tuple[float, float, int]]:
    """How many points lie in each cell, with their mean position: longitude, latitude, count."""
    geom = readable(collection, audience).c.geom
    x, y = func.ST_X(geom, type_=Double), func.ST_Y(geom, type_=Double)
    statement = (
        select(func.avg(x), func.avg(y), func.count())
        .where(geom.is_not(None))
        .group_by(func.floor(x / CELL_DEG), func.floor(y / CELL_DEG))
    )
    return sorted(
        (round(lon, DECIMALS), round(lat, DECIMALS), count)
        for lon, lat, count in connection.execute(statement)
    )


def lines(
    connection: Connection, collection: Collection, audience: Audience, by: str | None
) -> list[tuple[str | None, str]]:
    """
    Simplified lines, many in each geometry.

    Parameters
    ----------
    by
        A field by whose value they are kept apart; None for none.

    Returns
    -------
    list
        The field's value, and GeoJSON of a MultiLineString.
    """
    source = readable(collection, audience)
    kind: ColumnElement[Any] = func.coalesce(source.c[by], "") if by else func.coalesce(None, "")
    place = func.row_number().over(partition_by=kind, order_by=source.c.id)
    plain = func.ST_Simplify(source.c.geom, 10.0**-DECIMALS, True, type_=NullType())
    found = (
        select(kind.label("kind"), (place / COLLECTED).label("part"), plain.label("line"))
        .where(source.c.geom.is_not(None))
        .subquery()
    )
    text = func.ST_AsGeoJSON(func.ST_Collect(found.c.line, type_=NullType()), DECIMALS, 0)
    statement = (
        select(found.c.kind, text)
        .group_by(found.c.kind, found.c.part)
        .order_by(found.c.kind, found.c.part)
    )
    return [(kind or None, geometry) for kind, geometry in connection.execute(statement)]


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

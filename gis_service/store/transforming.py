"""What PostGIS makes of coordinates in another CRS."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Integer, func, literal, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from gis_service.model.declarations.network import NETWORKS
from gis_service.store.tables import SRID, table


def transformed(
    connection: Connection, points: Sequence[tuple[float, float]], srid: int
) -> list[tuple[float, float]] | None:
    """
    Points of (longitude, latitude) as (easting, northing) of a CRS.

    None where PostGIS does not know the CRS, or cannot bring the points there.
    """
    moved: list[ColumnElement[float]] = []
    for lon, lat in points:
        point = func.ST_SetSRID(func.ST_MakePoint(lon, lat), SRID, type_=NullType())
        there = func.ST_Transform(point, literal(srid, Integer), type_=NullType())
        moved += [func.ST_X(there), func.ST_Y(there)]
    try:
        with connection.begin_nested():
            numbers = connection.execute(select(*moved)).one()
    except DBAPIError:
        return None
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def network_extents(connection: Connection) -> list[object]:
    """The box of every network, as it is stored."""
    stored = table(NETWORKS)
    return list(connection.execute(select(stored.c.extent).order_by(stored.c.id)).scalars())

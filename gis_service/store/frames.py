"""Rows as GeoDataFrames, for analysis and maps."""

from __future__ import annotations

from collections.abc import Collection as AnyOf
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import geopandas as gpd
import pandas as pd
from sqlalchemy import ARRAY, ColumnElement, Connection, func, or_, select

from gis_service.model.audience import Audience
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection
from gis_service.model.queries import BBox
from gis_service.store.overview import is_in
from gis_service.store.readable import readable
from gis_service.store.tables import SRID


def read_frame(
    connection: Connection,
    collection: Collection,
    audience: Audience,
    *,
    box: BBox | None = None,
    id_: UUID | None = None,
    most: int | None = None,
    among: Mapping[str, AnyOf[object]] | None = None,
    only: Sequence[str] | None = None,
) -> gpd.GeoDataFrame:
    """
    The items of a collection that an audience may see.

    Parameters
    ----------
    box
        Only those whose envelope meets this box.
    id_
        Only the one with this id.
    most
        No more than these, the first by id.
    among
        Only those of which any of these fields holds any of its values.
    only
        The fields that are read; None for all that the audience may see.

    Returns
    -------
    GeoDataFrame
        Indexed by `id` (text), a column per visible field, `geometry` in
        EPSG:4326 (longitude, latitude); ordered by id.
    """
    source = readable(collection, audience)
    columns = [
        c for c in source.c
        if c.name not in {"geom", "id", "search_text"} and (only is None or c.name in only)
    ]
    geom = [func.ST_AsBinary(source.c.geom).label("geom")] if "geom" in source.c else []
    statement = select(source.c.id, *columns, *geom).order_by(source.c.id)
    if box is not None:
        statement = statement.where(is_in(source.c.geom, box))
    if id_ is not None:
        statement = statement.where(source.c.id == id_)
    if among is not None:
        statement = statement.where(or_(*(
            _holds(source.c[name], values) for name, values in among.items()
        )))
    if most is not None:
        statement = statement.limit(most)
    rows = connection.execute(statement).all()
    frame = pd.DataFrame(
        [tuple(row) for row in rows],
        columns=["id", *(c.name for c in columns), *("geom" for _ in geom)],
    )
    frame["id"] = frame["id"].astype(str)
    frame = frame.set_index("id")
    if not geom:
        return gpd.GeoDataFrame(frame)
    shapes = gpd.GeoSeries.from_wkb(
        frame.pop("geom").map(lambda b: None if b is None else bytes(b)), crs=SRID
    )
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=SRID)


def _holds(column: ColumnElement[Any], values: AnyOf[object]) -> ColumnElement[bool]:
    if isinstance(column.type, ARRAY):
        return column.op("&&")(sorted(map(str, values)))
    return column.in_(list(values))


def is_synthetic(connection: Connection, audience: Audience) -> bool:
    """Whether data of any network that the audience may see is made up."""
    source = readable(NETWORKS, audience)
    return bool(connection.scalar(select(func.bool_or(source.c.synthetic))))

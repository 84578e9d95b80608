"""The records that coverage is told from, all as of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import ARRAY, Select, Text, cast, func, select

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, FieldType
from gis_service.model.queries import RecordTime
from gis_service.store.readable import readable
from gis_service.store.reading import Moment
from gis_service.store.recorded import recorded
from gis_service.store.tables import SRID

FIELDS: dict[str, tuple[str, ...]] = {
    "wards": ("code", "name", "constituency"),
    "offices": (
        "office_type", "theme", "served_by", "connection", "connected_since",
        "required_mbps", "measured_mbps",
    ),
    "phases": ("name", "starts_on", "ends_on"),
    "network_nodes": (
        "status", "gateway", "access_point", "public_wifi", "technologies", "phase",
    ),
    "node_joins": ("node_a", "node_b", "decision"),
    "fibre_links": (
        "status", "start_node", "end_node", "route_length_m", "shared_trench", "phase",
        "ready_for_service_date",
    ),
    "faults": ("link", "node", "equipment", "office", "cuts", "started_at", "cleared_at"),
    "population": ("people",),
    "equipment": ("node", "office"),
    "scenarios": ("adds", "removes", "removes_nodes"),
}
"""What coverage needs to know, by collection."""
PUBLISHED = ("wards", "offices")
"""The collections that the public's coverage is told from."""

Rows = dict[str, list[Any]]
_AS_TEXT: dict[FieldType, Any] = {
    FieldType.REFERENCE: Text,
    FieldType.REFERENCES: ARRAY(Text),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Whose records, and of which time.

    Parameters
    ----------
    recorded
        None for the records of now.
    """

    audience: Audience
    recorded: datetime | None = None

    @property
    def collections(self) -> tuple[str, ...]:
        return tuple(FIELDS) if self.audience.is_staff else PUBLISHED


async def read_rows(moment: Moment, wanted: Wanted) -> Rows:
    """The rows of every collection, by id, to be made into frames by `frame_of`."""
    return {
        id_: await moment.rows(_statement(REGISTRY[id_], wanted)) for id_ in wanted.collections
    }


def frame_of(collection: Collection, rows: Sequence[Any]) -> gpd.GeoDataFrame:
    """
    Rows of `read_rows` as a frame.

    Returns
    -------
    GeoDataFrame
        Indexed by `id` (text); references are text, a field that the reader
        may not see is empty; `geometry` in EPSG:4326 (longitude, latitude),
        where the collection has one.
    """
    names = ["id", *FIELDS[collection.id], *(("geometry",) if collection.geometry else ())]
    columns = dict(
        zip(names, zip(*rows, strict=True) if rows else ([] for _ in names), strict=True)
    )
    index = pd.Index(list(columns.pop("id")), dtype=object, name="id")
    shapes = columns.pop("geometry", None)
    frame = pd.DataFrame(
        {name: pd.Series(list(values), index, _dtype(collection, name))
         for name, values in columns.items()},
        index=index,
    )
    if shapes is None:
        return gpd.GeoDataFrame(frame)
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(list(shapes)), crs=SRID)


def _statement(collection: Collection, wanted: Wanted) -> Select[Any]:
    if wanted.recorded is None:
        source = readable(collection, wanted.audience)
    else:
        at = RecordTime(wanted.recorded, wanted.recorded)
        source = recorded(collection, wanted.audience, at)
    visible = {field.name for field in visible_fields(collection, wanted.audience)}
    columns: list[Any] = [cast(source.c.id, Text).label("id")]
    for name in FIELDS[collection.id]:
        field = collection.by_name[name]
        if name not in visible:
            columns.append(cast(None, Text).label(name))
        elif field.type in _AS_TEXT:
            columns.append(cast(source.c[name], _AS_TEXT[field.type]).label(name))
        else:
            columns.append(source.c[name])
    if collection.geometry is not None:
        columns.append(func.ST_AsBinary(source.c.geom).label("geometry"))
    return select(*columns).order_by(source.c.id)


def _dtype(collection: Collection, name: str) -> str:
    numeric = collection.by_name[name].type in (FieldType.NUMBER, FieldType.INTEGER)
    return "float64" if numeric else "object"

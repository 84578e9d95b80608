"""The records that coverage is told from, all as of one moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import geopandas as gpd
import pandas as pd
import shapely
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    Text,
    Uuid,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    select,
)

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


@dataclass(frozen=True, slots=True)
class Portion:
    """
    Some rows of a collection; every row where nothing is said.

    Parameters
    ----------
    box
        West, south, east, north in degrees: what touches it.
    homeless
        What may touch no ward: what lies wholly within one is left out.
    ids
        These.
    nothing
        No row at all.
    shapes_of
        Geometry comes with these alone; with all where None.
    """

    box: tuple[float, float, float, float] | None = None
    homeless: bool = False
    ids: tuple[str, ...] | None = None
    nothing: bool = False
    shapes_of: tuple[str, ...] | None = None


ALL = Portion()
_CENTIMETRE = 1e-7
"""In degrees: what is so near to an edge is left to one judge of it."""


async def read_rows(
    moment: Moment, wanted: Wanted, portions: Mapping[str, Portion] | None = None
) -> Rows:
    """
    The rows of every collection, by id, to be made into frames by `frame_of`.

    Parameters
    ----------
    portions
        Of some collections only these rows.
    """
    portions = portions or {}
    return {
        id_: await moment.rows(_statement(REGISTRY[id_], wanted, portions.get(id_, ALL)))
        for id_ in wanted.collections
    }


async def read_portion(
    moment: Moment, wanted: Wanted, collection: str, portion: Portion
) -> list[Any]:
    """Some rows of one collection; as for `read_rows`."""
    return await moment.rows(_statement(REGISTRY[collection], wanted, portion))


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


def _source(collection: Collection, wanted: Wanted) -> FromClause:
    if wanted.recorded is None:
        return readable(collection, wanted.audience)
    at = RecordTime(wanted.recorded, wanted.recorded)
    return recorded(collection, wanted.audience, at)


def _statement(collection: Collection, wanted: Wanted, portion: Portion = ALL) -> Select[Any]:
    source = _source(collection, wanted)
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
        shape: ColumnElement[Any] = func.ST_AsBinary(source.c.geom)
        if portion.shapes_of is not None:
            shape = case((_is_any(source, portion.shapes_of), shape))
        columns.append(shape.label("geometry"))
    return select(*columns).where(*chosen(source, wanted, portion)).order_by(source.c.id)


def chosen(
    source: FromClause, wanted: Wanted, portion: Portion
) -> Iterator[ColumnElement[bool]]:
    """The conditions of a portion, on what a collection is read from."""
    if portion.box is not None:
        yield source.c.geom.intersects(func.ST_MakeEnvelope(*portion.box, SRID))
    if portion.homeless:
        wards = _source(REGISTRY["wards"], wanted)
        around = func.ST_Expand(source.c.geom, _CENTIMETRE)
        yield ~exists().where(func.ST_Contains(wards.c.geom, around))
    if portion.ids is not None:
        yield _is_any(source, portion.ids)
    if portion.nothing:
        yield false()


def _is_any(source: FromClause, ids: Sequence[str]) -> ColumnElement[bool]:
    found: ColumnElement[bool] = source.c.id == any_(
        literal([UUID(id_) for id_ in ids], ARRAY(Uuid))
    )
    return found


def _dtype(collection: Collection, name: str) -> str:
    numeric = collection.by_name[name].type in (FieldType.NUMBER, FieldType.INTEGER)
    return "float64" if numeric else "object"

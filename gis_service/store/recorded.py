"""What staff read of a collection as it stood at another time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Subquery, cast, null, select

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.fields import Collection
from gis_service.model.queries import ItemsQuery, RecordTime
from gis_service.store.derived import is_read
from gis_service.store.history import as_of, committed, history_table
from gis_service.store.readable import readable
from gis_service.store.tables import column_type


def recorded(collection: Collection, audience: Audience, time: RecordTime) -> Subquery:
    """
    `id`, the visible fields and `geom` of the rows of another time.

    A value that follows from the calendar (a state of certification) is not
    known of another time, and null.
    """
    rows = as_of(collection, time.until, time.since).subquery("rows")
    return _visible(collection, audience, rows)


def asked_of(query: ItemsQuery, audience: Audience) -> Subquery:
    """The rows that a query asks of: those of now, or those of another time."""
    if query.recorded is None:
        return readable(query.collection, audience)
    return recorded(query.collection, audience, query.recorded)


def recorded_version(
    collection: Collection, audience: Audience, id_: UUID, number: int
) -> Subquery:
    """The same of one version of one item, the first being 1; a deletion shows what was deleted."""
    kept = history_table(collection)
    rows = (
        select(kept)
        .select_from(committed(collection))
        .where(kept.c.id == id_)
        .order_by(kept.c.seq)
        .offset(number - 1)
        .limit(1)
        .subquery("rows")
    )
    return _visible(collection, audience, rows)


def _visible(collection: Collection, audience: Audience, rows: FromClause) -> Subquery:
    columns: list[ColumnElement[Any]] = [rows.c.id.label("id")]
    for field in visible_fields(collection, audience):
        name = "network_id" if field.name == "network" else field.name
        value = cast(null(), column_type(field)) if is_read(field) else rows.c[name]
        columns.append(value.label(field.name))
    if "geom" in rows.c:
        columns.append(rows.c.geom)
    return select(*columns).select_from(rows).subquery(collection.id)

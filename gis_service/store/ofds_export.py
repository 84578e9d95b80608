"""Statements that read a whole network for the exchange: rows with the objects they keep."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, Text, cast, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.store.ofds import KEPT
from gis_service.store.published import GRID_M, published_table
from gis_service.store.tables import table

KEY = "_key"
OBJECT = "_object"
STORED = "_stored"
POSITION = "_position"
SHAPE = "_shape"
"""Columns beside the fields: what the row keeps, and its geometry as WKB."""
PUBLIC_ACCURACY_M = round(GRID_M / 2 * 2**0.5, 1)
"""Half of a cell's diagonal: so far a public position may be from the true one."""


def staff_networks() -> Select[Any]:
    """Id, identifier, name and `extra` of every network, for staff."""
    stored = table(NETWORKS)
    kept = cast(stored.c.extra[KEPT], Text)
    return select(
        stored.c.id, stored.c.external_id, stored.c.name, stored.c.synthetic, kept.label("kept")
    ).order_by(stored.c.external_id)


def staff_network(name: str) -> Select[Any]:
    """The one with that identifier or UUID."""
    statement = staff_networks()
    stored = table(NETWORKS)
    try:
        return statement.where(or_(stored.c.external_id == name, stored.c.id == UUID(name)))
    except ValueError:
        return statement.where(stored.c.external_id == name)


def staff_rows(collection: Collection, network: UUID) -> Select[Any]:
    """
    Every item of a network in the order of its package, later ones at the end.

    References stand as identifiers of what they name.
    """
    stored = table(collection)
    kept = stored.c.extra[KEPT]
    position = cast(kept["position"].astext, Integer)
    columns: list[ColumnElement[Any]] = [
        stored.c.external_id.label(KEY),
        kept["object"].astext.label(OBJECT),
        cast(kept["stored"], Text).label(STORED),
        position.label(POSITION),
        *(_exchanged(field, stored).label(field.name) for field in collection.writable_fields),
    ]
    if collection.geometry is not None:
        columns.append(func.ST_AsBinary(stored.c.geom).label(SHAPE))
    return (
        select(*columns)
        .where(stored.c.network_id == network)
        .order_by(position.asc().nulls_last(), stored.c.external_id)
    )


def public_networks() -> Select[Any]:
    """What everybody knows of the networks."""
    shown = published_table(NETWORKS)
    return select(shown.c.id, shown.c.name, shown.c.synthetic).order_by(shown.c.id)


def public_rows(collection: Collection) -> Select[Any]:
    """What everybody sees of a collection, by id."""
    shown = published_table(collection)
    columns: list[ColumnElement[Any]] = [
        cast(shown.c.id, Text).label(KEY),
        *(shown.c[field.name] for field in collection.public_fields),
        func.ST_AsBinary(shown.c.geom).label(SHAPE),
    ]
    return select(*columns).order_by(shown.c.id)


def _exchanged(field: Field, stored: Any) -> ColumnElement[Any]:
    """A field's value; references by identifier, objects as JSON text."""
    column: ColumnElement[Any] = stored.c[field.name]
    if field.type is FieldType.OBJECT:
        return cast(column, Text)
    if field.references is None:
        return column
    named = table(REGISTRY[field.references]).alias()
    if field.type is FieldType.REFERENCE:
        return select(named.c.external_id).where(named.c.id == column).scalar_subquery()
    each = (
        func.unnest(column)
        .table_valued("value", with_ordinality="place")
        .alias("each")
        .render_derived()
    )
    return (
        select(func.array_agg(aggregate_order_by(named.c.external_id, each.c.place)))
        .select_from(each.join(named, named.c.id == each.c.value))
        .scalar_subquery()
    )

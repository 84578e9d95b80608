"""Tables of the collections, derived from the registry, and what each audience reads of them."""

from __future__ import annotations

from functools import cache
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Subquery,
    Table,
    Text,
    UniqueConstraint,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.elements import ColumnElement

from gis_service.model.audience import Audience, visible_fields
from gis_service.model.codelists import VISIBILITY
from gis_service.model.collections import NETWORKS, REGISTRY
from gis_service.model.fields import Codelist, Collection, Field, FieldType

SCHEMA = "gis"
SRID = 4326
GRID_M = 100
"""Side of the cells to whose centres public geometry is snapped, in metres."""

METADATA = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    },
)

_TYPES: dict[FieldType, Any] = {
    FieldType.TEXT: Text,
    FieldType.CODE: Text,
    FieldType.CODES: ARRAY(Text),
    FieldType.INTEGER: BigInteger,
    FieldType.NUMBER: Double,
    FieldType.BOOLEAN: Boolean,
    FieldType.DATE: Date,
    FieldType.TIMESTAMP: DateTime(timezone=True),
    FieldType.REFERENCE: UUID(as_uuid=True),
    FieldType.REFERENCES: ARRAY(UUID(as_uuid=True)),
    FieldType.OBJECT: JSONB,
}


@cache
def table(collection: Collection) -> Table:
    """The table that stores a collection in full."""
    for field in collection.fields:
        if field.references is not None and field.references != collection.id:
            table(REGISTRY[field.references])
    if collection.networked:
        table(NETWORKS)
    return Table(
        collection.id,
        METADATA,
        Column("id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()),
        *_key_columns(collection),
        *(_column(field) for field in collection.fields),
        *_system_columns(),
        *_geometry_columns(collection),
        *_constraints(collection),
    )


def metadata() -> MetaData:
    """Metadata that holds the table of every collection."""
    for collection in REGISTRY.values():
        table(collection)
    return METADATA


def _key_columns(collection: Collection) -> list[Column[Any]]:
    columns: list[Column[Any]] = []
    if collection.networked:
        columns.append(
            Column(
                "network_id",
                UUID(as_uuid=True),
                ForeignKey(f"{SCHEMA}.{NETWORKS.id}.id"),
                nullable=False,
            )
        )
    if collection.key == "external_id":
        columns.append(
            Column(
                "external_id",
                Text,
                nullable=False,
                server_default=text("gen_random_uuid()::text"),
            )
        )
    return columns


def _column(field: Field) -> Column[Any]:
    extras: list[Any] = []
    if field.references is not None and field.type is FieldType.REFERENCE:
        extras.append(
            ForeignKey(f"{SCHEMA}.{field.references}.id", deferrable=True, initially="DEFERRED")
        )
    if field.generated is not None:
        extras.append(Computed(field.generated, persisted=True))
    return Column(
        field.name, _TYPES[field.type], *extras, nullable=not field.required
    )


def _system_columns() -> list[Column[Any]]:
    return [
        Column("visibility", Text, nullable=False, server_default="public"),
        Column("version", Integer, nullable=False, server_default=text("1")),
        Column("updated_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("extra", JSONB),
    ]


def _geometry_columns(collection: Collection) -> list[Column[Any]]:
    if collection.geometry is None:
        return []
    kind = collection.geometry.value.upper()
    return [
        Column("geom", Geometry(kind, srid=SRID, spatial_index=False), nullable=False),
    ]


def _constraints(collection: Collection) -> list[Any]:
    key = (["network_id"] if collection.networked else []) + [collection.key]
    made: list[Any] = [
        UniqueConstraint(*key),
        CheckConstraint(_one_of("visibility", VISIBILITY), name="visibility"),
        *(
            CheckConstraint(rule, name=field.name)
            for field in collection.fields
            if (rule := _rule(field)) is not None
        ),
        *(
            Index(f"{collection.id}_{field.name}_idx", field.name)
            for field in collection.fields
            if field.type is FieldType.REFERENCE
        ),
    ]
    if collection.geometry is not None:
        made.append(Index(f"{collection.id}_geom_idx", "geom", postgresql_using="gist"))
    return made


def _one_of(column: str, codelist: Codelist) -> str:
    listed = ", ".join(f"'{code}'" for code in codelist.values())
    return f"{column} IN ({listed})"


def _rule(field: Field) -> str | None:
    """The check that the database makes by itself: closed codelists and bounds."""
    if field.codelist is not None and field.codelist.closed:
        if field.type is FieldType.CODE:
            return _one_of(field.name, field.codelist)
        listed = ", ".join(f"'{code}'" for code in field.codelist.values())
        return f"{field.name} <@ ARRAY[{listed}]"
    bounds = []
    if field.minimum is not None:
        bounds.append(f"{field.name} >= {field.minimum:g}")
    if field.maximum is not None:
        bounds.append(f"{field.name} <= {field.maximum:.12g}")
    return " AND ".join(bounds) or None


@cache
def readable(collection: Collection, audience: Audience) -> Subquery:
    """
    What an audience reads of a collection: `id`, its visible fields, `geom`.

    The public's part names its columns and rows here and nowhere else, so what
    it may not see is not in any statement made from it.
    """
    stored = table(collection)
    columns = [stored.c.id.label("id")]
    for field in visible_fields(collection, audience):
        name = "network_id" if field.name == "network" else field.name
        column: ColumnElement[Any] = stored.c[name]
        if not audience.is_staff and field.public_step is not None:
            column = func.round(column / field.public_step) * field.public_step
        columns.append(column.label(field.name))
    if collection.geometry is not None:
        geom = stored.c.geom if audience.is_staff else _public_geometry(collection, stored)
        columns.append(geom.label("geom"))
    statement = select(*columns)
    if not audience.is_staff:
        statement = _public_rows(statement, collection, stored)
    return statement.subquery(collection.id)


def _public_rows(statement: Select[Any], collection: Collection, stored: Table) -> Select[Any]:
    rule = collection.public
    if rule is None:
        return statement.where(false())
    wanted = [stored.c.visibility == "public"]
    wanted += [stored.c[name].in_(values) for name, values in rule.only]
    if rule.snapped and collection.geometry is not None:
        wanted.append(_public_geometry(collection, stored).is_not(None))
    return statement.where(*wanted)


def _public_geometry(collection: Collection, stored: Table) -> ColumnElement[Any]:
    """
    Geometry as the public may have it.

    Snapped geometry has its vertices at the centres of a fixed grid in the
    network's metric CRS; a line that falls into one cell becomes NULL.
    """
    rule = collection.public
    if rule is None or not rule.snapped:
        return stored.c.geom
    networks = table(NETWORKS)
    metric = (
        select(networks.c.metric_srid)
        .where(networks.c.id == stored.c.network_id)
        .scalar_subquery()
    )
    half: ColumnElement[float] = literal_column(str(GRID_M / 2))
    size: ColumnElement[float] = literal_column(str(GRID_M))
    moved = func.ST_SnapToGrid(
        func.ST_Transform(stored.c.geom, cast(metric, Integer)), half, half, size, size
    )
    snapped = func.ST_ReducePrecision(func.ST_Transform(moved, SRID), literal_column("0.000001"))
    if rule.exact_when is None:
        return snapped
    name, code = rule.exact_when
    return case((stored.c[name] == code, stored.c.geom), else_=snapped)

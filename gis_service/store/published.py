"""
The public projection: tables of their own that hold what the public may see.

Triggers keep them in the transaction of each change. The public's login is
granted this schema and nothing else, so what is not here cannot leak.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    UUID,
    Column,
    ColumnElement,
    FromClause,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    TableClause,
    case,
    cast,
    column,
    func,
    literal_column,
    select,
)
from sqlalchemy import table as table_clause
from sqlalchemy.dialects import postgresql

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection, PublicRule
from gis_service.store.tables import (
    METADATA,
    SCHEMA,
    SRID,
    column_type,
    search_column,
    search_index,
    table,
)

PUBLISHED = "published"
GRID_M = 100
"""Side of the cells to whose centres public geometry is snapped, in metres."""
STEP_DEGREES = "0.000001"

METADATA_PUBLISHED = MetaData(schema=PUBLISHED, naming_convention=METADATA.naming_convention)
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def published_collections() -> tuple[Collection, ...]:
    """The collections of which the public sees anything."""
    return tuple(c for c in REGISTRY.values() if c.public is not None)


@cache
def published_table(collection: Collection) -> Table:
    """The table that holds what the public sees of a collection."""
    extras: list[Any] = [*search_column(collection.public_fields)]
    if extras:
        extras.append(search_index(collection.id))
    if _has_geometry(collection):
        assert collection.geometry is not None  # noqa: S101 - _has_geometry looked
        kind = collection.geometry.value.upper()
        extras.append(Column("geom", Geometry(kind, srid=SRID, spatial_index=False)))
        extras.append(Index(f"{collection.id}_geom_idx", "geom", postgresql_using="gist"))
    return Table(
        collection.id,
        METADATA_PUBLISHED,
        Column("id", UUID(as_uuid=True), primary_key=True),
        *(Column(f.name, column_type(f)) for f in collection.public_fields),
        *extras,
    )


def redacted(collection: Collection, rows: FromClause) -> Select[Any]:
    """
    What the public sees of some rows of a collection: its rule, as a SELECT.

    Parameters
    ----------
    rows
        The collection's table, or anything with the same columns.
    """
    rule = collection.public
    if rule is None:
        raise ValueError(f"{collection.id} is not public")
    columns: list[ColumnElement[Any]] = [rows.c.id]
    for field in collection.public_fields:
        value: ColumnElement[Any] = rows.c[field.name]
        if field.public_step is not None:
            step: ColumnElement[float] = literal_column(f"{field.public_step:g}")
            value = func.round(value / step) * step
        columns.append(value.label(field.name))
    wanted = [rows.c.visibility == "public"]
    wanted += [rows.c[name].in_(values) for name, values in rule.only]
    wanted += [rows.c[name].is_(None) for name in rule.empty]
    if _has_geometry(collection):
        geom = _public_geometry(rule, rows)
        columns.append(geom.label("geom"))
        wanted.append(geom.is_not(None))
    return select(*columns).select_from(rows).where(*wanted)


def _has_geometry(collection: Collection) -> bool:
    rule = collection.public
    return collection.geometry is not None and rule is not None and rule.geometry != "none"


def _public_geometry(rule: PublicRule, rows: FromClause) -> ColumnElement[Any]:
    """
    Geometry as the public may have it.

    Snapped geometry has its vertices at the centres of a fixed grid in the
    network's metric CRS; a line that falls into one cell becomes NULL.
    """
    if rule.geometry == "exact":
        return rows.c.geom
    networks = table(NETWORKS)
    metric = (
        select(networks.c.metric_srid).where(networks.c.id == rows.c.network_id).scalar_subquery()
    )
    half: ColumnElement[float] = literal_column(f"{GRID_M / 2:g}")
    size: ColumnElement[float] = literal_column(f"{GRID_M:g}")
    step: ColumnElement[float] = literal_column(STEP_DEGREES)
    srid: ColumnElement[int] = literal_column(str(SRID))
    moved = func.ST_SnapToGrid(
        func.ST_Transform(rows.c.geom, cast(metric, Integer)), half, half, size, size
    )
    snapped = func.ST_SnapToGrid(func.ST_Transform(moved, srid), step)
    if rule.exact_when is None:
        return snapped
    name, code = rule.exact_when
    return case((rows.c[name] == code, rows.c.geom), else_=snapped)


def statements() -> list[str]:
    """Functions and triggers that keep the projection."""
    made = []
    for collection in published_collections():
        made.append(_publish_function(collection))
        made += [
            f"CREATE TRIGGER c_publish_{event.lower()} AFTER {event} ON {SCHEMA}.{collection.id} "
            f"REFERENCING {transition} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {PUBLISHED}.publish_{collection.id}()"
            for event, transition in TRANSITIONS.items()
        ]
    return made


TRANSITIONS = {
    "INSERT": "NEW TABLE AS new_rows",
    "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "OLD TABLE AS old_rows",
}


def _publish_function(collection: Collection) -> str:
    target = f"{PUBLISHED}.{collection.id}"
    names = [c.name for c in published_table(collection).c if c.computed is None]
    listed = ", ".join(names)
    others = [n for n in names if n != "id"]
    wanted = _as_text(redacted(collection, _transition(collection, "new_rows")))
    assigned = ", ".join(f"{n} = excluded.{n}" for n in others)
    old = ", ".join(f"was.{n}" for n in others)
    new = ", ".join(f"excluded.{n}" for n in others)
    return f"""
CREATE FUNCTION {PUBLISHED}.publish_{collection.id}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO {target} ({listed})
        {wanted};
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM {target} was USING old_rows WHERE was.id = old_rows.id;
        GET DIAGNOSTICS changed = ROW_COUNT;
    ELSE
        WITH wanted AS MATERIALIZED (
        {wanted}
        ), gone AS (
            DELETE FROM {target} was USING old_rows
            WHERE was.id = old_rows.id AND was.id NOT IN (SELECT id FROM wanted)
            RETURNING was.id
        ), put AS (
            INSERT INTO {target} AS was ({listed}) SELECT {listed} FROM wanted
            ON CONFLICT (id) DO UPDATE SET {assigned}
            WHERE ({old}) IS DISTINCT FROM ({new})
            RETURNING was.id
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
    END IF;
    IF changed > 0 THEN
        PERFORM internal.touch('{collection.id}', 'public');
    END IF;
    RETURN NULL;
END
$$""".strip()


def _transition(collection: Collection, name: str) -> TableClause:
    stored = table(collection)
    return table_clause(name, *(column(c.name, c.type) for c in stored.c))


def _as_text(statement: Select[Any]) -> str:
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    text = str(compiled).replace("ST_AsEWKB(new_rows.geom)", "new_rows.geom")
    return text.replace("\n", "\n        ")



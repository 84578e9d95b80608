"""
The public projection: tables of their own that hold what the public may see.

Triggers keep them in the transaction of each change. The public's login is
granted this schema and nothing else, so what is not here cannot leak.
"""

from __future__ import annotations

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
    not_,
    select,
    type_coerce,
)
from sqlalchemy import table as table_clause
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import NullType

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection, PublicRule
from gis_service.store.once import once
from gis_service.store.tables import (
    METADATA,
    SCHEMA,
    SEARCH_PATH,
    SRID,
    column_type,
    search_column,
    search_index,
    table,
    tile_column,
)
from gis_service.store.touching import TOUCH_LIMIT, boxes_of

PUBLISHED = "published"
GRID_M = 100
"""Side of the cells to whose centres public geometry is snapped, in metres."""
STEP_DEGREES = "0.000001"

METADATA_PUBLISHED = MetaData(schema=PUBLISHED, naming_convention=METADATA.naming_convention)
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def published_collections() -> tuple[Collection, ...]:
    """The collections of which the public sees anything."""
    return tuple(c for c in REGISTRY.values() if c.public is not None)


@once
def published_table(collection: Collection) -> Table:
    """The table that holds what the public sees of a collection."""
    extras: list[Any] = [*search_column(collection.public_fields)]
    if extras:
        extras.append(search_index(collection.id))
    if _has_geometry(collection):
        assert collection.geometry is not None  # noqa: S101 - _has_geometry looked
        kind = collection.geometry.value.upper()
        extras.append(Column("geom", Geometry(kind, srid=SRID, spatial_index=False)))
        extras.append(tile_column(collection.geometry))
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
    rule = _rule(collection)
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
    if not _has_geometry(collection):
        return select(*columns).select_from(rows).where(*wanted)
    columns.append(_public_geometry(rule, rows).label("geom"))
    # OFFSET 0 keeps PostgreSQL from computing the geometry twice: to test and to give it.
    seen = select(*columns).select_from(rows).where(*wanted).offset(literal_column("0"))
    shown = seen.subquery("seen")
    return select(shown).where(not_(func.ST_IsEmpty(shown.c.geom)))


def _rule(collection: Collection) -> PublicRule:
    if collection.public is None:
        raise ValueError(f"{collection.id} is not public")
    return collection.public


def _judged(collection: Collection) -> list[str]:
    """The columns that decide what the public sees of a row; other changes show nothing."""
    rule = _rule(collection)
    names = ["visibility", *(f.name for f in collection.public_fields)]
    names += [name for name, _ in rule.only] + list(rule.empty)
    if rule.exact_when is not None:
        names.append(rule.exact_when[0])
    if _has_geometry(collection):
        names.append("geom")
        if rule.geometry == "snapped":
            names.append("network_id")
    return list(dict.fromkeys(names))


def _has_geometry(collection: Collection) -> bool:
    rule = collection.public
    return collection.geometry is not None and rule is not None and rule.geometry != "none"


def _public_geometry(rule: PublicRule, rows: FromClause) -> ColumnElement[Any]:
    """
    Geometry as the public may have it.

    Snapped geometry has its vertices at the centres of a fixed grid in the
    network's metric CRS; a line that falls into one cell becomes empty (or
    NULL, in other versions of PostGIS). Rounding to a millionth of a degree
    happens after that, to a function of the cell alone, so it reveals nothing.
    """
    exact = type_coerce(rows.c.geom, NullType())
    if rule.geometry == "exact":
        return exact
    networks = table(NETWORKS)
    metric = (
        select(networks.c.metric_srid).where(networks.c.id == rows.c.network_id).scalar_subquery()
    )
    half: ColumnElement[float] = literal_column(f"{GRID_M / 2:g}")
    size: ColumnElement[float] = literal_column(f"{GRID_M:g}")
    step: ColumnElement[float] = literal_column(STEP_DEGREES)
    srid: ColumnElement[int] = literal_column(str(SRID))
    centred = func.ST_SnapToGrid(
        func.ST_Transform(exact, cast(metric, Integer)), half, half, size, size
    )
    snapped = func.ST_SnapToGrid(func.ST_Transform(centred, srid), step, type_=NullType())
    if rule.exact_when is None:
        return snapped
    name, code = rule.exact_when
    return case((rows.c[name] == code, exact), else_=snapped)


# A function's plans are kept for the session and are made from the sizes that it met
# first, one row as a rule. So the changed rows are joined by hash and never by nested
# loop, which would take hours when a load of many rows follows a small edit; and rows
# of the projection are found by an array of ids, which no size turns into a full scan.


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
    judged = _judged(collection)
    was, now = (", ".join(f"{row}.{n}" for n in judged) for row in ("o", "n"))
    assigned = ", ".join(f"{n} = excluded.{n}" for n in others)
    old = ", ".join(f"was.{n}" for n in others)
    new = ", ".join(f"excluded.{n}" for n in others)
    placed = _has_geometry(collection)
    returned, put = ("id, geom", "was.id, was.geom") if placed else ("id", "was.id")
    # A statement reads its tables as they were before it.
    before_and_after = (
        "SELECT geom FROM changed UNION ALL "
        f"SELECT geom FROM {target} WHERE id = ANY (ARRAY(SELECT id FROM changed))"
    )
    return f"""
CREATE FUNCTION {PUBLISHED}.publish_{collection.id}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
SET enable_nestloop = off
AS $$
DECLARE
    items uuid[];
    boxes double precision[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        WITH changed AS (
            INSERT INTO {target} ({listed})
            {_as_text(redacted(collection, _transition(collection, "new_rows")))}
            RETURNING {returned}
        )
        {_noted("SELECT * FROM changed" if placed else None)};
    ELSIF TG_OP = 'DELETE' THEN
        WITH changed AS (
            DELETE FROM {target} WHERE id = ANY (ARRAY(SELECT id FROM old_rows))
            RETURNING {returned}
        )
        {_noted("SELECT * FROM changed" if placed else None)};
    ELSE
        WITH judged AS MATERIALIZED (
            SELECT n.* FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id
            WHERE o.id IS NULL OR ({was}) IS DISTINCT FROM ({now})
        ), wanted AS MATERIALIZED (
        {_as_text(redacted(collection, _transition(collection, "judged")))}
        ), unwanted AS (
            (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows)
            UNION ALL (SELECT id FROM judged EXCEPT SELECT id FROM wanted)
        ), gone AS (
            DELETE FROM {target} WHERE id = ANY (ARRAY(SELECT id FROM unwanted))
            RETURNING {returned}
        ), put AS (
            INSERT INTO {target} AS was ({listed}) SELECT {listed} FROM wanted
            ON CONFLICT (id) DO UPDATE SET {assigned}
            WHERE ({old}) IS DISTINCT FROM ({new})
            RETURNING {put}
        ), changed AS (
            SELECT * FROM gone UNION ALL SELECT * FROM put
        )
        {_noted(before_and_after if placed else None)};
    END IF;
    IF cardinality(items) > 0 THEN
        PERFORM internal.touch('{collection.id}', 'public',
            CASE WHEN cardinality(items) <= {TOUCH_LIMIT} THEN items END, boxes);
    END IF;
    RETURN NULL;
END
$$""".strip()


def _noted(places: str | None) -> str:
    """The end of a statement that fills `items` and `boxes` from its rows `changed`."""
    few = f"CASE WHEN count(*) <= {TOUCH_LIMIT} THEN {boxes_of(places)} END"
    return f"SELECT array_agg(id), {few} INTO items, boxes FROM changed"


def _transition(collection: Collection, name: str) -> TableClause:
    stored = table(collection)
    return table_clause(name, *(column(c.name, c.type) for c in stored.c))


def _as_text(statement: Select[Any]) -> str:
    compiled = statement.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True})
    return "\n        ".join(line.rstrip() for line in str(compiled).splitlines())

"""
History: every version that every row ever had.

Statement-level triggers copy the rows that a statement made, changed or
deleted into a table of the same columns, in the same transaction. A version's
predecessor is the one before it with the same id, so old and new values are
both there, and each is stored once. A row that a statement leaves as it was is
not a version.

The rule of time: what a transaction changes is true from the moment at which
the transaction commits. The time at which it began, or at which a statement
ran, will not do: a load of ten minutes would be in the past of a reader who
did not see it, and an edit that began early and ended late would come before
the change that it was based on. So a transaction's last act is to write its
`committed_at` into `history.transactions`, while it holds the version of every
collection that it changed: for each collection these times rise in the order
of the commits, unless a clock is set back by more than minutes. The rows "as of"
a time are those of the transactions that committed at that time or before, each
whole or not at all: what a reader saw who asked then. An answer about the past
never changes later; one about this very moment may miss a transaction that is
just ending.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    Identity,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import distinct_on

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, GeometryType
from gis_service.store.once import once
from gis_service.store.published import TRANSITIONS
from gis_service.store.tables import METADATA, SCHEMA, SEARCH_PATH, TILE_GEOM, table
from gis_service.store.touching import TOUCH_LIMIT, boxes_of

HISTORY = "history"
OWN = ("seq", "operation", "began_at", "transaction_id", "person_id", "request_id")
"""Columns of a history table that its collection's table does not have."""

ERASING = "gis.erasing"
"""
Set to `on` by who takes what names a person out of old versions. That alone opens
nothing: only the owner and the keeper may update history, the keeper personal columns only.
"""

METADATA_HISTORY = MetaData(schema=HISTORY, naming_convention=METADATA.naming_convention)

TRANSACTIONS = Table(
    "transactions",
    METADATA_HISTORY,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("began_at", DateTime(timezone=True), primary_key=True),
    Column("committed_at", DateTime(timezone=True), nullable=False),
    Index("transactions_committed_at_idx", "committed_at"),
)
"""
When each transaction that changed a collection was committed.

Its number alone does not name it: a database restored elsewhere counts anew.
"""


@once
def history_table(collection: Collection) -> Table:
    """The table that holds every version of a collection's rows."""
    stored = table(collection)
    return Table(
        collection.id,
        METADATA_HISTORY,
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("operation", Text, nullable=False),
        Column("began_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("transaction_id", BigInteger, nullable=False),
        Column("person_id", UUID(as_uuid=True)),
        Column("request_id", Text),
        *(Column(name, stored.c[name].type, nullable=True) for name in _kept(stored)[1:]),
        Index(f"{collection.id}_transaction_id_idx", "transaction_id", postgresql_using="brin"),
    )


def _kept(stored: Table) -> list[str]:
    """What is worth keeping, `id` first: all but what search and tiles derive from the rest."""
    return [c.name for c in stored.c if c.name not in {"search_text", TILE_GEOM}]


def committed(collection: Collection) -> FromClause:
    """A collection's versions, each with the transaction that committed it."""
    kept = history_table(collection)
    return kept.join(
        TRANSACTIONS,
        and_(
            TRANSACTIONS.c.transaction_id == kept.c.transaction_id,
            TRANSACTIONS.c.began_at == kept.c.began_at,
        ),
    )


def versions_statement(collection: Collection, id_: uuid.UUID) -> Select[Any]:
    """Every version of one item with its `committed_at` and its shape's figures, oldest first."""
    kept = history_table(collection)
    columns: list[Any] = [*kept.c, TRANSACTIONS.c.committed_at, *_figures(collection, kept)]
    if collection.geometry is not None:
        before = func.lag(kept.c.geom).over(order_by=kept.c.seq)
        columns.append(_metres_between(before, kept.c.geom).label("moved_m"))
    return (
        select(*columns)
        .select_from(committed(collection))
        .where(kept.c.id == id_)
        .order_by(kept.c.seq)
    )


def ids_of_key(collection: Collection, key: str) -> Select[Any]:
    """Ids of the items that ever had a key (`external_id`, or a code of their own)."""
    kept = history_table(collection)
    return select(kept.c.id).where(kept.c[collection.key] == key).distinct()


def as_of(
    collection: Collection, until: datetime | None, since: datetime | None = None
) -> Select[Any]:
    """
    The collection's rows as they stood at a time, by id; the module says what that means.

    Parameters
    ----------
    until
        The time; None for now.
    since
        Also rows that were deleted after this time, as they last were.
    """
    kept = history_table(collection)
    versions = select(kept, TRANSACTIONS.c.committed_at).select_from(committed(collection))
    if until is not None:
        versions = versions.where(TRANSACTIONS.c.committed_at <= until)
    latest = (
        versions.ext(distinct_on(kept.c.id)).order_by(kept.c.id, kept.c.seq.desc())
    ).subquery("latest")
    stands = latest.c.operation != "delete"
    if since is not None:
        stands = or_(stands, latest.c.committed_at > since)
    columns = [c for c in latest.c if c.name not in (*OWN, "committed_at")]
    return select(*columns).where(stands).order_by(latest.c.id)


def features_as_of(collection: Collection, at: datetime) -> Select[Any]:
    """The rows of `as_of`, with `geometry` as GeoJSON text in place of `geom`."""
    rows = as_of(collection, at).subquery("rows")
    columns = [c for c in rows.c if c.name != "geom"]
    if collection.geometry is not None:
        columns.append(func.ST_AsGeoJSON(rows.c.geom, 7, type_=Text).label("geometry"))
    return select(*columns).order_by(rows.c.id)


def changed_between(collection: Collection, since: datetime, until: datetime) -> Select[Any]:
    """Ids of the items that any transaction changed after `since` and not after `until`."""
    kept = history_table(collection)
    ended = TRANSACTIONS.c.committed_at
    return (
        select(kept.c.id)
        .select_from(committed(collection))
        .where(ended > since, ended <= until)
        .distinct()
    )


def difference(
    collection: Collection,
    since: datetime,
    until: datetime,
    *,
    after: uuid.UUID | None = None,
    limit: int | None = None,
) -> Select[Any]:
    """
    Items that were changed between two times, each as it stood at either, by id.

    Columns of the earlier state begin with `old_`, those of the later with
    `new_`; `old_id` or `new_id` is NULL where there was no such item.

    Parameters
    ----------
    after, limit
        Only items whose id comes after this one, and only so many of them.
    """
    changed = changed_between(collection, since, until).subquery("changed")
    some = select(changed.c.id).order_by(changed.c.id).limit(limit)
    if after is not None:
        some = some.where(changed.c.id > after)
    touched = some.subquery("touched")
    sides: list[Any] = []
    columns: list[Any] = [touched.c.id]
    for name, at in (("old", since), ("new", until)):
        rows = as_of(collection, at).subquery()
        side = (
            select(*rows.c, *_figures(collection, rows))
            .where(rows.c.id.in_(select(touched.c.id)))
            .subquery(name)
        )
        sides.append(side)
        columns += [c.label(f"{name}_{c.name}") for c in side.c]
    old, new = sides
    if collection.geometry is not None:
        columns.append(_metres_between(old.c.geom, new.c.geom).label("moved_m"))
    joined = touched.outerjoin(old, old.c.id == touched.c.id)
    joined = joined.outerjoin(new, new.c.id == touched.c.id)
    return (
        select(*columns)
        .select_from(joined)
        .order_by(touched.c.id)
    )


def _figures(collection: Collection, rows: FromClause) -> list[ColumnElement[Any]]:
    """Geodesic length or area of each row's geometry, as `size`."""
    if collection.geometry is GeometryType.LINE_STRING:
        return [func.ST_Length(cast(rows.c.geom, Geography)).label("size")]
    if collection.geometry is GeometryType.MULTI_POLYGON:
        return [func.ST_Area(cast(rows.c.geom, Geography)).label("size")]
    return []


def _metres_between(
    one: ColumnElement[Any], other: ColumnElement[Any]
) -> ColumnElement[float]:
    return func.ST_Distance(
        cast(func.ST_Centroid(one), Geography), cast(func.ST_Centroid(other), Geography)
    )


def statements() -> list[str]:
    """Functions and triggers that write history, and that keep it as it is written."""
    made = [_ACTOR, _REFUSE, *kept_for_good(TRANSACTIONS.name)]
    for collection in REGISTRY.values():
        made.append(_record_function(collection))
        made += [
            f"CREATE TRIGGER b_history_{event.lower()} AFTER {event} ON {SCHEMA}.{collection.id} "
            f"REFERENCING {transition} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {HISTORY}.record_{collection.id}()"
            for event, transition in TRANSITIONS.items()
        ]
        made.append(_never_truncated(SCHEMA, collection.id))
        made += kept_for_good(collection.id)
    return made


def _never_truncated(schema: str, name: str) -> str:
    return (
        f"CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON {schema}.{name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {HISTORY}.refuse()"
    )


def kept_for_good(name: str) -> list[str]:
    """Triggers that refuse every change of a table of history but additions."""
    return [
        _never_truncated(HISTORY, name),
        f"CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON {HISTORY}.{name} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {HISTORY}.refuse()",
    ]


_ACTOR = f"""
CREATE FUNCTION {HISTORY}.actor() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = {SEARCH_PATH}
AS $$ SELECT nullif(current_setting('gis.person_id', true), '')::uuid $$""".strip()

_REFUSE = f"""
CREATE FUNCTION {HISTORY}.refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = {SEARCH_PATH}
AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('{ERASING}', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is not allowed on %.%: history is only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$""".strip()


# Rows are compared as stored (*<>), so that a version differs from the one before
# it in at least one byte. The two tables of changed rows are joined by hash: see
# `published` on why never by nested loop.
def _record_function(collection: Collection) -> str:
    kept = _kept(table(collection))
    names = ", ".join(kept)
    new, old = (", ".join(f"{row}.{name}" for name in kept) for row in ("n", "o"))
    target = f"{HISTORY}.{collection.id}"
    into = f"{target} (operation, transaction_id, person_id, request_id, {names})"
    touch = {
        "old_rows": _touch(collection, "old_rows"),
        "new_rows": _touch(collection, "new_rows"),
        "both": _touch(collection, "old_rows", "new_rows"),
    }
    return f"""
CREATE FUNCTION {HISTORY}.record_{collection.id}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
SET enable_nestloop = off
AS $$
DECLARE
    here bigint := pg_current_xact_id()::text::bigint;
    who uuid := {HISTORY}.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    items uuid[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO {into}
        SELECT 'delete', here, who, what, {names} FROM old_rows;
        items := ARRAY(SELECT id FROM old_rows);
        IF cardinality(items) > 0 THEN
            {touch["old_rows"]}
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO {into}
        SELECT 'insert', here, who, what, {names} FROM new_rows;
        items := ARRAY(SELECT id FROM new_rows);
        IF cardinality(items) > 0 THEN
            {touch["new_rows"]}
        END IF;
    ELSE
        WITH gone AS (
            INSERT INTO {into}
            SELECT 'delete', here, who, what, {old}
            FROM old_rows o LEFT JOIN new_rows n ON n.id = o.id WHERE n.id IS NULL
            RETURNING id
        )
        SELECT array_agg(id) INTO items FROM gone;
        WITH changed AS (
            INSERT INTO {into}
            SELECT CASE WHEN o.id IS NULL THEN 'insert' ELSE 'update' END, here, who, what, {new}
            FROM new_rows n LEFT JOIN old_rows o ON o.id = n.id WHERE o.id IS NULL OR n *<> o
            RETURNING id
        )
        SELECT items || array_agg(id) INTO items FROM changed;
        IF cardinality(items) > 0 THEN
            {touch["both"]}
        END IF;
    END IF;
    RETURN NULL;
END
$$""".strip()


def _touch(collection: Collection, *rows: str) -> str:
    """A statement that notes the changed items, whose ids the variable `items` holds."""
    places = None
    if collection.geometry is not None:
        places = " UNION ALL ".join(
            f"SELECT geom FROM {each} WHERE id = ANY (items)" for each in rows
        )
    few = f"cardinality(items) <= {TOUCH_LIMIT}"
    return (
        f"PERFORM internal.touch('{collection.id}', 'staff', CASE WHEN {few} THEN items END, "
        f"CASE WHEN {few} THEN {boxes_of(places)} END);"
    )

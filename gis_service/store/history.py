"""
History: every version that every row ever had.

Statement-level triggers copy the rows that a statement made, changed or
deleted into a table of the same columns, in the same transaction. A version's
predecessor is the one before it with the same id, so old and new values are
both there, and each is stored once.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    MetaData,
    Select,
    Table,
    Text,
    func,
    select,
)

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.store.published import TRANSITIONS
from gis_service.store.tables import METADATA, SCHEMA, table

HISTORY = "history"
OWN = ("seq", "operation", "changed_at", "transaction_id", "person_id", "request_id")
"""Columns of a history table that its collection's table does not have."""

METADATA_HISTORY = MetaData(schema=HISTORY, naming_convention=METADATA.naming_convention)


@cache
def history_table(collection: Collection) -> Table:
    """The table that holds every version of a collection's rows."""
    stored = table(collection)
    return Table(
        collection.id,
        METADATA_HISTORY,
        Column("seq", BigInteger, Identity(always=True), primary_key=True),
        Column("operation", Text, nullable=False),
        Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("transaction_id", BigInteger, nullable=False),
        Column("person_id", UUID(as_uuid=True)),
        Column("request_id", Text),
        *(Column(c.name, c.type, nullable=True) for c in _kept(stored)),
        Index(f"{collection.id}_id_seq_idx", "id", "seq"),
        Index(f"{collection.id}_changed_at_idx", "changed_at", postgresql_using="brin"),
    )


def _kept(stored: Table) -> list[Column[Any]]:
    """What is worth keeping: all but the text that search derives from the rest."""
    return [c for c in stored.c if c.name != "search_text"]


def versions_statement(collection: Collection, id_: uuid.UUID) -> Select[Any]:
    """Every version of one item, oldest first."""
    kept = history_table(collection)
    return select(kept).where(kept.c.id == id_).order_by(kept.c.seq)


def as_of(collection: Collection, at: datetime) -> Select[Any]:
    """The collection's rows as they stood at a time."""
    kept = history_table(collection)
    latest = (
        select(kept)
        .where(kept.c.changed_at <= at)
        .distinct(kept.c.id)
        .order_by(kept.c.id, kept.c.seq.desc())
        .subquery("latest")
    )
    columns = [c for c in latest.c if c.name not in OWN]
    return select(*columns).where(latest.c.operation != "delete").order_by(latest.c.id)


def changed_between(collection: Collection, since: datetime, until: datetime) -> Select[Any]:
    """Ids of the items that any statement touched in a span of time."""
    kept = history_table(collection)
    within = (kept.c.changed_at > since) & (kept.c.changed_at <= until)
    return select(kept.c.id).where(within).distinct()


def statements() -> list[str]:
    """Functions and triggers that write history, and that keep it as it is written."""
    made = [_ACTOR, _REFUSE]
    for collection in REGISTRY.values():
        made.append(_record_function(collection))
        made += [
            f"CREATE TRIGGER b_history_{event.lower()} AFTER {event} ON {SCHEMA}.{collection.id} "
            f"REFERENCING {transition} FOR EACH STATEMENT "
            f"EXECUTE FUNCTION {HISTORY}.record_{collection.id}()"
            for event, transition in TRANSITIONS.items()
        ]
        made += [
            f"CREATE TRIGGER a_never_truncate BEFORE TRUNCATE ON {schema}.{collection.id} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {HISTORY}.refuse()"
            for schema in (SCHEMA, HISTORY)
        ]
        made.append(
            f"CREATE TRIGGER a_append_only BEFORE UPDATE OR DELETE ON {HISTORY}.{collection.id} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {HISTORY}.refuse()"
        )
    return made


_ACTOR = f"""
CREATE FUNCTION {HISTORY}.actor() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$ SELECT nullif(current_setting('gis.person_id', true), '')::uuid $$""".strip()

_REFUSE = f"""
CREATE FUNCTION {HISTORY}.refuse() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog
AS $$
BEGIN
    RAISE EXCEPTION '% is not allowed on %.%: history is only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$""".strip()


def _record_function(collection: Collection) -> str:
    names = ", ".join(c.name for c in _kept(table(collection)))
    target = f"{HISTORY}.{collection.id}"
    into = f"{target} (operation, transaction_id, person_id, request_id, {names})"
    values = "pg_current_xact_id()::text::bigint, who, what"
    return f"""
CREATE FUNCTION {HISTORY}.record_{collection.id}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
AS $$
DECLARE
    who uuid := {HISTORY}.actor();
    what text := nullif(current_setting('gis.request_id', true), '');
    changed bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO {into}
        SELECT 'delete', {values}, {names} FROM old_rows;
    ELSE
        INSERT INTO {into}
        SELECT lower(TG_OP), {values}, {names} FROM new_rows;
    END IF;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed > 0 THEN
        PERFORM internal.touch('{collection.id}', 'staff');
    END IF;
    RETURN NULL;
END
$$""".strip()

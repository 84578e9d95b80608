"""
Versions of collections, and what changed between them.

Every transaction that changes what an audience sees of a collection moves that
collection's version by one and leaves one row in `collection_changes`: which
items changed, and where they were and are. Whoever keeps anything read from
the database keeps the version beside it and knows from these rows whether it
still holds. The public's versions and rows tell of public changes only.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import (
    ARRAY,
    UUID,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Double,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    select,
    text,
)

from gis_service.model.collections import REGISTRY
from gis_service.store.history import HISTORY, TRANSACTIONS
from gis_service.store.internal import INTERNAL, METADATA_INTERNAL
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.tables import SCHEMA, SEARCH_PATH
from gis_service.store.touching import TOUCH_LIMIT

CHANNEL = "gis_changes"
"""Notified, without a payload, by every transaction that changed a collection."""
KEPT_CHANGES = 500
"""So many latest changes of each collection are kept; who is further behind reads all anew."""

TOUCHED = Table(
    "touched",
    METADATA_INTERNAL,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("collection", Text, primary_key=True),
    Column("audience", Text, primary_key=True),
    Column("items", ARRAY(UUID(as_uuid=True))),
    Column("boxes", ARRAY(Double)),
)
"""
Collections that running transactions have changed; empty between transactions.

The audience is `public`, `staff`, or the number of a scope. `items` and `boxes` are
as in `collection_changes`. A row without collection and audience marks that a
transaction has come to its end.
"""


def _scope(*, staff: bool) -> list[Column[int]]:
    """
    Whose versions they are: 0 for staff of the whole; the public's are the same for all.

    Where there are scopes, each login sees those of its own alone.
    """
    if not staff:
        return []
    return [
        Column("scope_id", SmallInteger, primary_key=True, server_default=text("0"),
               autoincrement=False)
    ]


def _versions(schema: str, metadata: MetaData, *, staff: bool) -> Table:
    return Table(
        "collection_versions",
        metadata,
        Column("collection", Text, primary_key=True),
        Column("version", BigInteger, nullable=False, server_default=text("0")),
        Column("changed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        *_scope(staff=staff),
        schema=schema,
    )


def _changes(schema: str, metadata: MetaData, *, staff: bool) -> Table:
    """
    `items` changed with a version; `boxes` says where they were and are.

    A box is west, south, east and north in degrees of WGS84; they follow one
    another in one array. Both are NULL when there are too many items to name.
    """
    return Table(
        "collection_changes",
        metadata,
        Column("collection", Text, primary_key=True),
        Column("version", BigInteger, primary_key=True),
        Column("items", ARRAY(UUID(as_uuid=True))),
        Column("boxes", ARRAY(Double)),
        *_scope(staff=staff),
        schema=schema,
    )


STAFF_VERSIONS = _versions(SCHEMA, METADATA_INTERNAL, staff=True)
PUBLIC_VERSIONS = _versions(PUBLISHED, METADATA_INTERNAL, staff=False)
STAFF_CHANGES = _changes(SCHEMA, METADATA_INTERNAL, staff=True)
PUBLIC_CHANGES = _changes(PUBLISHED, METADATA_INTERNAL, staff=False)


def versions_table(*, staff: bool) -> Table:
    """The versions that staff, or the public, may read."""
    return STAFF_VERSIONS if staff else PUBLIC_VERSIONS


def changes_table(*, staff: bool) -> Table:
    """The changes that staff, or the public, may read."""
    return STAFF_CHANGES if staff else PUBLIC_CHANGES


def staff_versions(connection: Connection, collections: Iterable[str]) -> dict[str, int]:
    """The versions of some collections at this moment."""
    versions = STAFF_VERSIONS.c
    found = connection.execute(
        select(versions.collection, versions.version).where(
            versions.collection.in_(sorted(collections))
        )
    )
    return {row.collection: row.version for row in found}


COUNTED = (STAFF_VERSIONS.name, STAFF_CHANGES.name)
"""Tables of these names stand beside the collections, for staff and for the public."""


def statements() -> list[str]:
    """Functions and triggers that count versions, and the versions to begin with."""
    staff = ", ".join(f"('{c}')" for c in REGISTRY)
    public = ", ".join(f"('{c.id}')" for c in published_collections())
    return [
        _TOUCH,
        _WAIT,
        _COUNT,
        f"CREATE CONSTRAINT TRIGGER a_wait AFTER INSERT ON {INTERNAL}.touched "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.audience <> '') "
        f"EXECUTE FUNCTION {INTERNAL}.wait_for_checks()",
        f"CREATE CONSTRAINT TRIGGER b_count AFTER INSERT ON {INTERNAL}.touched "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.audience = '') "
        f"EXECUTE FUNCTION {INTERNAL}.count_versions()",
        f"INSERT INTO {SCHEMA}.collection_versions (collection) VALUES {staff}",
        f"INSERT INTO {PUBLISHED}.collection_versions (collection) VALUES {public}",
    ]


_TOUCH = f"""
CREATE FUNCTION {INTERNAL}.touch(
    collection text, audience text, items uuid[], boxes double precision[]
) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
    INSERT INTO {INTERNAL}.touched AS was (transaction_id, collection, audience, items, boxes)
    VALUES (pg_current_xact_id()::text::bigint, collection, audience, items, boxes)
    ON CONFLICT ON CONSTRAINT touched_pkey DO UPDATE SET
        items = CASE WHEN cardinality(was.items) + cardinality(excluded.items) <= {TOUCH_LIMIT}
            THEN was.items || excluded.items END,
        boxes = CASE WHEN cardinality(was.items) + cardinality(excluded.items) <= {TOUCH_LIMIT}
            THEN was.boxes || excluded.boxes END
$$""".strip()

# Versions are counted when the transaction ends: counted at once, a long load
# would hold their rows and keep every other writer waiting. They are counted
# after all else that waits for the end, hence the second step: a reference that
# is checked while their rows are held could wait for a transaction which itself
# waits for those rows.
_WAIT = f"""
CREATE FUNCTION {INTERNAL}.wait_for_checks() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
BEGIN
    INSERT INTO {INTERNAL}.touched (transaction_id, collection, audience)
    VALUES (NEW.transaction_id, '', '') ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$""".strip()

# The CASE keeps the words of other audiences from being read as numbers.
_SCOPE_TOUCHED = (
    "CASE WHEN t.audience = 'staff' THEN 0 "
    "WHEN t.audience ~ '^[0-9]+$' THEN t.audience::smallint END"
)
_STAFF_ONES = (
    f"(SELECT t.collection, {_SCOPE_TOUCHED} FROM {INTERNAL}.touched t "
    "WHERE t.transaction_id = mine)"
)

# Always in the same order, so that two transactions cannot wait for each other.
# Whoever holds the rows commits next, so times never run against the order of
# commits, not even when the clock is set back by minutes. A clock that was wrong
# by more is not followed: its time would stay for years.
_COUNT = f"""
CREATE FUNCTION {INTERNAL}.count_versions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
DECLARE
    mine bigint := NEW.transaction_id;
    public_ones text[] := ARRAY(SELECT collection FROM {INTERNAL}.touched
        WHERE transaction_id = mine AND audience = 'public');
    public_last timestamptz;
    staff_last timestamptz;
    stamp timestamptz;
BEGIN
    SELECT max(changed_at) INTO public_last FROM (
        SELECT changed_at FROM {PUBLISHED}.collection_versions
        WHERE collection = ANY (public_ones) ORDER BY collection FOR UPDATE) held;
    SELECT max(changed_at) INTO staff_last FROM (
        SELECT changed_at FROM {SCHEMA}.collection_versions
        WHERE (collection, scope_id) IN {_STAFF_ONES}
        ORDER BY collection, scope_id FOR UPDATE) held;
    stamp := greatest(public_last, staff_last);
    IF stamp > clock_timestamp() + interval '5 minutes' THEN
        stamp := NULL;
    END IF;
    stamp := greatest(clock_timestamp(), stamp);
    UPDATE {PUBLISHED}.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (public_ones);
    UPDATE {SCHEMA}.collection_versions SET version = version + 1, changed_at = stamp
    WHERE (collection, scope_id) IN {_STAFF_ONES};
    INSERT INTO {PUBLISHED}.collection_changes (collection, version, items, boxes)
    SELECT collection, version, items, boxes
    FROM {INTERNAL}.touched JOIN {PUBLISHED}.collection_versions USING (collection)
    WHERE transaction_id = mine AND audience = 'public';
    INSERT INTO {SCHEMA}.collection_changes (collection, scope_id, version, items, boxes)
    SELECT t.collection, v.scope_id, v.version, t.items, t.boxes
    FROM {INTERNAL}.touched t JOIN {SCHEMA}.collection_versions v
        ON v.collection = t.collection AND v.scope_id = {_SCOPE_TOUCHED}
    WHERE t.transaction_id = mine;
    DELETE FROM {PUBLISHED}.collection_changes past USING {PUBLISHED}.collection_versions latest
    WHERE past.collection = ANY (public_ones)
        AND latest.collection = past.collection
        AND past.version <= latest.version - {KEPT_CHANGES};
    DELETE FROM {SCHEMA}.collection_changes past USING {SCHEMA}.collection_versions latest
    WHERE (past.collection, past.scope_id) IN {_STAFF_ONES}
        AND latest.collection = past.collection AND latest.scope_id = past.scope_id
        AND past.version <= latest.version - {KEPT_CHANGES};
    PERFORM pg_notify('{CHANNEL}', '');
    INSERT INTO {HISTORY}.{TRANSACTIONS.name} (transaction_id, began_at, committed_at)
    VALUES (mine, now(), stamp) ON CONFLICT DO NOTHING;
    DELETE FROM {INTERNAL}.touched WHERE transaction_id = mine;
    RETURN NULL;
END
$$""".strip()

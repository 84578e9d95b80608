"""Tables that serve the service itself: people, keys, sessions, loads, jobs, versions."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.jobs import JobState
from gis_service.store.history import HISTORY, TRANSACTIONS
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.tables import METADATA, SCHEMA, SEARCH_PATH

INTERNAL = "internal"
METADATA_INTERNAL = MetaData(schema=INTERNAL, naming_convention=METADATA.naming_convention)


def _id() -> Column[object]:
    return Column(
        "id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()
    )


def _time(name: str, *, now: bool = False) -> Column[object]:
    default = {"server_default": func.now(), "nullable": False} if now else {}
    return Column(name, DateTime(timezone=True), **default)  # type: ignore[arg-type]


def _one_of(name: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


STAFF = tuple(a.value for a in Audience if a.is_staff)
JOB_STATES = tuple(state.value for state in JobState)

PEOPLE = Table(
    "people",
    METADATA_INTERNAL,
    _id(),
    Column("name", Text),
    Column("contact", Text),
    _time("created_at", now=True),
    _time("erased_at"),
)
"""What names a person. History knows the id alone, so erasing a name leaves it whole."""

API_KEYS = Table(
    "api_keys",
    METADATA_INTERNAL,
    _id(),
    Column("prefix", Text, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("role", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True), ForeignKey(PEOPLE.c.id), nullable=False),
    Column("ward", Text),
    _time("created_at", now=True),
    _time("expires_at"),
    _time("revoked_at"),
    _time("last_used_at"),
    UniqueConstraint("prefix"),
    _one_of("role", *STAFF),
    CheckConstraint("octet_length(secret_sha256) = 32", name="secret_sha256"),
    Index("api_keys_client_idx", "client"),
)

SESSIONS = Table(
    "sessions",
    METADATA_INTERNAL,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("key_id", UUID(as_uuid=True), ForeignKey(API_KEYS.c.id), nullable=False),
    Column("csrf_token", Text, nullable=False),
    _time("created_at", now=True),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index("sessions_key_id_idx", "key_id"),
)

LOADS = Table(
    "loads",
    METADATA_INTERNAL,
    _id(),
    Column("collection", Text, nullable=False),
    Column("network_id", UUID(as_uuid=True)),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("report", JSONB, nullable=False),
    _time("loaded_at", now=True),
)

JOBS = Table(
    "jobs",
    METADATA_INTERNAL,
    _id(),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    Column("done", BigInteger, nullable=False, server_default=text("0")),
    Column("total", BigInteger),
    Column("message", Text),
    Column("result", JSONB),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("worker", Text),
    _time("created_at", now=True),
    _time("started_at"),
    _time("heartbeat_at"),
    _time("finished_at"),
    _one_of("state", *JOB_STATES),
    Index("jobs_waiting_idx", "created_at", postgresql_where=text("state = 'queued'")),
    Index("jobs_person_id_idx", "person_id"),
)

ATTACHMENTS = Table(
    "attachments",
    METADATA_INTERNAL,
    _id(),
    Column("collection", Text, nullable=False),
    Column("item_id", UUID(as_uuid=True), nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("title", Text),
    Column("person_id", UUID(as_uuid=True)),
    _time("taken_at"),
    _time("created_at", now=True),
    Index("attachments_item_id_idx", "item_id"),
)

OPERATIONS = Table(
    "operations",
    METADATA_INTERNAL,
    _id(),
    Column("device", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("content", JSONB, nullable=False),
    _time("made_at"),
    _time("received_at", now=True),
    _time("applied_at"),
    Column("outcome", Text),
)
"""Field operations as they came, kept raw before they are applied."""

CONFLICTS = Table(
    "conflicts",
    METADATA_INTERNAL,
    _id(),
    Column("operation_id", UUID(as_uuid=True), ForeignKey(OPERATIONS.c.id), nullable=False),
    Column("collection", Text, nullable=False),
    Column("item_id", UUID(as_uuid=True), nullable=False),
    Column("fields", JSONB, nullable=False),
    _time("created_at", now=True),
    _time("settled_at"),
    Column("settled_by", UUID(as_uuid=True)),
    Index("conflicts_operation_id_idx", "operation_id"),
)

TOUCHED = Table(
    "touched",
    METADATA_INTERNAL,
    Column("transaction_id", BigInteger, primary_key=True, autoincrement=False),
    Column("collection", Text, primary_key=True),
    Column("audience", Text, primary_key=True),
)
"""
Collections that running transactions have changed; empty between transactions.

A row without collection and audience marks that a transaction has come to its end.
"""


def _versions(schema: str, metadata: MetaData) -> Table:
    return Table(
        "collection_versions",
        metadata,
        Column("collection", Text, primary_key=True),
        Column("version", BigInteger, nullable=False, server_default=text("0")),
        _time("changed_at", now=True),
        schema=schema,
    )


STAFF_VERSIONS = _versions(SCHEMA, METADATA_INTERNAL)
PUBLIC_VERSIONS = _versions(PUBLISHED, METADATA_INTERNAL)


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
CREATE FUNCTION {INTERNAL}.touch(collection text, audience text) RETURNS void
LANGUAGE sql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
    INSERT INTO {INTERNAL}.touched (transaction_id, collection, audience)
    VALUES (pg_current_xact_id()::text::bigint, collection, audience)
    ON CONFLICT DO NOTHING
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
    staff_ones text[] := ARRAY(SELECT collection FROM {INTERNAL}.touched
        WHERE transaction_id = mine AND audience = 'staff');
    public_last timestamptz;
    staff_last timestamptz;
    stamp timestamptz;
BEGIN
    SELECT max(changed_at) INTO public_last FROM (
        SELECT changed_at FROM {PUBLISHED}.collection_versions
        WHERE collection = ANY (public_ones) ORDER BY collection FOR UPDATE) held;
    SELECT max(changed_at) INTO staff_last FROM (
        SELECT changed_at FROM {SCHEMA}.collection_versions
        WHERE collection = ANY (staff_ones) ORDER BY collection FOR UPDATE) held;
    stamp := greatest(public_last, staff_last);
    IF stamp > clock_timestamp() + interval '5 minutes' THEN
        stamp := NULL;
    END IF;
    stamp := greatest(clock_timestamp(), stamp);
    UPDATE {PUBLISHED}.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (public_ones);
    UPDATE {SCHEMA}.collection_versions SET version = version + 1, changed_at = stamp
    WHERE collection = ANY (staff_ones);
    INSERT INTO {HISTORY}.{TRANSACTIONS.name} (transaction_id, began_at, committed_at)
    VALUES (mine, now(), stamp) ON CONFLICT DO NOTHING;
    DELETE FROM {INTERNAL}.touched WHERE transaction_id = mine;
    RETURN NULL;
END
$$""".strip()

"""Tables that serve the service itself: people, keys, sessions, loads, jobs, field operations."""

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
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.model.audience import Audience
from gis_service.model.field_operations import Outcome
from gis_service.model.jobs import JobState
from gis_service.store.tables import METADATA

INTERNAL = "internal"
METADATA_INTERNAL = MetaData(schema=INTERNAL, naming_convention=METADATA.naming_convention)


SCOPE_OF_LOGIN = "(substring(session_user FROM '_scoped_[a-z]+_([0-9]+)$'))::smallint"
"""The scope that the login of a session is held to, by its name; NULL for all others."""


def _id() -> Column[object]:
    return Column(
        "id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()
    )


def _time(name: str, *, now: bool = False) -> Column[object]:
    default = {"server_default": func.now(), "nullable": False} if now else {}
    return Column(name, DateTime(timezone=True), **default)  # type: ignore[arg-type]


def scope_column() -> Column[object]:
    """The scope of the login that writes a row."""
    return Column("scope_id", SmallInteger, server_default=text(SCOPE_OF_LOGIN))


def _one_of(name: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


STAFF = tuple(a.value for a in Audience if a.is_staff)
OUTCOMES = tuple(outcome.value for outcome in Outcome)
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
    Column("scope_id", SmallInteger, ForeignKey(f"{INTERNAL}.scopes.id")),
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

LOAD_GROUPS = Table(
    "load_groups",
    METADATA_INTERNAL,
    _id(),
    Column("collection", Text, nullable=False),
    Column("network_id", UUID(as_uuid=True)),
    Column("source", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("part_rows", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("learned", JSONB, nullable=False),
    _time("began_at", now=True),
    _time("ended_at"),
    scope_column(),
    Index(
        "load_groups_open_idx", "collection", "source", postgresql_where=text("ended_at IS NULL")
    ),
)
"""
Files that are loaded by parts of `part_rows` rows, each a load of its own.

`asked` sums up the request and the program, so that only the same command goes on with
one; `learned` is what was seen in the whole file that its parts do not show.
"""

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
    Column("outset", Text),
    scope_column(),
    Column("group_id", UUID(as_uuid=True), ForeignKey(LOAD_GROUPS.c.id)),
    Column("place", Integer),
    Index("loads_outset_idx", "outset", postgresql_where=text("outset IS NOT NULL")),
    Index(
        "loads_group_id_idx", "group_id", "place", unique=True,
        postgresql_where=text("group_id IS NOT NULL"),
    ),
)
"""
Loads that were kept. `outset` sums up all that the same load would begin with if it
came again, as it stands after this one; NULL where it could turn out differently. Of a
file that was loaded by parts each is a load, in its `place` from 1.
"""

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
    scope_column(),
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
    Column("sent_sha256", Text, nullable=False),
    Column("operation_id", UUID(as_uuid=True)),
    Column("content", LargeBinary, nullable=False),
    scope_column(),
    Index("attachments_item_id_idx", "item_id"),
)
"""
Photos, made anew by the service: `sha256` is of `content`, `sent_sha256` of what was sent.

They lie in the database, since they are small and few: a photo and its row come
and go in one transaction, and one copy of the database holds them all.
"""

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
    Column("outcome", Text, nullable=False, server_default="waiting"),
    _time("sent_at"),
    Column("role", Text, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("answer", JSONB),
    scope_column(),
    _one_of("outcome", *OUTCOMES),
    _one_of("role", *STAFF),
    Index(
        "operations_waiting_idx", "received_at", postgresql_where=text("outcome = 'waiting'")
    ),
)
"""
Field operations as they came, kept raw before they are applied.

`role` is the sender's when it was received: what was accepted is carried out
even if the key is revoked before.
"""

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
    Column("settlement", JSONB),
    scope_column(),
    Index("conflicts_operation_id_idx", "operation_id"),
)

ANSWERS = Table(
    "answers",
    METADATA_INTERNAL,
    Column("key_sha256", LargeBinary, primary_key=True),
    Column("request_sha256", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    _time("created_at", now=True),
    scope_column(),
    CheckConstraint("octet_length(key_sha256) = 32", name="key_sha256"),
    Index("answers_created_at_idx", "created_at"),
)
"""Answers to edits that carried an idempotency key, for the client that repeats one."""

"""
The record of acts that change no item: keys, people, sessions, exports.

It stands beside history and is kept as that is: added to in the transaction of
the act itself, never changed. People are in it by their ids alone.
"""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Identity,
    Index,
    Insert,
    Table,
    Text,
    func,
    insert,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.model.acts import Act
from gis_service.model.audience import Actor
from gis_service.store.history import METADATA_HISTORY, kept_for_good

ACTS = Table(
    "acts",
    METADATA_HISTORY,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("kind", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("request_id", Text),
    Column("subject_id", UUID(as_uuid=True)),
    Column("details", JSONB, nullable=False, server_default=text("'{}'")),
    Index("acts_at_idx", "at"),
)
"""`person_id` is who acted, by a request; it is NULL for who owns the machine."""
WRITTEN = ("details", "kind", "person_id", "request_id", "subject_id")
"""Columns that whoever acts may fill: the time is the database's own."""


def note(connection: Connection, act: Act, actor: Actor) -> None:
    """Write an act down, in the transaction that does it."""
    connection.execute(noted(act, actor).inline())


def noted(act: Act, actor: Actor) -> Insert:
    """The statement that writes an act down."""
    return insert(ACTS).values(_values(act, actor))


def _values(act: Act, actor: Actor) -> dict[str, Any]:
    return {
        "kind": act.kind.value,
        "person_id": None if actor.person_id is None else uuid.UUID(actor.person_id),
        "request_id": actor.request_id,
        "subject_id": act.subject_id,
        "details": dict(act.details),
    }


def statements() -> list[str]:
    """Triggers that keep the record as it is written."""
    return kept_for_good(ACTS.name)

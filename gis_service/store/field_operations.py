"""Field operations as they came, what became of them, and the conflicts they left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Select, Update, func, insert, literal_column, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_if_absent

from gis_service.model.field_operations import Outcome
from gis_service.store.internal import CONFLICTS, OPERATIONS, SCOPE_OF_LOGIN

MOST_AT_START = 10_000
MOST_SHOWN = 200


def keep_raw(rows: Sequence[dict[str, Any]]) -> Insert:
    """Keep operations as they came; of one that is there already, what is there stays."""
    return insert_if_absent(OPERATIONS).values(list(rows)).on_conflict_do_nothing()


def kept(ids: Sequence[UUID], *, for_update: bool = False) -> Select[Any]:
    """The operations of these ids; `for_update` waits for whoever carries one out."""
    found = select(OPERATIONS).where(OPERATIONS.c.id.in_(ids)).order_by(OPERATIONS.c.id)
    return found.with_for_update() if for_update else found


def waiting() -> Select[Any]:
    """
    Ids of the operations that were kept and not carried out, in the order they came.

    Those of a scope wait for its own login, which may do no more than who sent them.
    """
    return (
        select(OPERATIONS.c.id)
        .where(
            OPERATIONS.c.outcome == Outcome.WAITING.value,
            OPERATIONS.c.scope_id.is_not_distinct_from(literal_column(SCOPE_OF_LOGIN)),
        )
        .order_by(OPERATIONS.c.received_at, OPERATIONS.c.made_at, OPERATIONS.c.id)
        .limit(MOST_AT_START)
    )


def answered(id_: UUID, outcome: Outcome, answer: dict[str, Any]) -> Update:
    """Write down what became of an operation."""
    return (
        update(OPERATIONS)
        .where(OPERATIONS.c.id == id_)
        .values(outcome=outcome.value, answer=answer, applied_at=func.clock_timestamp())
    )


def new_conflict(
    id_: UUID, operation: UUID, collection: str, item: UUID, fields: dict[str, Any]
) -> Insert:
    """A conflict between what an operation says and what stands."""
    return insert(CONFLICTS).values(
        id=id_, operation_id=operation, collection=collection, item_id=item, fields=fields
    )


def open_conflicts(id_: UUID | None = None) -> Select[Any]:
    """The conflicts that nobody has settled, the oldest first, with their operations."""
    found = (
        select(
            CONFLICTS, OPERATIONS.c.device, OPERATIONS.c.made_at, OPERATIONS.c.received_at,
            OPERATIONS.c.sent_at, OPERATIONS.c.person_id,
        )
        .join_from(CONFLICTS, OPERATIONS, CONFLICTS.c.operation_id == OPERATIONS.c.id)
        .where(CONFLICTS.c.settled_at.is_(null()))
        .order_by(CONFLICTS.c.created_at, CONFLICTS.c.id)
        .limit(MOST_SHOWN)
    )
    return found if id_ is None else found.where(CONFLICTS.c.id == id_)


def locked_conflict(id_: UUID) -> Select[Any]:
    """A conflict, whether it is settled or not, held until the end."""
    return select(CONFLICTS).where(CONFLICTS.c.id == id_).with_for_update()


def settled(id_: UUID, person: UUID | None, settlement: dict[str, Any]) -> Update:
    """Write down how a conflict was settled."""
    return (
        update(CONFLICTS)
        .where(CONFLICTS.c.id == id_)
        .values(settled_at=func.clock_timestamp(), settled_by=person, settlement=settlement)
    )


def raw_row(
    id_: UUID,
    *,
    device: str,
    person_id: str | None,
    role: str,
    content: dict[str, Any],
    sha256: bytes,
    made_at: datetime | None,
    sent_at: datetime | None,
) -> dict[str, Any]:
    """The row in which an operation is kept."""
    return {
        "id": id_, "device": device, "person_id": None if person_id is None else UUID(person_id),
        "role": role, "content": content, "content_sha256": sha256, "made_at": made_at,
        "sent_at": sent_at,
    }

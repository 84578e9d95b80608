"""What a phone did in the field: operations as they are sent, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from gis_service.errors import GisError

MOST_OPERATIONS = 100
"""Operations of one request."""
MOST_PHOTOS = 20
LONGEST_DEVICE = 100
CLOCK_TRUSTED_S = 120.0
"""A phone's clock that differs from ours by less is taken for right."""

_MEMBERS = frozenset({
    "id", "kind", "made_at", "item", "target", "values", "base", "geometry", "accuracy_m",
    "photos",
})


class OperationKind(StrEnum):
    """What an operation does."""

    CREATE = "create"
    UPDATE = "update"
    WORK = "work"
    FAULT = "fault"
    MEASUREMENT = "measurement"
    ROUTE = "route"


class Outcome(StrEnum):
    """What became of an operation."""

    WAITING = "waiting"
    APPLIED = "applied"
    MERGED = "merged"
    CONFLICT = "conflict"
    REFUSED = "refused"


class Refused(GisError):
    """
    An operation that cannot be carried out, by a reason of ours.

    Parameters
    ----------
    reason
        Names the words that tell it, in both languages.
    subject
        What it is about: the name of a member, a field, a code.
    """

    def __init__(self, reason: str, subject: str = "") -> None:
        self.reason = reason
        self.subject = subject[:60]
        super().__init__(f"{reason}: {self.subject}" if subject else reason)


@dataclass(frozen=True, slots=True)
class Target:
    """An item that an operation is about."""

    collection: str
    id: UUID


@dataclass(frozen=True, slots=True)
class FieldOperation:
    """
    One thing that somebody did.

    Parameters
    ----------
    item
        The id of what it makes, chosen by the phone; the operation's own where it names none.
    base
        The values that the phone showed before; None where it showed none.
    made_at
        By the phone's clock.
    """

    id: UUID
    kind: OperationKind
    made_at: datetime
    item: UUID
    target: Target | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    base: Mapping[str, Any] | None = None
    geometry: Mapping[str, Any] | None = None
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """
    What became of an operation, without words.

    Parameters
    ----------
    item
        What it made or changed.
    reasons
        Why it was refused, or what else is to be known of it: names of reasons, each with
        what it is about.
    fields
        Fields that disagree with what stands.
    """

    id: str
    outcome: str
    item: Target | None = None
    reasons: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    collection: str | None = None
    made_at: datetime | None = None
    occurred_at: datetime | None = None


def read_operation(value: object) -> FieldOperation:
    """
    An operation from its JSON value.

    Raises
    ------
    Refused
        It has not the form of one; the subject names the member at fault.
    """
    if not isinstance(value, dict):
        raise Refused("malformed")
    unknown = sorted(set(value) - _MEMBERS)
    if unknown:
        raise Refused("malformed", unknown[0])
    id_ = uuid_of(value.get("id"))
    if id_ is None:
        raise Refused("malformed", "id")
    try:
        kind = OperationKind(value.get("kind", ""))
    except ValueError:
        raise Refused("malformed", "kind") from None
    made_at = time_of(value.get("made_at"))
    if made_at is None:
        raise Refused("malformed", "made_at")
    item = _optional_id(value, "item") or id_
    target = _target(value.get("target"), made=item if kind is OperationKind.CREATE else None)
    if target is None and kind in (OperationKind.UPDATE, OperationKind.CREATE):
        raise Refused("malformed", "target")
    accuracy = value.get("accuracy_m")
    if accuracy is not None and (
        isinstance(accuracy, bool) or not isinstance(accuracy, int | float)
        or not 0 <= accuracy < 100_000
    ):
        raise Refused("malformed", "accuracy_m")
    photos = value.get("photos") or []
    if not isinstance(photos, list) or len(photos) > MOST_PHOTOS or not all(map(uuid_of, photos)):
        raise Refused("malformed", "photos")
    return FieldOperation(
        id_, kind, made_at, item, target,
        values=_object(value, "values") or {},
        base=_object(value, "base"),
        geometry=_object(value, "geometry"),
        accuracy_m=accuracy,
    )


def corrected(made_at: datetime, sent_at: datetime | None, received_at: datetime) -> datetime:
    """
    When something was done, by the server's clock.

    The phone says when it did it and when it sends it; by how much its clock is
    wrong when it sends, it was wrong when it did it. Nothing was done later than
    it was received.
    """
    at = made_at
    if sent_at is not None and abs((received_at - sent_at).total_seconds()) > CLOCK_TRUSTED_S:
        try:
            at = made_at + (received_at - sent_at)
        except OverflowError:
            at = received_at
    return min(at, received_at)


def uuid_of(value: object) -> UUID | None:
    """The UUID that a text spells in the usual way, in small or capital letters."""
    try:
        id_ = UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return id_ if id_ is not None and str(id_) == str(value).lower() else None


def time_of(value: object) -> datetime | None:
    """The time that a text spells as RFC 3339 has it, in UTC; None when it is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            return None
        at = at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    margin = timedelta(days=366)
    return at if datetime.min.replace(tzinfo=UTC) + margin < at < _END - margin else None


_END = datetime.max.replace(tzinfo=UTC)


def _optional_id(value: Mapping[str, Any], name: str) -> UUID | None:
    given = value.get(name)
    if given is None:
        return None
    id_ = uuid_of(given)
    if id_ is None:
        raise Refused("malformed", name)
    return id_


def _target(given: object, *, made: UUID | None) -> Target | None:
    """The target; the one of an item that is `made` has that item's id."""
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("collection"), str):
        raise Refused("malformed", "target")
    id_ = made or uuid_of(given.get("id"))
    if id_ is None:
        raise Refused("malformed", "target")
    return Target(given["collection"], id_)


def _object(value: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    given = value.get(name)
    if given is not None and not isinstance(given, dict):
        raise Refused("malformed", name)
    return given

"""The audit: who did what, when, as one list of all that is written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gis_service.model.acts import ActKind

EDITED, LOADED, PUBLISHED = "edited", "loaded", "published"
KINDS: tuple[str, ...] = (EDITED, LOADED, PUBLISHED, *ActKind)
"""What can be done; the first three are read from history, loads and publications."""
OWNER = "owner"
"""Stands for the person where the owner of the machine acted, on the command line."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the list, whose newest entry comes first: entries of this time, from `key` on."""

    at: datetime
    key: str


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """
    Which entries are wanted.

    Parameters
    ----------
    person
        Who acted, or `OWNER`.
    since, until
        From this time on, and before this time.
    before
        Only entries that come after this place in the list.
    """

    person: UUID | str | None = None
    collection: str | None = None
    item: UUID | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: Place | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One act; of a transaction that changed several collections, one for each.

    Parameters
    ----------
    person
        The name of who acted, where it is still known.
    item_id
        The item, where exactly one was changed.
    inserted, updated, deleted
        Versions written of the collection's items.
    subject_id, subject
        The person whom it concerns.
    """

    at: datetime
    key: str
    kind: str
    person_id: UUID | None
    person: str | None
    request_id: str | None
    collection: str | None
    item_id: UUID | None
    inserted: int
    updated: int
    deleted: int
    subject_id: UUID | None
    subject: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries, the newest first, and where the next page begins; None at the end."""

    entries: tuple[Entry, ...]
    following: Place | None

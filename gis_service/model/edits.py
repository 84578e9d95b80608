"""Edits as they are asked for, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gis_service.errors import GisError
from gis_service.model.fields import Collection
from gis_service.model.queries import CRS84, ServedCrs
from gis_service.model.reports import RowFault
from gis_service.model.rights import Operation


@dataclass(frozen=True, slots=True)
class Condition:
    """
    What must be true of an item for an edit to be made.

    Parameters
    ----------
    exists
        It is there, in whatever version.
    versions
        Its version is one of these; None asks for no certain one.
    unmodified_since
        It was not changed after this time.
    absent
        It is not there.
    not_versions
        Its version is none of these.
    """

    exists: bool = False
    versions: frozenset[int] | None = None
    unmodified_since: datetime | None = None
    absent: bool = False
    not_versions: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Edit:
    """
    One thing to do to one item.

    Parameters
    ----------
    id
        The item; of one that is created the id that the client chose, if any.
    feature
        The GeoJSON Feature, or of an update the merge patch (RFC 7396) to it.
    crs
        Of the feature's coordinates.
    withheld
        Whether a new item is for staff alone, whoever makes it.
    """

    operation: Operation
    collection: Collection
    id: UUID | None = None
    feature: Mapping[str, Any] | None = None
    crs: ServedCrs = CRS84
    condition: Condition = Condition()
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Edited:
    """
    What became of an edit.

    Parameters
    ----------
    feature
        The item as its editor now sees it: a finished GeoJSON Feature; None
        when it was deleted.
    changed
        False when the item was as asked for already.
    """

    edit: Edit
    id: UUID
    feature: bytes | None
    version: int | None
    updated_at: datetime | None
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer, which is kept where the request may be repeated."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Repeatable:
    """
    A request that may be sent twice and must be carried out once.

    Parameters
    ----------
    key
        What the client calls it.
    owner
        Whose call it is: the same word of another client is another request.
    fingerprint
        SHA-256 of what is asked.
    """

    key: str
    owner: str
    fingerprint: bytes


class EditRejected(GisError):
    """An item as it would be breaks rules; `faults` says which and where."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        more = f" (and {len(self.faults) - 1} more)" if len(self.faults) > 1 else ""
        where = f"{first.column}: " if first.column else ""
        super().__init__(f"Nothing was changed. {where}{first.message}{more}")


class BatchRejected(GisError):
    """Operations of a batch failed, so none was carried out; `errors` are by position from 0."""

    def __init__(self, errors: Mapping[int, GisError], *, of: int) -> None:
        self.errors = dict(errors)
        super().__init__(
            f"Nothing was changed: {len(self.errors)} of {of} operations cannot be carried out."
        )

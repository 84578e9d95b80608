"""Publications: what the public saw when somebody stood by it, and what has moved since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum


class Moved(StrEnum):
    """What became of a row in what the public sees."""

    ADDED = "added"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Publication:
    """
    A publication.

    Parameters
    ----------
    moved_on
        Whether anything that the public sees has changed since.
    """

    number: int
    published_at: datetime
    moved_on: bool

    def document(self) -> dict[str, object]:
        """As programs read it."""
        return {
            "number": self.number,
            "published_at": self.published_at.astimezone(UTC).isoformat(timespec="seconds"),
            "moved_on": self.moved_on,
        }


@dataclass(frozen=True, slots=True)
class Row:
    """
    An item of a public collection.

    Parameters
    ----------
    moved
        None where nothing is said of that.
    added_at
        When it came from the field, where it did.
    """

    collection: str
    id: str
    name: str
    visibility: str | None
    moved: Moved | None = None
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CollectionChanges:
    """
    What changed of one collection in the public's eyes.

    Parameters
    ----------
    shown
        How many rows the public sees now.
    counts
        How many rows were added, changed, withdrawn.
    rows
        The first of them.
    """

    collection: str
    shown: int
    counts: dict[Moved, int]
    rows: tuple[Row, ...]

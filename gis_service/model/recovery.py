"""What is kept so that the database can be put back to any moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BaseCopy:
    """
    A copy of the server's files, from which its log of changes is followed.

    Parameters
    ----------
    made_at
        When it was complete: the first moment to which it can be brought.
    start
        Number of the first segment of the log that it needs.
    postgresql
        Version of the server, as it tells it.
    database_bytes
        Size of the server's files when they are unpacked.
    """

    name: str
    made_at: datetime
    start: int
    postgresql: str
    database_bytes: int
    size: int


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where to stop: before a transaction, or at a moment; at neither, the end.

    Parameters
    ----------
    before_transaction
        Number of the first transaction that is left out.
    moment
        What was committed until then is in.
    """

    moment: datetime | None = None
    before_transaction: int | None = None


@dataclass(frozen=True, slots=True)
class LoadSeen:
    """A load that a state holds; `transaction` is the number of the one that made it."""

    id: UUID
    collection: str
    source: str
    transaction: int
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """
    What a state of the database holds.

    Parameters
    ----------
    loads
        The oldest first.
    changes
        Transactions that changed items, those of the loads among them.
    newest
        When the last of them was committed; None when there is none.
    """

    loads: tuple[LoadSeen, ...]
    changes: int
    newest: datetime | None

    def load(self, id_: UUID) -> LoadSeen | None:
        return next((each for each in self.loads if each.id == id_), None)


@dataclass(frozen=True, slots=True)
class Reached:
    """
    The state that was put back, and the newest one of which it is an earlier part.

    Parameters
    ----------
    ended_jobs
        Jobs that had not ended at that moment; they are not repeated.
    """

    state: Held
    newest: Held
    ended_jobs: int

    @property
    def lost_loads(self) -> tuple[LoadSeen, ...]:
        """Loads that came after."""
        there = {each.id for each in self.state.loads}
        return tuple(each for each in self.newest.loads if each.id not in there)

    @property
    def lost_changes(self) -> int:
        """Transactions that came after, those of loads among them."""
        return self.newest.changes - self.state.changes

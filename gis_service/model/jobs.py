"""Long work: what a job is and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

Json = Mapping[str, Any]
"""A JSON object."""
WORKER_STOPPED_WITHIN_S = 10
"""After SIGTERM; then the kernel ends the process."""


class JobState(StrEnum):
    """Where a job stands; the last three are for ever."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in {JobState.QUEUED, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class Job:
    """
    One piece of long work.

    Parameters
    ----------
    payload
        What its kind needs to know.
    person_id
        Who asked for it, and so may see it; None for the command line.
    done, total
        Steps (rows, pages) done and in all; total None while that is not known.
    message
        What it is at, or what became of it, in plain words.
    attempts
        How often a worker has begun it.
    scope_id
        The scope of who asked for it, within which it is done; None for the whole.
    """

    id: UUID
    kind: str
    payload: Json
    person_id: UUID | None
    state: JobState
    cancel_requested: bool
    done: int
    total: int | None
    message: str | None
    result: Json | None
    attempts: int
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    heartbeat_at: datetime | None
    finished_at: datetime | None
    scope_id: int | None = None


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a running job is."""

    done: int
    total: int | None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class LoadRecord:
    """
    A load that was committed; history's `request_id` is its id.

    Parameters
    ----------
    group_id, place
        Of a part of a file that is loaded by parts: what holds them together, and which
        part it is, from 1.
    """

    id: UUID
    collection: str
    network_id: UUID | None
    source: str
    sha256: str
    person_id: UUID | None
    report: Json
    loaded_at: datetime
    group_id: UUID | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class LoadGroup:
    """
    A file that is loaded by parts, each a load of its own.

    Parameters
    ----------
    asked
        A sum over the request and the program.
    part_rows
        Rows of each part; the last may have fewer.
    rows
        Of the file.
    learned
        What was seen in the whole file that its parts do not show.
    ended_at
        When the last part was kept; None while some are missing.
    """

    id: UUID
    collection: str
    network_id: UUID | None
    source: str
    sha256: str
    asked: str
    part_rows: int
    rows: int
    learned: Json
    began_at: datetime
    ended_at: datetime | None

    @property
    def parts(self) -> int:
        """How many there are when all are kept."""
        return -(-self.rows // self.part_rows)

    def span(self, place: int) -> tuple[int, int]:
        """The rows of a part, counted from 0: the first, and the one behind the last."""
        return (place - 1) * self.part_rows, min(place * self.part_rows, self.rows)

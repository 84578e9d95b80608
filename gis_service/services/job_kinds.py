"""What a kind of long work is, and what a running job works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from gis_service.model.fields import Text
from gis_service.model.jobs import Job, Json
from gis_service.services.uploads import exports
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.roles import Login


class Report(Protocol):
    """Tells how far a job is; may end it, when somebody asked to cancel it."""

    def __call__(self, done: int, total: int | None, message: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class JobContext:
    """
    What a running job works with.

    Parameters
    ----------
    databases
        Under the login of each kind of work. Sessions carry the job's name, so
        that they can be ended with it.
    """

    job: Job
    settings: Settings
    databases: Mapping[Login, Database]
    report: Report

    @property
    def exports(self) -> Path:
        """The job's own folder for what it writes for its owner."""
        return exports(self.settings) / str(self.job.id)


@dataclass(frozen=True, slots=True)
class Kind:
    """
    A kind of long work.

    Parameters
    ----------
    resumable
        Whether it may be begun again after a worker ended in the middle of it.
    run
        Does it and returns its result. It is ended by `KeyboardInterrupt`
        wherever it stands, and must then leave nothing half done.
    outcome
        The result of an earlier run that came to its end although its worker
        could not say so any more; None when there is none.
    """

    id: str
    title: Text
    resumable: bool
    run: Callable[[JobContext], Json]
    outcome: Callable[[Connection, Job], Json | None] = lambda connection, job: None

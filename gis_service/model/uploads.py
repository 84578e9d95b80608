"""Files that come in through the browser: how each stands, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gis_service.model.jobs import Job, JobState, Json
from gis_service.model.reports import LoadRejected, LoadReport


class UploadState(StrEnum):
    """
    Where an uploaded file stands; it follows from its jobs.

    A file is looked at, then tried by a load that changes nothing, then loaded.
    """

    LOOKING = "looking"
    UNREADABLE = "unreadable"
    INSPECTED = "inspected"
    TRYING = "trying"
    UNTRIED = "untried"
    TRIED = "tried"
    LOADING = "loading"
    FAILED = "failed"
    LOADED = "loaded"
    REMOVED = "removed"

    @property
    def is_busy(self) -> bool:
        """Whether a job of it waits or runs."""
        return self in {UploadState.LOOKING, UploadState.TRYING, UploadState.LOADING}


class RowOutcome(StrEnum):
    """
    What a load makes of one row of its file.

    `ASIDE` is an object of a package that is kept for the exchange and becomes no
    row; `ABSENT` an item that the file lacks.
    """

    REFUSED = "refused"
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ASIDE = "aside"
    ABSENT = "absent"


COUNTED: Mapping[RowOutcome, str] = {
    RowOutcome.NEW: "inserted",
    RowOutcome.CHANGED: "updated",
    RowOutcome.UNCHANGED: "unchanged",
    RowOutcome.REFUSED: "rejected",
    RowOutcome.ASIDE: "set_aside",
    RowOutcome.ABSENT: "decommissioned",
}
"""Where a report counts each outcome."""


def counts_of(report: LoadReport) -> dict[str, int]:
    """How many rows a report counts by outcome."""
    return {name: int(getattr(report, name)) for name in COUNTED.values()}


@dataclass(frozen=True, slots=True)
class Upload:
    """
    An uploaded file and its jobs.

    Parameters
    ----------
    source
        Its name, made harmless.
    inspection, trial, load
        The jobs that look at it, try it and load it; the last of each.
    removed_at
        When the file itself was taken away.
    """

    id: UUID
    source: str
    bytes: int
    sha256: str
    person_id: UUID | None
    created_at: datetime
    removed_at: datetime | None
    inspection: Job
    trial: Job | None
    load: Job | None

    @property
    def state(self) -> UploadState:  # noqa: PLR0911 - one for each
        if self.load is not None:
            if not self.load.state.is_final:
                return UploadState.LOADING
            done = self.load.state is JobState.DONE
            return UploadState.LOADED if done else UploadState.FAILED
        if self.trial is None and self.inspection.state in {JobState.FAILED, JobState.CANCELLED}:
            return UploadState.UNREADABLE
        if self.removed_at is not None:
            return UploadState.REMOVED
        if self.trial is not None:
            if not self.trial.state.is_final:
                return UploadState.TRYING
            done = self.trial.state is JobState.DONE
            return UploadState.TRIED if done else UploadState.UNTRIED
        if not self.inspection.state.is_final:
            return UploadState.LOOKING
        return UploadState.INSPECTED

    @property
    def job(self) -> Job:
        """The job on which its state depends."""
        return self.load or self.trial or self.inspection


@dataclass(frozen=True, slots=True)
class DoneLoad:
    """
    A load that was committed.

    Parameters
    ----------
    report
        As `LoadReport.as_json` gives it; in a list without the faults.
    undone
        Whether another load has taken it back.
    """

    id: UUID
    collection: str
    source: str
    sha256: str
    person_id: UUID | None
    report: Json
    loaded_at: datetime
    undone: bool


class OutcomeDiffers(LoadRejected):
    """What a load would make of its rows is not what somebody confirmed; nothing was loaded."""

    def __init__(self, report: LoadReport) -> None:
        super().__init__(report)
        self.args = (
            "Nothing was loaded: the data here has changed since the file was checked, so its "
            "rows would become something else now. Check it again, look, and confirm.",
        )

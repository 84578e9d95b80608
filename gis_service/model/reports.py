"""What a load tells of itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """An error rejects its row; a warning lets it pass and says what looks odd."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class RowFault:
    """
    One rule that one row breaks.

    Parameters
    ----------
    row
        Number of the row in its file, counted from 1 (a CSV's header not counted).
        0 when the fault is of the file as a whole.
    column
        The column as the file names it; empty for the row as a whole.
    rule
        Stable id of the rule, such as `unknown-code`.
    value
        The value as it was found, shortened.
    message
        What is wrong and what to do, in plain words.
    """

    row: int
    column: str
    rule: str
    value: str
    message: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class LoadReport:
    """
    The outcome of loading one file into one collection.

    Every row read is inserted, updated, unchanged or rejected.
    """

    source: str
    collection: str
    network: str | None
    read: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    faults: tuple[RowFault, ...] = ()
    crs: str = ""
    unmapped: tuple[str, ...] = ()
    dry_run: bool = False
    duration_s: float = 0.0
    notes: tuple[str, ...] = field(default=())

    @property
    def errors(self) -> tuple[RowFault, ...]:
        return tuple(f for f in self.faults if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[RowFault, ...]:
        return tuple(f for f in self.faults if f.severity is Severity.WARNING)

"""What a load tells of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from itertools import islice
from typing import Any

from gis_service.errors import GisError
from gis_service.model.fields import Text


class Severity(StrEnum):
    """
    An error rejects its row; a warning lets it pass and says what looks odd.

    Information is for the quality report alone: nothing is wrong, but someone may want to know.
    """

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One rule that rows are checked by.

    Parameters
    ----------
    id
        Stable: it stands in reports that are kept.
    title
        What is wrong with a row that breaks it.
    remedy
        What to do about it.
    severity
        What becomes of the row.
    """

    id: str
    title: Text
    remedy: Text
    severity: Severity = Severity.ERROR

    def as_json(self) -> dict[str, Any]:
        """The rule as a JSON object, in both languages."""
        return {
            "id": self.id,
            "severity": self.severity.value,
            "title": {"en": self.title.en, "sw": self.title.sw},
            "remedy": {"en": self.remedy.en, "sw": self.remedy.sw},
        }


@dataclass(frozen=True, slots=True)
class RowFault:
    """
    One rule that one row breaks.

    Parameters
    ----------
    row
        Number of the row in its file, counted from 1 (a CSV's header not counted); in a
        workbook the number that its sheet shows.
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


_TOKENS = 10_000
"""Pieces of JSON that are written together."""
REASONS = ("rejected_row", "rejected_by", "rejected_because", "rejected_remedy")
"""
Columns beside the rows of a file of rejects: number, rules, reasons, what to do.

A load passes over them, so a corrected file loads as it is.
"""


@dataclass(frozen=True, slots=True)
class LoadReport:
    """
    The outcome of loading one file into one collection.

    Every row read is inserted, updated, unchanged, rejected or, of a package, set
    aside: kept for the exchange without becoming a row. `load_id` finds
    the load among `loads` and in history; it is empty when nothing was kept.
    `decommissioned` are items that the file does not hold any more. `undoes` is the
    load that this one took back, and `removed` what that one had added. `faults` are by
    row; where they are many, they are read from disk as they are asked for, and of a report
    that was kept they may be only the first of `faults_found`.
    """

    source: str
    collection: str
    network: str | None
    read: int
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    set_aside: int = 0
    decommissioned: int = 0
    removed: int = 0
    undoes: str = ""
    faults: Sequence[RowFault] = ()
    crs: str = ""
    unmapped: tuple[str, ...] = ()
    dry_run: bool = False
    duration_s: float = 0.0
    notes: tuple[str, ...] = field(default=())
    load_id: str = ""
    faults_found: int = 0

    @property
    def errors(self) -> tuple[RowFault, ...]:
        return tuple(f for f in self.faults if f.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[RowFault, ...]:
        return tuple(f for f in self.faults if f.severity is Severity.WARNING)

    def as_json(self, *, most_faults: int | None = None) -> dict[str, Any]:
        """
        The report as a JSON object.

        Parameters
        ----------
        most_faults
            Keep the first so many, and note how many there were.
        """
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["faults"] = [asdict(fault) for fault in self.faults[:most_faults]]
        if most_faults is not None and len(self.faults) > most_faults:
            values["faults_found"] = len(self.faults)
            values["notes"] = (
                *self.notes, f"Only the first {most_faults:,} of {len(self.faults):,} faults are "
                "kept here; a dry run of the file lists all."
            )
        return values

    def written(self) -> Iterator[str]:
        """The report as JSON text for people, piece by piece, however many faults it has."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["faults"] = _Faults(self.faults)
        encoder = json.JSONEncoder(ensure_ascii=False, indent=2, default=str)
        tokens = encoder.iterencode(values)
        while piece := "".join(islice(tokens, _TOKENS)):
            yield piece

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> LoadReport:
        """The report that `as_json` wrote."""
        faults = (RowFault(**{**f, "severity": Severity(f["severity"])}) for f in values["faults"])
        lists = {name: tuple(values[name]) for name in ("unmapped", "notes")}
        return cls(**{**values, **lists, "faults": tuple(faults)})


class _Faults(list[Any]):
    """Faults as a list for an encoder, each made an object when it is its turn."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        super().__init__()
        self._faults = faults

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Iterator[Any]:
        return map(asdict, self._faults)


class SyncUnconfirmed(GisError):
    """Items that a file does not hold any more would be marked, and nobody said yes."""

    def __init__(self, collection: str, network: str, keys: Sequence[str]) -> None:
        self.count = len(keys)
        shown = ", ".join(keys[:10]) + (" ..." if len(keys) > 10 else "")
        super().__init__(
            f"Nothing was loaded: {self.count:,} items of {collection} in the network {network} "
            f"are not in the file and would be marked decommissioned: {shown}. Confirm it with "
            "--yes."
        )


class LoadRejected(GisError):
    """
    Rows are at fault, so nothing was loaded; `report` says which and why.

    `kept` tells whether other parts of the file were, which `report` counts.
    """

    kept = False

    def __init__(self, report: LoadReport) -> None:
        self.report = report
        super().__init__(
            f"Nothing was loaded: {report.rejected:,} of {report.read:,} rows are at fault. "
            "Correct them, or load the others with --accept-partial."
        )

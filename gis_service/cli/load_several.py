"""Several files in one command: each a load of its own, and one summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gis_service.cli.reports import printable
from gis_service.errors import GisError
from gis_service.model.reports import LoadRejected, LoadReport


@dataclass(frozen=True, slots=True)
class _Outcome:
    path: Path
    report: LoadReport | None = None
    refused: str = ""


def load_several(
    paths: Sequence[Path], passed_over: Sequence[Path], load: Callable[[Path], LoadReport | None]
) -> None:
    """
    Load files one after the other, and tell of all of them at the end.

    A file that is refused stops none of the others; the command then ends as
    failed.

    Parameters
    ----------
    load
        Loads one file and tells of it; no report when it only queues it.
    """
    outcomes = []
    for path in paths:
        try:
            outcomes.append(_Outcome(path, load(path)))
        except LoadRejected as error:
            outcomes.append(_Outcome(path, error.report, str(error)))
        except GisError as error:
            outcomes.append(_Outcome(path, refused=str(error)))
    console = Console(highlight=False, soft_wrap=True)
    console.print(_summary(outcomes))
    if passed_over:
        names = ", ".join(sorted(path.name for path in passed_over))
        console.print(f"Passed over, of no format that is read: {escape(printable(names))}")
    failed = [outcome for outcome in outcomes if outcome.refused]
    console.print("Each file arrived whole or not at all.")
    if failed:
        console.print(f"{len(failed):,} of {len(outcomes):,} files were refused:")
        for outcome in failed:
            console.print(f"  {escape(printable(f'{outcome.path.name}: {outcome.refused}'))}")
        sys.exit(1)


def _summary(outcomes: Sequence[_Outcome]) -> Table:
    table = Table("file", "read", "inserted", "updated", "unchanged", "rejected", "", box=None)
    for outcome in outcomes:
        report = outcome.report
        counts = ["", "", "", "", ""] if report is None else [
            f"{count:,}" for count in (
                report.read, report.inserted, report.updated, report.unchanged, report.rejected
            )
        ]
        said = "refused" if outcome.refused else "" if report else "queued"
        table.add_row(escape(printable(outcome.path.name)), *counts, said)
    return table

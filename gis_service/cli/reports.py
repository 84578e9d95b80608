"""A load's report, as people read it on a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gis_service.model.reports import LoadReport, RowFault, Severity
from gis_service.model.rules import RULES

_EXAMPLES = 3


def print_report(report: LoadReport, *, rejected: bool, written: Path | None) -> None:
    """What was read and what became of it; the first examples of each fault."""
    console = Console(highlight=False, soft_wrap=True)
    where = f" of {report.network}" if report.network else ""
    console.print(f"[bold]{escape(report.source)}[/] into {report.collection}{escape(where)}")
    if report.crs:
        console.print(f"  CRS        {escape(report.crs)}")
    rate = f", {report.read / report.duration_s:,.0f} rows/s" if report.duration_s else ""
    console.print(f"  read       {report.read:,} rows in {report.duration_s:.1f} s{rate}")
    if not rejected:
        console.print(f"  inserted   {report.inserted:,}")
        console.print(f"  updated    {report.updated:,}")
        console.print(f"  unchanged  {report.unchanged:,}")
        if report.set_aside:
            console.print(f"  set aside  {report.set_aside:,} that are kept for the exchange only")
        if report.removed:
            console.print(f"  removed    {report.removed:,}")
        if report.decommissioned:
            console.print(f"  decommissioned {report.decommissioned:,} that the file lacks")
    console.print(f"  rejected   {report.rejected:,}")
    if report.unmapped:
        console.print(f"  no field   {escape(', '.join(report.unmapped))} (kept as extra)")
    for note in report.notes:
        console.print(f"  note       {escape(printable(note))}")
    if report.faults:
        console.print(_summary(report.faults))
    if written is not None:
        which = "The first" if report.faults_found > len(report.faults) else "All"
        console.print(f"  {which} {len(report.faults):,} faults: [bold]{escape(str(written))}[/]")
    if report.load_id:
        console.print(f"  load       {report.load_id}")
    if report.dry_run:
        console.print("  A dry run: the database is as it was.")


def _summary(faults: Iterable[RowFault]) -> Table:
    table = Table("rule", "severity", "rows", "what, and the first examples", box=None)
    counts: Counter[tuple[str, Severity]] = Counter()
    examples: dict[tuple[str, Severity], list[RowFault]] = {}
    for fault in faults:
        of = (fault.rule, fault.severity)
        counts[of] += 1
        if counts[of] <= _EXAMPLES:
            examples.setdefault(of, []).append(fault)
    for (rule, severity), count in counts.most_common():
        first = examples[rule, severity]
        lines = [f"[bold]{RULES[rule].title.en}[/]"]
        for fault in first:
            value = f" {fault.value[:60]!r}" if fault.value else ""
            place = f"row {fault.row}" if fault.row else "file"
            lines.append(escape(printable(f"{place}, {fault.column}{value}: {fault.message}")))
        table.add_row(rule, severity.value, f"{count:,}", "\n".join(lines))
    return table


def printable(text: str) -> str:
    """Without the control characters that move a terminal's cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)

"""`gis load`: a file into a collection."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from gis_service.bootstrap import open_database
from gis_service.errors import LoadRejected
from gis_service.model.reports import LoadReport, RowFault
from gis_service.services.loading import LoadRequest, load_file
from gis_service.services.loading import Progress as Reporter
from gis_service.settings import read_settings
from gis_service.store.roles import Login
from gis_service.validation.rules import RULES

BAR_ROWS = 5_000
"""Shorter loads show no progress bar."""
INTERRUPTED = 130
_EXAMPLES = 3
_FAULT_COLUMNS = ("row", "column", "rule", "severity", "value", "message")


def _pairs(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for value in values:
        name, equals, other = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"write it as NAME=VALUE, not {value!r}", param=parameter)
        if name in pairs:
            raise click.BadParameter(f"{name!r} is given twice", param=parameter)
        pairs[name] = other
    return pairs


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--collection", required=True, help="What the rows are: offices, network_nodes ...")
@click.option("--network", help="The network that they belong to; needed if there are several.")
@click.option("--layer", help="The layer to load from a file with several.")
@click.option("--map", "mapping", metavar="THEIRS=OURS", multiple=True, callback=_pairs,
              help="The file's column THEIRS is our field OURS. A dot reaches into objects "
              "(start.id=start_node); OURS empty leaves the column out, `extra` keeps it as it "
              "is, `longitude` and `latitude` place a CSV file's rows.")
@click.option("--set", "constants", metavar="FIELD=VALUE", multiple=True, callback=_pairs,
              help="One value for all rows, for a field that the file lacks.")
@click.option("--crs", metavar="EPSG:n",
              help="Coordinate reference system of a file that states none.")
@click.option("--encoding", help="Encoding of text that is not UTF-8, such as cp1252.")
@click.option("--make-ids", is_flag=True,
              help="Make identifiers from each row's content, for a file that has none.")
@click.option("--dry-run", is_flag=True, help="Report what would happen; change nothing.")
@click.option("--accept-partial", is_flag=True,
              help="Load the good rows although others are at fault.")
@click.option("--faults", "faults_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to write the rows at fault [default: FILE-faults.csv, here].")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def load(  # noqa: PLR0917 - click passes them by name
    file: Path,
    collection: str,
    network: str | None,
    layer: str | None,
    mapping: dict[str, str],
    constants: dict[str, str],
    crs: str | None,
    encoding: str | None,
    make_ids: bool,
    dry_run: bool,
    accept_partial: bool,
    faults_file: Path | None,
    as_json: bool,
) -> None:
    """
    Load FILE (GeoPackage, GeoJSON, zipped Shapefile or CSV) into a collection.

    The file arrives whole or not at all, and the same file twice changes nothing.
    Rows at fault are listed and written to a file.

    \b
    Examples:
      ./gis load offices.csv --collection offices --dry-run
      ./gis load wards.zip --collection wards --map wardcode=code --map ward=name
      ./gis load clinics.geojson --collection offices --map "Facility name=name" \\
          --set office_type=health --set connection=unknown --make-ids --accept-partial
    """
    request = LoadRequest(
        path=file,
        collection=collection,
        network=network,
        layer=layer,
        mapping=mapping,
        constants=constants,
        crs=crs,
        encoding=encoding,
        dry_run=dry_run,
        accept_partial=accept_partial,
        make_ids=make_ids,
    )
    settings = read_settings()
    rejected: LoadRejected | None = None
    try:
        with open_database(settings, Login.LOADER) as database, _bar() as progress:
            try:
                report = load_file(database, settings, request, progress=progress)
            except LoadRejected as error:
                rejected, report = error, error.report
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was loaded, the database is as it was.", err=True)
        sys.exit(INTERRUPTED)
    written = _write_faults(report, faults_file or Path(f"{file.stem}-faults.csv"))
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        _print(report, rejected=rejected is not None, written=written)
    if rejected is not None:
        raise rejected


@contextmanager
def _bar() -> Iterator[Reporter | None]:
    """A progress bar on a terminal, once it is known that the load is long."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("[bold]Loading"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s"), TimeElapsedColumn(), TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("rows", total=None, visible=False, rate=0.0)

        def report(done: int, total: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(
                task, completed=done, total=total, visible=total > BAR_ROWS,
                rate=done / elapsed if elapsed else 0.0,
            )

        yield report


def _write_faults(report: LoadReport, path: Path) -> Path | None:
    """The rows at fault as CSV; cells that a table program would compute are made harmless."""
    if not report.faults:
        return None
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_FAULT_COLUMNS)
        for fault in report.faults:
            writer.writerow(
                (fault.row, _harmless(fault.column), fault.rule, fault.severity.value,
                 _harmless(fault.value), _harmless(fault.message))
            )
    return path


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _print(report: LoadReport, *, rejected: bool, written: Path | None) -> None:
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
    console.print(f"  rejected   {report.rejected:,}")
    if report.unmapped:
        console.print(f"  no field   {escape(', '.join(report.unmapped))} (kept as extra)")
    for note in report.notes:
        console.print(f"  note       {escape(_printable(note))}")
    if report.faults:
        console.print(_summary(report.faults))
    if written is not None:
        console.print(f"  All {len(report.faults):,} faults: [bold]{escape(str(written))}[/]")
    if report.dry_run:
        console.print("  A dry run: the database is as it was.")


def _summary(faults: tuple[RowFault, ...]) -> Table:
    table = Table("rule", "severity", "rows", "what, and the first examples", box=None)
    for (rule, severity), count in Counter((f.rule, f.severity) for f in faults).most_common():
        first = [f for f in faults if (f.rule, f.severity) == (rule, severity)][:_EXAMPLES]
        lines = [f"[bold]{RULES[rule].title.en}[/]"]
        for fault in first:
            value = f" {fault.value[:60]!r}" if fault.value else ""
            place = f"row {fault.row}" if fault.row else "file"
            lines.append(escape(_printable(f"{place}, {fault.column}{value}: {fault.message}")))
        table.add_row(rule, severity.value, f"{count:,}", "\n".join(lines))
    return table


def _printable(text: str) -> str:
    """Without the control characters that move a terminal's cursor."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)

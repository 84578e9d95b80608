"""`gis load`: a file into a collection."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from gis_service.cli.load_several import load_several
from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.cli.reports import print_report
from gis_service.formats.folders import files_at
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.installation import open_database
from gis_service.model.parts import Parts
from gis_service.model.reports import LoadRejected, LoadReport
from gis_service.services.jobs import enqueue_load
from gis_service.services.loading import LoadRequest, load_file
from gis_service.services.loading import Progress as Reporter
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database
from gis_service.store.roles import Login

BAR_ROWS = 5_000
"""Shorter loads show no progress bar."""
INTERRUPTED = 130
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
@click.argument("files", metavar="FILE...", nargs=-1, required=True,
                type=click.Path(path_type=Path))
@click.option("--collection", help="What the rows are: offices, network_nodes ... A package of "
              "the Open Fibre Data Standard says it itself.")
@click.option("--network", help="The network that they belong to; needed if there are several.")
@click.option("--ofds-version", help="Version of the Open Fibre Data Standard, for a package "
              "that does not say it.")
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
@click.option("--multi", type=click.Choice([each.value for each in Parts]),
              default=Parts.MERGE.value, show_default=True,
              help="Points and lines of several parts: merge parts that join, split them into "
              "rows X-1, X-2, or refuse them.")
@click.option("--dry-run", is_flag=True, help="Report what would happen; change nothing.")
@click.option("--accept-partial", is_flag=True,
              help="Load the good rows although others are at fault.")
@click.option("--faults", "faults_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to write the rows at fault [default: FILE-faults.csv, here].")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--background", is_flag=True,
              help="Let the running service load it; `gis jobs` tells how it stands.")
@click.pass_context
def load(  # noqa: PLR0917 - click passes them by name
    context: click.Context,
    files: tuple[Path, ...],
    collection: str | None,
    network: str | None,
    ofds_version: str | None,
    layer: str | None,
    mapping: dict[str, str],
    constants: dict[str, str],
    crs: str | None,
    encoding: str | None,
    make_ids: bool,
    multi: str,
    dry_run: bool,
    accept_partial: bool,
    faults_file: Path | None,
    as_json: bool,
    background: bool,
) -> LoadReport | None:
    """
    Load FILE into a collection: GeoPackage, GeoJSON, Shapefile, KML, KMZ, GPX,
    FlatGeobuf, GeoParquet, CSV or XLSX. A folder stands for the files in it.

    A package of the Open Fibre Data Standard needs no --collection: each of its
    networks arrives with all that belongs to it, and nothing of it is altered.

    Each file arrives whole or not at all, and the same file twice changes nothing.
    Rows at fault are listed and written to a file.

    \b
    Examples:
      ./gis load offices.csv --collection offices --dry-run
      ./gis load wards.zip --collection wards --map wardcode=code --map ward=name
      ./gis load clinics.geojson --collection offices --map "Facility name=name" \\
          --set office_type=health --set connection=unknown --make-ids --accept-partial
      ./gis load links.gpkg --collection fibre_links --background
      ./gis load survey/ --collection network_nodes --crs EPSG:32736
      ./gis load backbone-ofds.json --network backbone
    """
    found = files_at(files)
    if len(found.files) > 1:
        _must_fit_several(faults_file, as_json=as_json)
        options = context.params
        load_several(
            found.files, found.passed_over,
            lambda path: context.invoke(load, **(options | {"files": (path,)})),
        )
        return None
    file = found.files[0]
    settings = read_settings()
    if collection is None:
        if background:
            raise click.UsageError("A package is loaded while you wait; leave --background out.")
        package = PackageRequest(
            path=_package(file), network=network, version=ofds_version, constants=constants,
            dry_run=dry_run,
        )
        return _run(
            lambda database, progress: load_package(
                database, settings, package, progress=progress
            ),
            settings, file, faults_file, as_json=as_json,
        )
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
        multi=multi,
    )
    if background:
        if faults_file is not None:
            raise click.UsageError("--faults is for a load that is waited for; `gis jobs show ID "
                                   "--json` lists the faults of one in the background.")
        _enqueue(settings, request, as_json=as_json)
        return None
    return _run(
        lambda database, progress: load_file(database, settings, request, progress=progress),
        settings, file, faults_file, as_json=as_json,
    )


def _package(file: Path) -> Path:
    """A file that says by itself what its rows are."""
    if file.exists() and ofds_form(file) is None:
        raise click.UsageError(
            f"{file.name} is no package of the Open Fibre Data Standard. Say what its rows are "
            "with --collection, such as --collection offices."
        )
    return file


def _run(
    work: Callable[[Database, Reporter | None], LoadReport],
    settings: Settings,
    file: Path,
    faults_file: Path | None,
    *,
    as_json: bool,
) -> LoadReport:
    """Load, and tell what became of it."""
    rejected: LoadRejected | None = None
    try:
        with open_database(settings, Login.LOADER) as database, _bar() as progress:
            try:
                report = work(database, progress)
            except LoadRejected as error:
                rejected, report = error, error.report
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was loaded, the database is as it was.", err=True)
        sys.exit(INTERRUPTED)
    written = _write_faults(report, faults_file or Path(f"{file.stem}-faults.csv"))
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
    else:
        print_report(report, rejected=rejected is not None, written=written)
    if rejected is not None:
        raise rejected
    return report


def _must_fit_several(faults_file: Path | None, *, as_json: bool) -> None:
    for option, given in (("--faults", faults_file is not None), ("--json", as_json)):
        if given:
            raise click.UsageError(f"{option} is for one file; load them one by one.")


def _enqueue(settings: Settings, request: LoadRequest, *, as_json: bool) -> None:
    with open_database(settings, Login.LOADER) as database:
        job = enqueue_load(database, settings, request)
    if as_json:
        say(json.dumps({"job": str(job.id)}))
        return
    say(f"Job {job.id}")
    if settings.database_url is None and ServiceProcess(settings).state() is None:
        say("No service runs here: it waits until ./gis up.")
    say(f"  ./gis jobs wait {job.id}")


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

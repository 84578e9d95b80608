"""`gis load`: a file into a collection."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from gis_service.cli.load_bar import loading_bar
from gis_service.cli.load_by_parts import by_parts
from gis_service.cli.load_reports import rejects_of, report_files, write_reports
from gis_service.cli.load_several import load_several
from gis_service.cli.packages import as_one_package
from gis_service.cli.process import ServiceProcess
from gis_service.cli.progress import say
from gis_service.cli.reports import print_report
from gis_service.formats.folders import files_at
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.installation import open_database
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.parts import HEIGHTS, Heights, Parts
from gis_service.model.reports import LoadRejected, LoadReport, SyncUnconfirmed
from gis_service.services.load_requests import LoadRequest
from gis_service.services.load_requests import Progress as Reporter
from gis_service.services.loading import load_file
from gis_service.services.loading_by_parts import PART_ROWS
from gis_service.services.mappings import SavedMapping, read_mapping
from gis_service.services.ofds_loading import PackageRequest, load_package
from gis_service.services.syncing import ANY_NUMBER
from gis_service.settings import Settings, read_settings
from gis_service.store.database import Database
from gis_service.store.roles import Login
from gis_service.validation.columns import KEPT
from gis_service.validation.topology import SNAP_M

INTERRUPTED = 130
_Work = Callable[[Database, Reporter | None], LoadReport]
_SHARED = ("", KEPT)
"""Targets of a mapping that several columns may have."""


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
@click.option("--read-only/--editable", "read_only", default=None,
              help="Whether a package's network is another owner's, which nobody edits here.")
@click.option("--layer", help="The layer to load from a file with several.")
@click.option("--map", "mapping", metavar="THEIRS=OURS", multiple=True, callback=_pairs,
              help="The file's column THEIRS is our field OURS. A dot reaches into objects "
              "(start.id=start_node); OURS empty leaves the column out, `extra` keeps it as it "
              "is, `longitude` and `latitude` place a CSV file's rows.")
@click.option("--set", "constants", metavar="FIELD=VALUE", multiple=True, callback=_pairs,
              help="One value for all rows, for a field that the file lacks.")
@click.option("--mapping", "mapping_file", type=click.Path(path_type=Path, dir_okay=False),
              help="A mapping that `gis inspect --save-mapping` wrote; what is named here wins.")
@click.option("--accept-codes", is_flag=True,
              help="Take values for the codes that they only resemble, too.")
@click.option("--crs", metavar="EPSG:n",
              help="Coordinate reference system of a file that states none.")
@click.option("--encoding", help="Encoding of text that is not UTF-8, such as cp1252.")
@click.option("--make-ids", is_flag=True,
              help="Make identifiers from each row's content, for a file that has none.")
@click.option("--multi", type=click.Choice([each.value for each in Parts]),
              default=Parts.MERGE.value, show_default=True,
              help="Points and lines of several parts: merge parts that join, split them into "
              "rows X-1, X-2, or refuse them.")
@click.option("--heights", type=click.Choice([each.value for each in Heights]),
              default=Heights.DROP.value, show_default=True,
              help="Heights and measures (Z, M): drop them, or keep the geometry with them beside "
              f"the fields, as `{HEIGHTS}`.")
@click.option("--snap", "snap_m", type=click.FloatRange(min=0, max=50), default=SNAP_M,
              show_default=True, metavar="METRES",
              help="Links that end so near to a node end at it; 0 moves none.")
@click.option("--create-nodes", is_flag=True,
              help="Make nodes where links end and none is, one for all that meet.")
@click.option("--dry-run", is_flag=True, help="Report what would happen; change nothing.")
@click.option("--accept-partial", is_flag=True,
              help="Load the good rows although others are at fault.")
@click.option("--faults", "faults_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Where to write the rows at fault [default: FILE-faults.csv, here].")
@click.option("--report", "reports", multiple=True, callback=report_files,
              type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the report to a page (.html), .json or .csv; a .gpkg takes the rejected "
              "rows with the reasons, to be corrected and loaded again. May be repeated.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True,
              help="The language of the page's own words.")
@click.option("--sync", is_flag=True,
              help="Mark what the file does not hold any more as decommissioned; you are asked.")
@click.option("--yes", is_flag=True, help="With --sync: do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--by-parts", "part_rows", metavar="[ROWS]", is_flag=False,
              flag_value=str(PART_ROWS), type=click.IntRange(min=1),
              help=f"Keep every so many rows as soon as they are loaded [{PART_ROWS:,}]: what was "
              "interrupted or refused goes on behind them when the same command is given again.")
@click.option("--background", is_flag=True,
              help="Let the running service load it; `gis jobs` tells how it stands.")
@click.pass_context
def load(  # noqa: PLR0917 - click passes them by name
    context: click.Context,
    files: tuple[Path, ...],
    collection: str | None,
    network: str | None,
    ofds_version: str | None,
    read_only: bool | None,
    layer: str | None,
    mapping: dict[str, str],
    constants: dict[str, str],
    mapping_file: Path | None,
    accept_codes: bool,
    crs: str | None,
    encoding: str | None,
    make_ids: bool,
    multi: str,
    heights: str,
    snap_m: float,
    create_nodes: bool,
    dry_run: bool,
    accept_partial: bool,
    faults_file: Path | None,
    reports: tuple[Path, ...],
    language: str,
    sync: bool,
    yes: bool,
    as_json: bool,
    part_rows: int | None,
    background: bool,
) -> LoadReport | None:
    """
    Load FILE into a collection: GeoPackage, GeoJSON, Shapefile, KML, KMZ, GPX,
    FlatGeobuf, GeoParquet, CSV or XLSX. A folder stands for the files in it.

    A package of the Open Fibre Data Standard needs no --collection: each of its
    networks arrives with all that belongs to it, and nothing of it is altered. Its
    GeoJSON or CSV files are one package, in a folder or named together.

    Each file arrives whole or not at all, and the same file twice changes nothing;
    --by-parts each part of it does.
    Rows at fault are listed and written to a file.

    \b
    Examples:
      ./gis load offices.csv --collection offices --dry-run
      ./gis load wards.zip --collection wards --map wardcode=code --map ward=name
      ./gis load clinics.geojson --collection offices --map "Facility name=name" \\
          --set office_type=health --set connection=unknown --make-ids --accept-partial
      ./gis load sites.zip --mapping sites.toml --dry-run
      ./gis load sites.csv --collection network_nodes --report faults.html --report fix.gpkg
      ./gis load sites.csv --collection network_nodes --network kisii --sync
      ./gis load links.gpkg --collection fibre_links --background
      ./gis load survey/ --collection network_nodes --crs EPSG:32736
      ./gis load backbone-ofds.json --network backbone --read-only --sync
      ./gis load country.gpkg --collection fibre_links --network backbone --by-parts
    """
    found = files_at(files)
    if collection is None and mapping_file is None:
        with as_one_package(found.files) as whole:
            if whole is not None:
                report: LoadReport = context.invoke(
                    load, **(context.params | {"files": (whole,)})
                )
                return report
    if len(found.files) > 1:
        _must_fit_several(faults_file, reports, as_json=as_json, sync=sync)
        options = context.params
        load_several(
            found.files, found.passed_over,
            lambda path: context.invoke(load, **(options | {"files": (path,)})),
        )
        return None
    file = found.files[0]
    settings = read_settings()
    told = _Told(faults_file, reports, "sw" if language == "sw" else "en", as_json)
    saved = SavedMapping() if mapping_file is None else read_mapping(mapping_file)
    collection = collection or saved.collection
    if collection is None:
        if part_rows is not None:
            raise click.UsageError("A package arrives whole; leave --by-parts out.")
        if background:
            raise click.UsageError("A package is loaded while you wait; leave --background out.")
        if rejects_of(reports) is not None:
            raise click.UsageError("A .gpkg of rejects goes with --collection.")
        package = PackageRequest(
            path=_package(file), network=network, version=ofds_version, constants=constants,
            dry_run=dry_run, read_only=read_only, sync=sync, sync_most=ANY_NUMBER if yes else 0,
        )
        return _confirmed(
            lambda most: lambda database, progress: load_package(
                database, settings, package if most is None else replace(package, sync_most=most),
                progress=progress,
            ),
            settings, file, told,
        )
    request = LoadRequest(
        path=file,
        collection=collection,
        network=network or saved.network,
        layer=layer or saved.layer,
        mapping=_columns(saved, mapping),
        constants={**saved.constants, **constants},
        codes=saved.codes,
        accept_codes=accept_codes or saved.accept_codes,
        mapped_by=mapping_file.name if mapping_file is not None else None,
        crs=crs or saved.crs,
        encoding=encoding or saved.encoding,
        dry_run=dry_run,
        accept_partial=accept_partial,
        multi=multi,
        heights=heights,
        make_ids=make_ids or saved.make_ids,
        rejects=rejects_of(reports),
        sync=sync,
        sync_most=ANY_NUMBER if yes else 0,
        snap_m=snap_m,
        create_nodes=create_nodes,
    )
    if part_rows is not None and not dry_run:
        if background:
            raise click.UsageError("A load by parts is waited for; leave --background out.")
        return _run(by_parts(settings, request, part_rows), settings, file, told)
    if background:
        if faults_file is not None or reports:
            raise click.UsageError("--faults and --report are for a load that is waited for; "
                                   "`gis jobs show ID --json` tells of one in the background.")
        _enqueue(settings, request, as_json=as_json)
        return None
    return _confirmed(
        lambda most: lambda database, progress: load_file(
            database, settings, request if most is None else replace(request, sync_most=most),
            progress=progress,
        ),
        settings, file, told,
    )


def _confirmed(
    work: Callable[[int | None], _Work], settings: Settings, file: Path, told: _Told
) -> LoadReport:
    """
    Load, and ask before items are marked as decommissioned.

    Parameters
    ----------
    work
        Gives the load that marks so many at most; None for as many as was said before.
    """
    try:
        return _run(work(None), settings, file, told)
    except SyncUnconfirmed as asked:
        if not sys.stdin.isatty():
            raise
        click.echo(str(asked), err=True)
        if not click.confirm("Mark them?", err=True):
            raise click.Abort from None
        return _run(work(asked.count), settings, file, told)


@dataclass(frozen=True, slots=True)
class _Told:
    """How a load is told of."""

    faults_file: Path | None
    reports: tuple[Path, ...]
    language: Language
    as_json: bool


def _package(file: Path) -> Path:
    """A file that says by itself what its rows are."""
    if file.exists() and ofds_form(file) is None:
        raise click.UsageError(
            f"{file.name} is no package of the Open Fibre Data Standard. Say what its rows are "
            "with --collection, such as --collection offices; ./gis inspect FILE proposes it."
        )
    return file


def _run(
    work: _Work,
    settings: Settings,
    file: Path,
    told: _Told,
) -> LoadReport:
    """Load, and tell what became of it."""
    rejected: LoadRejected | None = None
    try:
        with open_database(settings, Login.LOADER) as database, loading_bar() as progress:
            try:
                report = work(database, progress)
            except LoadRejected as error:
                rejected, report = error, error.report
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was loaded, the database is as it was.", err=True)
        sys.exit(INTERRUPTED)
    faults_file = told.faults_file or Path(f"{file.stem}-faults.csv")
    nothing = rejected is not None and not rejected.kept
    written = write_reports(report, [faults_file], "en", rejected=False) if report.faults else []
    also = write_reports(
        report, told.reports, told.language, rejected=nothing,
        service=settings.public_base_url,
    )
    if told.as_json:
        for piece in report.written():
            click.echo(piece, nl=False)
        click.echo()
    else:
        print_report(
            report, rejected=nothing, written=written[0] if written else None
        )
        for path in also:
            say(f"  report     {path}")
    if rejected is not None:
        raise rejected
    return report


def _must_fit_several(
    faults_file: Path | None, reports: tuple[Path, ...], *, as_json: bool, sync: bool
) -> None:
    asked = {"--faults": faults_file, "--report": reports, "--json": as_json, "--sync": sync}
    for option, given in asked.items():
        if given:
            raise click.UsageError(f"{option} is for one file; load them one by one.")


def _columns(saved: SavedMapping, named: dict[str, str]) -> dict[str, str]:
    """Fields by column; a field that the command line names is taken from there."""
    left = {c: f for c, f in saved.columns.items() if f not in named.values() or f in _SHARED}
    return {**left, **named}


def _enqueue(settings: Settings, request: LoadRequest, *, as_json: bool) -> None:
    from gis_service.services.jobs import enqueue_load  # noqa: PLC0415 - brings every service

    with open_database(settings, Login.LOADER) as database:
        job = enqueue_load(database, settings, request)
    if as_json:
        say(json.dumps({"job": str(job.id)}))
        return
    say(f"Job {job.id}")
    if settings.database_url is None and ServiceProcess(settings).state() is None:
        say("No service runs here: it waits until ./gis up.")
    say(f"  ./gis jobs wait {job.id}")

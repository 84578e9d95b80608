"""`gis quality`: what is wrong with a package of the Open Fibre Data Standard."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import ExitStack
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gis_service.bootstrap import open_network_exports
from gis_service.cli.country import (
    open_reader,
    quality_here,
    scheduler_option,
    worker_memory_option,
)
from gis_service.cli.packages import as_one_package
from gis_service.cli.progress import say
from gis_service.cli.reports import printable
from gis_service.formats.folders import files_at
from gis_service.installation import open_database
from gis_service.model.audience import Audience
from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.quality import Finding, QualityReport
from gis_service.model.reports import Severity
from gis_service.services.country.cluster import Cluster, open_cluster
from gis_service.services.country.quality import quality_by_network
from gis_service.services.quality import (
    QualityRequest,
    quality_of_file,
    quality_of_network,
    quality_page,
    quality_workbook,
)
from gis_service.settings import Settings, read_settings
from gis_service.validation.geometry import KENYA

_RULES = {rule.id: rule for rule in QUALITY_RULES}
_EXAMPLES = 3
_WRITERS = {".html": quality_page, ".xlsx": quality_workbook}


@click.command()
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--network", "networks", metavar="ID", multiple=True,
              help="A network of the database instead of a file.")
@click.option("--json", "json_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write all findings here as JSON; - prints them.")
@click.option("--report", "report_file", type=click.Path(path_type=Path, dir_okay=False),
              help="Write the report here for people: .html or .xlsx.")
@click.option("--before", type=click.Path(path_type=Path, dir_okay=False),
              help="The package as it was before: tells what moved backwards since.")
@click.option("--ofds-version", "version", metavar="VERSION",
              help="Version of the standard, where the package does not say it.")
@click.option("--region", nargs=4, type=float, default=KENYA, metavar="W S E N",
              help="Degrees between which networks should lie.  [default: Kenya]")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True,
              help="The language of the report for people.")
@scheduler_option
@worker_memory_option
def quality(  # noqa: PLR0917 - click passes them by name
    files: tuple[Path, ...],
    networks: tuple[str, ...],
    json_file: Path | None,
    report_file: Path | None,
    before: Path | None,
    version: str | None,
    region: tuple[float, float, float, float],
    language: Language,
    scheduler: str | None,
    worker_mb: int,
) -> None:
    """
    Tell the quality of a package of the Open Fibre Data Standard (OFDS).

    FILE is a package of anybody's, in any form that is read, or the files or the
    folder of its GeoJSON or CSV form; --network checks
    one of ours. It is checked against the standard's schema, its other rules,
    and against the ground: ends away from their nodes, swapped coordinates,
    spans given twice. Nothing is loaded or changed.

    \b
    Examples:
      ./gis quality backbone.json
      ./gis quality backbone.json --report quality.html --json quality.json
      ./gis quality backbone.json --before backbone-2025.json
      ./gis quality --network kisii --report kisii.html --language sw
      ./gis quality --network kisii --network nyamira --scheduler local:2 --json both.json
    """
    if report_file is not None and report_file.suffix.lower() not in _WRITERS:
        endings = ", ".join(_WRITERS)
        raise click.UsageError(f"{report_file.name!r} does not end with one of {endings}.")
    if bool(files) == bool(networks):
        raise click.UsageError("Name one file, or a network with --network.")
    if scheduler is not None and files:
        raise click.UsageError("--scheduler is for networks of the database, not for a file.")
    settings = read_settings()
    request = QualityRequest(version=version, region=region, before=before)
    if files:
        report = _of_files(settings, files, request)
    else:
        with open_database(settings), ExitStack() as stack:
            cluster = None
            if scheduler is not None:
                cluster = stack.enter_context(open_cluster(scheduler, worker_mb=worker_mb))
            report = asyncio.run(_of_networks(settings, networks, request, cluster))
    as_json = json.dumps(report.as_json(), ensure_ascii=False, indent=2)
    if str(json_file) == "-":
        click.echo(as_json)
        return
    _print(report, language)
    if json_file is not None:
        _write(json_file, as_json.encode())
    if report_file is not None:
        writer = _WRITERS[report_file.suffix.lower()]
        _write(report_file, writer(report, settings, language))


def _of_files(
    settings: Settings, files: tuple[Path, ...], request: QualityRequest
) -> QualityReport:
    found = files_at(files).files
    with as_one_package(found) as whole:
        if whole is None and len(found) > 1:
            raise click.UsageError("Name one file, or the files of one package.")
        return quality_of_file(settings, whole or found[0], request)


async def _of_networks(
    settings: Settings,
    networks: tuple[str, ...],
    request: QualityRequest,
    cluster: Cluster | None,
) -> QualityReport:
    if cluster is not None:
        async with open_reader(settings) as reader:
            return await quality_by_network(
                reader, cluster, quality_here, settings, networks=networks, request=request
            )
    async with open_network_exports(settings, Audience.PLANNER) as exports:
        return await quality_of_network(exports, settings, networks, request)


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise click.ClickException(
            f"{path} cannot be written: {error.strerror or error}"
        ) from None
    finally:
        part.unlink(missing_ok=True)
    say(f"{path} written ({len(content) / 1000:,.0f} kB)")


def _print(report: QualityReport, language: Language) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(report.source)}[/] ({escape(report.form)})")
    for each in report.networks:
        stated = "" if each.stated else " (it does not say so)"
        objects = ", ".join(f"{count:,} {name}" for name, count in each.objects.items())
        console.print(escape(printable(
            f"  {each.name or each.id}: OFDS {each.version}{stated}; {objects}; "
            f"{each.route_km:,.1f} km of routes"
        )))
    for note in report.notes:
        console.print(escape(printable(f"  note: {note}")))
    verdict = "follows" if report.conforms else "BREAKS"
    totals = ", ".join(f"{report.total(each):,} {_PLURAL[each]}" for each in Severity)
    console.print(f"  It {verdict} the rules of the standard. Found: {totals}.")
    if report.counts:
        console.print(_table(report, language))
    if report.additional:
        names = ", ".join(f"{each.path} ({each.count:,})" for each in report.additional)
        console.print(escape(printable(f"  Properties that the standard does not know: {names}")))


_PLURAL = {
    Severity.ERROR: "errors", Severity.WARNING: "warnings", Severity.INFO: "for information",
}


def _table(report: QualityReport, language: Language) -> Table:
    table = Table("rule", "severity", "count", "what it means, what to do, and examples", box=None)
    for count in report.counts:
        rule = _RULES[count.rule]
        found = [
            f for f in report.findings if (f.rule, f.severity) == (count.rule, count.severity)
        ]
        worst = sorted(found, key=lambda f: -float(f.details.get("gap_m", 0)))[:_EXAMPLES]
        lines = [f"[bold]{escape(rule.title[language])}.[/] {escape(rule.remedy[language])}"]
        lines += [escape(printable(_example(each))) for each in worst]
        table.add_row(
            count.rule, count.severity.value, f"{count.count:,}", "\n".join(lines)
        )
    return table


def _example(finding: Finding) -> str:
    place = "/".join(map(str, finding.path))
    who = f"{finding.kind} {finding.name or finding.id}".strip()
    return f"{who}: {finding.message} [{place}]"

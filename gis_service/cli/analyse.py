"""`gis analyse`: the processes on the command line."""

from __future__ import annotations

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from gis_service.bootstrap import open_services
from gis_service.cli.country import (
    SPREAD,
    open_spread,
    scheduler_option,
    worker_memory_option,
)
from gis_service.formats.strict_json import parse_json
from gis_service.installation import addresses_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.fields import LANGUAGES, Field
from gis_service.model.processes import PROCESSES, Process
from gis_service.ogc.process_inputs import parse_inputs
from gis_service.ogc.processes import answer_bytes
from gis_service.services.country.cluster import Cluster, open_cluster
from gis_service.settings import Settings, read_settings

READER = Principal(Audience.ADMIN)


@click.command()
@click.argument("process", required=False)
@click.argument("inputs", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; else the answer is printed.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True,
              help="The language of texts in the answer.")
@scheduler_option
@worker_memory_option
def analyse(  # noqa: PLR0917 - click passes them by name
    process: str | None, inputs: tuple[str, ...], out: Path | None, language: str,
    scheduler: str | None, worker_mb: int,
) -> None:
    """
    Ask PROCESS of the whole network; without one, list them.

    Items are named by their id, their identifier in files, or their name; a
    geometry by a file of GeoJSON, as NAME=@FILE. The answer is JSON or GeoJSON.

    \b
    Examples:
      ./gis analyse
      ./gis analyse trace office=KSI-O-041
      ./gis analyse dig-safe works=@trench.geojson distance_m=5 --out links.geojson
      ./gis analyse coverage by=ward --scheduler local:2 --out coverage.geojson
    """
    if process is None:
        for each in PROCESSES.values():
            click.echo(f"{click.style(each.id, bold=True)}: {each.title.en}")
            for given in each.inputs:
                needed = " (needed)" if given.field.required else ""
                click.echo(f"    {given.name}{needed}: {given.field.description.en}")
        return
    described = PROCESSES.get(process)
    if described is None:
        raise click.UsageError(f"There is no process {process!r}. Known: {', '.join(PROCESSES)}.")
    values = parse_inputs(described, dict(_pair(described, each) for each in inputs))
    if scheduler is not None and process not in SPREAD:
        raise click.UsageError(f"With --scheduler these can be asked: {', '.join(SPREAD)}.")
    settings = read_settings()
    with open_database(settings), ExitStack() as stack:
        cluster = None
        if scheduler is not None:
            cluster = stack.enter_context(open_cluster(scheduler, worker_mb=worker_mb))
        answer = asyncio.run(_run(settings, described, values, language, cluster))
    content = answer_bytes(answer, indented=True)
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}") from None
    click.echo(f"Written to {out}", err=True)


def _pair(process: Process, text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"{text!r} is not NAME=VALUE.")
    given = process.by_name.get(name)
    if given is None or isinstance(given.field, Field) or not value.startswith("@"):
        return name, value
    path = Path(value[1:])
    try:
        document = parse_json(path.read_bytes())
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        features = document.get("features") or []
        if len(features) != 1:
            raise click.UsageError(f"{path} holds {len(features)} features; one is needed.")
        document = features[0]
    return name, document


async def _run(
    settings: Settings, process: Process, values: dict[str, Any], language: str,
    cluster: Cluster | None,
) -> dict[str, Any]:
    opened = (
        open_services(settings, addresses_of(settings)) if cluster is None
        else open_spread(settings, cluster)
    )
    async with opened as services:
        return await services.analyses.run(
            process, values, READER, "sw" if language == "sw" else "en"
        )

"""`gis report`: the report to the board, as a file."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import click

from gis_service.bootstrap import open_services
from gis_service.cli.progress import say
from gis_service.cli.writing import check_out, write_whole
from gis_service.installation import addresses_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.fields import LANGUAGES
from gis_service.services.board import ReportFormat
from gis_service.settings import Settings, read_settings

READER = Principal(Audience.PLANNER)


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; its ending says the format: .pdf, .html or .xlsx.")
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True,
              help="The language of the report.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]),
              help="The day since which progress is told.  [default: a year ago]")
@click.option("--budget", type=click.FloatRange(min=0, min_open=True), metavar="KES",
              help="What the proposals may cost together; without it, all that can be reached.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def report(
    out: Path, language: str, since: datetime | None, budget: float | None, force: bool
) -> None:
    """
    Write the report to the board: coverage, progress, risks, proposals with costs.

    For staff and board: it tells what the public may not see. The file appears
    when it is whole.

    \b
    Examples:
      ./gis report --out report.pdf
      ./gis report --language sw --out ripoti.pdf --since 2026-01-01 --budget 5000000
      ./gis report --out tables.xlsx
    """
    try:
        kind = ReportFormat(out.suffix.lstrip(".").lower())
    except ValueError:
        endings = ", ".join(f".{each}" for each in ReportFormat)
        raise click.UsageError(f"{out.name!r} does not end with one of {endings}.") from None
    check_out(out, force=force)
    settings = read_settings()
    with open_database(settings):
        content = asyncio.run(_made(settings, kind, language, since, budget))
    write_whole(out, content)
    say(f"{out} written ({len(content) / 1000:,.0f} kB): for staff and board, not for the public")


async def _made(
    settings: Settings, kind: ReportFormat, language: str, since: datetime | None,
    budget: float | None,
) -> bytes:
    async with open_services(settings, addresses_of(settings)) as services:
        return await services.board.report(
            READER,
            "sw" if language == "sw" else "en",
            format=kind,
            since=since.date() if since else None,
            budget_kes=budget,
        )

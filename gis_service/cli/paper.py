"""`gis labels` and `gis sheets`: what staff take along on paper, as files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from gis_service.bootstrap import Services, open_services
from gis_service.cli.progress import say
from gis_service.cli.writing import check_out, write_whole
from gis_service.installation import addresses_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.model.collections import LABELLED
from gis_service.model.fields import LANGUAGES, Language
from gis_service.printing.labels import LabelSize
from gis_service.settings import read_settings

READER = Principal(Audience.TECHNICIAN)

_out = click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
                    help="The PDF file to write.")
_language = click.option("--language", type=click.Choice(LANGUAGES), default="en",
                         show_default=True, help="The language of the pages.")
_force = click.option("--force", is_flag=True, help="Replace a file that is there.")


@click.command()
@click.option("--ward", metavar="CODE",
              help="Only what stands in this ward.  [default: everything]")
@click.option("--collection", type=click.Choice(LABELLED), default=LABELLED[0],
              show_default=True, help="What gets labels.")
@click.option("--size", type=click.Choice(list(LabelSize)), default=LabelSize.SMALL,
              show_default=True, help="Width and height of a label, in millimetres.")
@_out
@_language
@_force
def labels(  # noqa: PLR0917 - click passes them by name
    ward: str | None, collection: str, size: LabelSize, out: Path, language: str, force: bool
) -> None:
    """
    Write labels with a code that any phone's camera reads, on A4 sheets.

    Each code opens the page of its thing below GIS_BASE_URL. Print the sheets at
    100 %, without fitting them to the page.

    \b
    Examples:
      ./gis labels --ward 1301 --out labels.pdf
      ./gis labels --collection network_nodes --size 99.1x38.1 --out nodes.pdf
    """
    _write(out, force, lambda services: services.labels.sheets(
        READER, _told(language), ward=ward, collection=collection, size=LabelSize(size)
    ))


@click.command()
@click.option("--ward", metavar="CODE", required=True, help="The ward.")
@_out
@_language
@_force
def sheets(ward: str, out: Path, language: str, force: bool) -> None:
    """
    Write the sheet of a ward: its map, and lists of what stands there.

    For technicians without a phone: faults, nodes, offices, equipment and links
    with their tags, and lines to write on. It is for staff, not for the public.

    \b
    Examples:
      ./gis sheets --ward 1301 --out ward.pdf
      ./gis sheets --ward 1301 --language sw --out wadi.pdf
    """
    _write(out, force, lambda services: services.ward_sheets.sheet(
        READER, _told(language), ward=ward
    ))


def _write(out: Path, force: bool, make: Callable[[Services], Awaitable[bytes]]) -> None:
    check_out(out, force=force)
    settings = read_settings()

    async def made() -> bytes:
        async with open_services(settings, addresses_of(settings)) as services:
            return await make(services)

    with open_database(settings):
        content = asyncio.run(made())
    write_whole(out, content)
    say(f"{out} written ({len(content) / 1000:,.0f} kB): for staff, not for the public")


def _told(language: str) -> Language:
    return "sw" if language == "sw" else "en"

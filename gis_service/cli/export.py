"""`gis export`: items of a collection into a file."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from gis_service.bootstrap import open_exports
from gis_service.cli.progress import say
from gis_service.installation import open_database
from gis_service.model.audience import Audience, Principal, visible_collection
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.queries import ItemsQuery
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import parse_filter
from gis_service.ogc.media import DOWNLOADS
from gis_service.settings import Settings, read_settings

AUDIENCES = {"public": Audience.PUBLIC, "staff": Audience.PLANNER}
SUFFIXES = {
    "geojson": ExportFormat.GEOJSON,
    "json": ExportFormat.GEOJSON,
    **{each.suffix: ExportFormat(each.name) for each in DOWNLOADS},
}
INTERRUPTED = 130


@click.command()
@click.argument("collection")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; its ending says the format.")
@click.option("--format", "format_", type=click.Choice([each.value for each in ExportFormat]),
              help="The format, where the ending does not say it.")
@click.option("--filter", "filter_", metavar="CQL2",
              help="Only items that fulfil this, in CQL2 text.")
@click.option("--audience", type=click.Choice(list(AUDIENCES)), default="public",
              show_default=True, help="Whose view of the items: what may be passed on is public.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many items.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export(  # noqa: PLR0917 - click passes them by name
    collection: str,
    out: Path,
    format_: str | None,
    filter_: str | None,
    audience: str,
    limit: int | None,
    force: bool,
) -> None:
    """
    Write the items of COLLECTION to a file.

    The file appears when it is whole. The same filters and formats as the API's.

    \b
    Examples:
      ./gis export offices --out offices.gpkg
      ./gis export fibre_links --out planned.csv --audience staff --filter "status = 'planned'"
    """
    kind = _format(out, format_)
    if out.exists() and not force:
        raise click.UsageError(f"{out} is there already; --force replaces it.")
    if not out.parent.is_dir():
        raise click.UsageError(f"There is no folder {out.parent}.")
    reader = AUDIENCES[audience]
    asked = visible_collection(collection, reader)
    wanted = ItemsQuery(
        asked,
        limit or 1,
        filter=None if filter_ is None else parse_filter(filter_, queryables_of(asked, reader)),
    )
    settings = read_settings()
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with open_database(settings), _counter() as tell:
            writing = _write(settings, Export(wanted, kind, limit), reader, part, tell)
            items = asyncio.run(writing)
        part.replace(out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}") from None
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    finally:
        part.unlink(missing_ok=True)
    size = f"{out.stat().st_size / 1000:,.0f} kB"
    say(f"{items:,} {asked.id} written to {out} ({size}): what {audience} sees")


def _format(out: Path, named: str | None) -> ExportFormat:
    if named is not None:
        return ExportFormat(named)
    suffix = out.suffix.lstrip(".").lower()
    if suffix not in SUFFIXES:
        raise click.UsageError(
            f"{out.name!r} does not say a format: end it with one of "
            f"{', '.join(f'.{known}' for known in SUFFIXES)}, or give --format."
        )
    return SUFFIXES[suffix]


async def _write(
    settings: Settings,
    export: Export,
    audience: Audience,
    path: Path,
    tell: Callable[[int], None],
) -> int:
    """The items into a file; how many there are."""
    async with open_exports(settings, audience) as exports:
        download = await exports.open(export, Principal(audience))
        try:
            with path.open("wb") as file:
                async for data in download.chunks():
                    tell(file.write(data))
            return await download.items()
        finally:
            await download.close()


@contextmanager
def _counter() -> Iterator[Callable[[int], None]]:
    """Takes the bytes written so far, and shows their sum on a terminal."""
    columns = (SpinnerColumn(), TextColumn("Writing"), DownloadColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("bytes", total=None)
        yield lambda size: bar.advance(task, size)

"""`gis tiles`: the public tiles as a file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from gis_service.bootstrap import open_archive
from gis_service.cli.export import INTERRUPTED
from gis_service.cli.progress import say
from gis_service.cli.publication import tell_publication
from gis_service.cli.writing import check_out
from gis_service.errors import ExportFailed
from gis_service.installation import open_database
from gis_service.model.publications import Publication
from gis_service.model.tiles import DETAIL_ZOOM
from gis_service.services.archive import Written
from gis_service.settings import Settings, read_settings

_ZOOM = click.IntRange(0, DETAIL_ZOOM)


@click.group()
def tiles() -> None:
    """Vector tiles for hosts without a database."""


@tiles.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The PMTiles file to write.")
@click.option("--collections", metavar="A,B", default="",
              help="Only these collections; else all that the public sees.")
@click.option("--min-zoom", type=_ZOOM, default=0, show_default=True, help="The first zoom.")
@click.option("--max-zoom", type=_ZOOM, default=14, show_default=True,
              help="The last zoom; maps magnify its tiles.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export(out: Path, collections: str, min_zoom: int, max_zoom: int, force: bool) -> None:
    """
    Write the public's tiles to a PMTiles file.

    The file appears when it is whole. It holds what the public sees, no more, and
    names the last publication.

    \b
    Examples:
      ./gis tiles export --out network.pmtiles
      ./gis tiles export --out wards.pmtiles --collections wards,offices --max-zoom 12
    """
    if min_zoom > max_zoom:
        raise click.UsageError("--min-zoom is above --max-zoom.")
    check_out(out, force=force)
    ids = [id_.strip() for id_ in collections.split(",") if id_.strip()]
    settings = read_settings()
    part = out.with_name(f"{out.name}.part")
    try:
        with open_database(settings), _bar() as tell:
            written, publication = asyncio.run(
                _write(settings, part, ids, range(min_zoom, max_zoom + 1), tell)
            )
        part.replace(out)
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        raise ExportFailed(f"{out} could not be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)
    size = f"{out.stat().st_size / 1000:,.0f} kB"
    say(f"{written.tiles:,} tiles written to {out} ({size}); {written.thinned:,} of them thinned")
    tell_publication(publication)


async def _write(
    settings: Settings,
    path: Path,
    ids: list[str],
    zooms: range,
    tell: Callable[[int, int, int], None],
) -> tuple[Written, Publication | None]:
    async with open_archive(settings) as archive:
        layers = archive.layers(ids)
        with path.open("wb") as file:
            written = await archive.write(file, layers, zooms=zooms, tell=tell)
        return written, archive.publication


@contextmanager
def _bar() -> Iterator[Callable[[int, int, int], None]]:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Zoom 0", total=None)

        def tell(zoom: int, done: int, count: int) -> None:
            bar.update(task, description=f"Zoom {zoom}", completed=done, total=count)

        yield tell

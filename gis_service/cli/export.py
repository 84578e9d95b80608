"""`gis export`: items of a collection into a file."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import click

from gis_service.bootstrap import open_exports
from gis_service.cli.export_items import counter, write_to
from gis_service.cli.export_networks import (
    ENDINGS,
    NETWORK_FORMATS,
    check_zipped,
    write_collections,
    write_network,
)
from gis_service.cli.progress import say
from gis_service.cli.writing import check_out
from gis_service.installation import open_database
from gis_service.model.audience import Audience, visible_collection
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.queries import ItemsQuery
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import parse_filter
from gis_service.settings import Settings, read_settings

AUDIENCES = {"public": Audience.PUBLIC, "staff": Audience.PLANNER}
SUFFIXES = {"json": ExportFormat.GEOJSON, **{ending: kind for kind, ending in ENDINGS.items()}}
INTERRUPTED = 130


@click.command()
@click.argument("collection", required=False)
@click.option("--collection", "named", metavar="COLLECTION", help="The same, by name.")
@click.option("--network", "networks", metavar="ID", multiple=True,
              help="A whole network, in a form of the Open Fibre Data Standard, or in another "
              "format as an archive with a file of each collection. Several times for several.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="The file to write; its ending says the format.")
@click.option("--format", "format_",
              type=click.Choice([each.value for each in (*ExportFormat, *NetworkFormat)]),
              help="The format, where the ending does not say it; of a network by default "
              f"{NetworkFormat.OFDS_JSON}.")
@click.option("--filter", "filter_", metavar="CQL2",
              help="Only items that fulfil this, in CQL2 text.")
@click.option("--audience", type=click.Choice(list(AUDIENCES)),
              help="Whose view: what may be passed on is public. By default public of a "
              "collection, and staff of a network, which public alone cannot bring back whole.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many items.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def export(  # noqa: PLR0917 - click passes them by name
    collection: str | None,
    named: str | None,
    networks: tuple[str, ...],
    out: Path,
    format_: str | None,
    filter_: str | None,
    audience: str | None,
    limit: int | None,
    force: bool,
) -> None:
    """
    Write the items of COLLECTION, or a whole network, to a file.

    The file appears when it is whole. The same filters and formats as the API's.
    A network that came as a package comes out as it went in, edits apart.

    \b
    Examples:
      ./gis export offices --out offices.gpkg
      ./gis export fibre_links --out planned.csv --audience staff --filter "status = 'planned'"
      ./gis export --collection offices --format csv --out offices.csv
      ./gis export --network kisii --format ofds-json --out kisii-ofds.json
      ./gis export --network kisii --format gpkg --out kisii.zip
    """
    audience = audience or ("staff" if networks else "public")
    reader = AUDIENCES[audience]
    if networks:
        if collection or named or filter_ or limit:
            raise click.UsageError("A network is written whole: --network goes with --format, "
                                   "--audience and --out alone.")
        if format_ is not None and format_ not in NETWORK_FORMATS:
            files = ExportFormat(format_)
            check_zipped(out, reader, files)
            _into(out, force, lambda part: write_collections(networks, files, reader, part),
                  audience)
            return
        form = NetworkFormat(format_ or NetworkFormat.OFDS_JSON)
        _into(out, force, lambda part: write_network(networks, form, reader, part), audience)
        return
    if (collection is None) == (named is None):
        raise click.UsageError("Name one collection, or a network with --network.")
    collection = collection or named or ""
    kind = _format(out, format_)
    asked = visible_collection(collection, reader)
    wanted = ItemsQuery(
        asked,
        limit or 1,
        filter=None if filter_ is None else parse_filter(filter_, queryables_of(asked, reader)),
    )
    _into(
        out, force,
        lambda part: (_write_items(Export(wanted, kind, limit), reader, part), asked.id),
        audience,
    )


def _into(
    out: Path, force: bool, write: Callable[[Path], tuple[int, str]], audience: str
) -> None:
    """Write a file that appears when it is whole; `write` gives how many of what it holds."""
    check_out(out, force=force)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        items, what = write(part)
        part.replace(out)
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}") from None
    except KeyboardInterrupt:
        click.echo("\nInterrupted: nothing was written.", err=True)
        sys.exit(INTERRUPTED)
    finally:
        part.unlink(missing_ok=True)
    size = f"{out.stat().st_size / 1000:,.0f} kB"
    say(f"{items:,} {what} written to {out} ({size}): what {audience} sees")


def _write_items(export: Export, audience: Audience, part: Path) -> int:
    settings = read_settings()
    with open_database(settings), counter() as tell:
        return asyncio.run(_write(settings, export, audience, part, tell))


def _format(out: Path, named: str | None) -> ExportFormat:
    if named in NETWORK_FORMATS:
        raise click.UsageError(f"{named} holds a whole network: name it with --network.")
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
    async with open_exports(settings, audience) as exports:
        with path.open("wb") as file:
            return await write_to(exports, export, audience, file, tell)

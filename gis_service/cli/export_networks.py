"""Whole networks into a file: a package, or an archive with a file of each collection."""

from __future__ import annotations

import asyncio
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import click

from gis_service.bootstrap import open_exports, open_network_exports
from gis_service.cli.export_items import counter, write_to
from gis_service.installation import open_database
from gis_service.model.audience import Audience, visible_collections
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.network_exports import NetworkFormat
from gis_service.model.queries import ItemsQuery
from gis_service.model.queryables import queryables_of
from gis_service.ogc.cql2 import parse_filter
from gis_service.ogc.media import DOWNLOADS
from gis_service.settings import read_settings

NETWORK_FORMATS = tuple(each.value for each in NetworkFormat)
ENDINGS = {
    ExportFormat.GEOJSON: "geojson",
    **{ExportFormat(each.name): each.suffix for each in DOWNLOADS},
}


def write_network(
    networks: tuple[str, ...], format_: NetworkFormat, audience: Audience, part: Path
) -> tuple[int, str]:
    """A package of the Open Fibre Data Standard; how many of what it holds."""
    settings = read_settings()

    async def written() -> int:
        # What is published does not say to which network it belongs.
        names = networks if audience.is_staff else ()
        async with open_network_exports(settings, audience) as exports:
            return (await exports.write(names, format_, audience, part)).objects

    what = f"of {', '.join(networks)}" if audience.is_staff else "of all that is published"
    with open_database(settings):
        return asyncio.run(written()), f"objects {what}"


def check_zipped(out: Path, audience: Audience, kind: ExportFormat) -> None:
    """Refuse what no archive of a network's collections can be written for."""
    if not audience.is_staff:
        raise click.UsageError(
            "What is published does not say to which network it belongs: write it for the public "
            f"as {', '.join(NETWORK_FORMATS)}, or collection by collection."
        )
    if out.suffix.lower() != ".zip":
        raise click.UsageError(
            f"As {kind.value} a network is an archive with a file of each collection: name it "
            f"{out.with_suffix('.zip').name}."
        )


def write_collections(
    networks: tuple[str, ...], kind: ExportFormat, audience: Audience, part: Path
) -> tuple[int, str]:
    """An archive with a file of each collection in which the networks have items."""
    settings = read_settings()

    async def written(tell: Callable[[int], None]) -> int:
        async with open_network_exports(settings, audience) as whole:
            ids = await whole.ids(networks)
        quoted = ", ".join(f"'{id_}'" for id_ in ids)
        total = 0
        async with open_exports(settings, audience) as exports:
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                for collection in (c for c in visible_collections(audience) if c.networked):
                    known = queryables_of(collection, audience)
                    filter_ = parse_filter(f"network IN ({quoted})", known)
                    export = Export(ItemsQuery(collection, 1, filter=filter_), kind)
                    with tempfile.NamedTemporaryFile(dir=part.parent) as file:
                        items = await write_to(exports, export, audience, file, tell)
                        file.flush()
                        if items:
                            archive.write(file.name, f"{collection.id}.{ENDINGS[kind]}")
                        total += items
        return total

    with open_database(settings), counter() as tell:
        return asyncio.run(written(tell)), f"items of {', '.join(networks)}"

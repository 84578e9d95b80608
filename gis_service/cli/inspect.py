"""`gis inspect`: what a file holds, and what it probably means."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gis_service.cli.packages import as_one_package
from gis_service.cli.progress import say
from gis_service.cli.reports import printable
from gis_service.formats.folders import files_at
from gis_service.formats.limits import ReadLimits
from gis_service.formats.ofds_sniffing import ofds_form
from gis_service.installation import open_database
from gis_service.model.inspection import (
    CollectionProposal,
    Inspection,
    LayerInspection,
    Whereabouts,
)
from gis_service.services.inspecting import InspectRequest, inspect_file
from gis_service.services.mappings import mapping_of, mapping_text
from gis_service.services.package_facts import package_facts
from gis_service.settings import read_settings
from gis_service.store.roles import Login
from gis_service.validation.codes import CERTAIN
from gis_service.validation.proposing import SURE_COLLECTION, SURE_FIELD

_MOST_CANDIDATES = 6
_WIDTH = 160
"""Of what is written to a file or another program."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--collection", help="What the rows are, where you know it.")
@click.option("--network", help="The network that they belong to; its extent is compared.")
@click.option("--layer", help="Only this layer of a file with several.")
@click.option("--crs", metavar="EPSG:n", help="Coordinate reference system, if the file has none.")
@click.option("--encoding", help="Encoding of text that is not UTF-8, such as cp1252.")
@click.option("--save-mapping", type=click.Path(path_type=Path, dir_okay=False),
              help="Write what is proposed to this TOML file, to be corrected and loaded with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(  # noqa: PLR0917 - click passes them by name
    file: Path,
    collection: str | None,
    network: str | None,
    layer: str | None,
    crs: str | None,
    encoding: str | None,
    save_mapping: Path | None,
    as_json: bool,
) -> None:
    """
    Look at FILE before it is loaded; nothing is changed.

    Tells its layers, columns and where on earth it may lie, and proposes which
    collection its rows are and which field each column means. Every proposal has
    a score; below the stated scores nothing is proposed. Of a package of the Open
    Fibre Data Standard, its networks and how much they hold.

    \b
    Examples:
      ./gis inspect offices.gpkg
      ./gis inspect sites.zip --crs EPSG:32736 --save-mapping sites.toml
      ./gis inspect clinics.csv --collection offices --json
    """
    found_files = files_at([file]).files
    with as_one_package(found_files) as whole:
        package = whole or (found_files[0] if len(found_files) == 1 else None)
        if package is not None and collection is None and ofds_form(package) is not None:
            _tell_package(file, package, as_json=as_json)
            return
    if len(found_files) > 1:
        names = ", ".join(path.name for path in found_files)
        raise click.UsageError(f"There are several files in {file}; look at one: {names}.")
    request = InspectRequest(
        path=found_files[0], collection=collection, network=network, layer=layer, crs=crs,
        encoding=encoding,
    )
    settings = read_settings()
    with open_database(settings, Login.LOADER) as database:
        found = inspect_file(database, settings, request)
    saved = _save(found, request, save_mapping) if save_mapping is not None else None
    if as_json:
        say(json.dumps(asdict(found), ensure_ascii=False, indent=2))
        return
    _print(found)
    if saved is not None:
        say(f"\nMapping written to {saved}: correct it, then\n"
            f"  ./gis load {file} --mapping {saved}")


def _tell_package(asked: Path, package: Path, *, as_json: bool) -> None:
    limits = ReadLimits(file_mb=read_settings().max_file_mb)
    found = package_facts(package, limits) | {"source": asked.name}
    if as_json:
        say(json.dumps(found, ensure_ascii=False, indent=2))
        return
    say(printable(f"{asked.name}  {found['format']}, {found['size_bytes'] / 1000:,.0f} kB"))
    for network in found["networks"]:
        counts = ", ".join(f"{count:,} {name}" for name, count in network["counts"].items())
        named = f"{network['name']} ({network['id'] or 'without id'})"
        say(printable(f"  network    {named}: {counts}"))
    for note in found["notes"]:
        say(printable(f"  note       {note}"))
    say("")
    say(printable(f"  ./gis load {shlex.quote(str(asked))}"))


def _save(found: Inspection, request: InspectRequest, path: Path) -> Path:
    if len(found.inspected) != 1:
        raise click.UsageError("A mapping is of one layer; name it with --layer.")
    layer = found.inspected[0]
    proposal = layer.chosen or (layer.proposals[0] if request.collection else None)
    if proposal is None:
        raise click.UsageError(
            "It is not sure what the rows are; name the collection with --collection."
        )
    if path.exists():
        raise click.UsageError(f"{path} is there already.")
    path.write_text(mapping_text(mapping_of(request, found, layer, proposal), layer, proposal))
    return path


def _print(found: Inspection) -> None:
    terminal = Console()
    width = terminal.width if terminal.is_terminal else _WIDTH
    console = Console(highlight=False, soft_wrap=True, width=width)
    console.print(
        f"[bold]{escape(printable(found.source))}[/]  {found.format}, "
        f"{found.size_bytes / 1000:,.0f} kB, {len(found.layers)} layer"
        f"{'' if len(found.layers) == 1 else 's'}"
    )
    if len(found.inspected) < len(found.layers):
        names = ", ".join(found.layers)
        console.print(f"  Layers: {escape(printable(names))}")
    for layer in found.inspected:
        _print_layer(console, layer)


def _print_layer(console: Console, layer: LayerInspection) -> None:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in layer.geometry_types.items())
    console.print(f"\n[bold]{escape(printable(layer.layer))}[/]  {layer.rows:,} rows"
                  + (f", {kinds}" if kinds else ", no geometry"))
    if layer.encoding:
        console.print(f"  encoding   {escape(printable(layer.encoding))}")
    for note in layer.notes:
        console.print(f"  note       {escape(printable(note))}")
    if layer.faults:
        console.print(f"  faults     {layer.faults:,} rows cannot be read as they are")
    if layer.extent is not None:
        console.print("  extent     {:.9g} {:.9g} to {:.9g} {:.9g}".format(*layer.extent))
    if layer.whereabouts is not None:
        _print_place(console, layer.whereabouts)
    _print_columns(console, layer)
    _print_proposals(console, layer)


def _print_place(console: Console, where: Whereabouts) -> None:
    stated = f"{where.crs} (stated by {where.stated_by})" if where.crs else "none stated"
    console.print(f"  CRS        {escape(stated)}")
    table = Table("reading", "inside", "in wards", "to what is known", box=None, padding=(0, 2))
    for each in where.candidates[:_MOST_CANDIDATES]:
        wards = "" if each.in_wards is None else f"{each.in_wards:,}"
        near = "" if each.to_known_m is None else f"{each.to_known_m:,.0f} m"
        mark = " (stated)" if each.stated else ""
        table.add_row(
            escape(each.title + mark), f"{each.inside:,} of {each.looked_at:,}", wards, near
        )
    if where.candidates:
        console.print(table)
    console.print(f"  {'' if where.plausible else '[bold]Look here:[/] '}{escape(where.verdict)}")


def _print_columns(console: Console, layer: LayerInspection) -> None:
    means = {f.column: f for f in layer.chosen.fields} if layer.chosen is not None else {}
    table = Table(
        "column", "type", "filled", "examples", "means", box=None, padding=(0, 2)
    )
    for column in layer.columns:
        field = means.get(column.name)
        said = "" if field is None else f"{field.field} ({field.score:.0%}, {field.why})"
        table.add_row(
            escape(printable(column.name)), column.type, f"{column.filled:.0%}",
            escape(printable(", ".join(column.examples)[:70])), escape(said),
        )
    console.print(table)


def _print_proposals(console: Console, layer: LayerInspection) -> None:
    for each in layer.proposals[:3]:
        why = "; ".join(each.why) or "nothing speaks against it"
        console.print(f"  {each.score:>4.0%} {each.collection}: {escape(printable(why))}")
    if layer.chosen is None:
        console.print(
            f"  [bold]Not sure what the rows are[/] (proposed from {SURE_COLLECTION:.0%}, and "
            "clearly better than the next). Name it with --collection."
        )
        return
    _print_values(console, layer.chosen)
    if layer.chosen.lacking:
        needed = ", ".join(f"--map COLUMN={n} or --set {n}=VALUE" for n in layer.chosen.lacking)
        console.print(f"  New items also need: {escape(needed)}")
    console.print(f"  Columns are proposed from {SURE_FIELD:.0%}, codes applied from "
                  f"{CERTAIN:.0%}; the others are kept as extra.")
    if layer.whereabouts is not None and not layer.whereabouts.crs:
        console.print("  Still to be named: --crs, once you know which")
    console.print(f"\n  {escape(printable(layer.command))}")


def _print_values(console: Console, proposal: CollectionProposal) -> None:
    for each in proposal.values:
        value = escape(printable(repr(each.value)))
        if not each.code:
            console.print(f"  value      {each.field}: {value} ({each.rows:,} rows) is no code")
            continue
        needed = "" if each.applied else "; needs a yes: --accept-codes or a mapping file"
        console.print(
            f"  value      {each.field}: {value} ({each.rows:,} rows) -> {each.code} "
            f"({each.score:.0%}, {escape(each.why)}{needed})"
        )

"""`gis history`: what happened to an item, and how a collection stood."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

import click

from gis_service.cli.reports import printable
from gis_service.installation import open_database
from gis_service.model.collections import REGISTRY
from gis_service.model.history import (
    Difference,
    FieldChange,
    ItemDifference,
    ItemHistory,
    ShapeChange,
)
from gis_service.services import history as service
from gis_service.settings import read_settings
from gis_service.store.database import Database
from gis_service.store.roles import Login

_LONGEST_VALUE = 60
_MOST_LISTED = 200


@click.command()
@click.argument("collection")
@click.argument("item", required=False)
@click.option("--at", metavar="TIME", help="The collection as it stood at this time.")
@click.option("--between", metavar="TIME TIME", nargs=2, help="What changed between two times.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False),
              help="With --at: where to write the items, as GeoJSON.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def history(  # noqa: PLR0917 - click passes them by name
    collection: str,
    item: str | None,
    at: str | None,
    between: tuple[str, str] | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """
    Tell what happened to an item, or how a collection stood at a time.

    ITEM is its id or its identifier in files. Times without a zone are Kenya's.

    \b
    Examples:
      ./gis history offices KSI-014
      ./gis history offices --at 2026-03-01T12:00 --out offices-in-march.geojson
      ./gis history fibre_links --between 2026-03-01 2026-04-01
    """
    if sum(bool(way) for way in (item, at, between)) != 1:
        raise click.UsageError("Give one of ITEM, --at and --between.")
    if out is not None and at is None:
        raise click.UsageError("--out goes with --at.")
    collection = REGISTRY[collection].id
    times = [service.parse_time(text) for text in (between or ([at] if at else []))]
    with open_database(read_settings(), Login.ADMIN) as database:
        if item is not None:
            _tell_item(service.item_history(database, collection, item), as_json=as_json)
        elif between is not None:
            found = service.difference(database, collection, times[0], times[1])
            _tell_difference(found, as_json=as_json)
        else:
            _tell_state(database, collection, times[0], out=out, as_json=as_json)


def _tell_item(found: ItemHistory, *, as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    click.secho(f"{printable(found.label)}", bold=True, nl=False)
    click.echo(f"  {found.collection} {found.id}")
    for version in found.versions:
        who = printable(version.person) if version.person else "-"
        click.echo(f"\n{_local(version.at)}  {version.operation}  {who}")
        if version.request_id:
            click.echo(f"  request {printable(version.request_id)}")
        _tell_changes(version.changes, version.shape)


def _tell_difference(found: Difference, *, as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    click.echo(f"{found.collection} from {_local(found.since)} to {_local(found.until)}")
    for title, items in (
        ("added", found.added), ("changed", found.changed), ("removed", found.removed)
    ):
        click.secho(f"\n{len(items):,} {title}", bold=True)
        _tell_items(items)


def _tell_items(items: tuple[ItemDifference, ...]) -> None:
    for item in items[:_MOST_LISTED]:
        click.echo(f"  {printable(item.label)}  {item.id}")
        _tell_changes(item.changes, item.shape, indent="    ")
    if len(items) > _MOST_LISTED:
        click.echo(f"  ... and {len(items) - _MOST_LISTED:,} more; --json lists all")


def _tell_state(
    database: Database, collection: str, at: datetime, *, out: Path | None, as_json: bool
) -> None:
    if out is None:
        with closing(service.features_at(database, collection, at)) as features:
            items = sum(1 for _ in features)
    else:
        part = out.with_name(out.name + ".part")
        with part.open("w", encoding="utf-8") as file:
            items = _write(file, database, collection, at)
        part.replace(out)
    if as_json:
        _print_json({"collection": collection, "at": at, "items": items})
        return
    click.echo(f"{items:,} {collection} at {_local(at)}")
    if out is not None:
        click.echo(f"written to {out}")


def _write(file: TextIO, database: Database, collection: str, at: datetime) -> int:
    """The items as a GeoJSON FeatureCollection, one to a line; how many."""
    items = 0
    file.write('{"type":"FeatureCollection","features":[')
    with closing(service.features_at(database, collection, at)) as features:
        for properties, geometry in features:
            id_ = json.dumps(properties.pop("id"))
            shown = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
            file.write(
                f'{"," if items else ""}\n{{"type":"Feature","id":{id_},'
                f'"geometry":{geometry or "null"},"properties":{shown}}}'
            )
            items += 1
    file.write("\n]}\n")
    return items


def _tell_changes(
    changes: tuple[FieldChange, ...], shape: ShapeChange | None, *, indent: str = "  "
) -> None:
    for change in changes:
        arrow = "" if change.old is None else f"{_value(change.old)} -> "
        click.echo(f"{indent}{change.field}: {arrow}{_value(change.new)}")
    if shape is not None:
        click.echo(f"{indent}geometry: {_shape(shape)}")


def _shape(shape: ShapeChange) -> str:
    parts = []
    if shape.new is not None:
        old = "" if shape.old is None else f"{shape.old:,.1f} {shape.unit} -> "
        parts.append(f"{old}{shape.new:,.1f} {shape.unit}")
    if shape.moved_m is not None:
        parts.append(f"moved {shape.moved_m:,.1f} m")
    return ", ".join(parts) or "set"


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = printable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."



def _local(time: datetime) -> str:
    return time.astimezone(service.NAIROBI).strftime("%Y-%m-%d %H:%M:%S %Z")


def _print_json(found: Any) -> None:
    content = found if isinstance(found, dict) else asdict(found)
    click.echo(json.dumps(content, ensure_ascii=False, indent=2, default=service.plain))

"""`gis maps`: maps as files for any web host."""

from __future__ import annotations

from pathlib import Path

import click

from gis_service.cli.progress import say
from gis_service.installation import addresses_of, databases_of, open_database
from gis_service.model.audience import Audience, Principal
from gis_service.services.maps import Maps
from gis_service.settings import Settings, read_settings


@click.group()
def maps() -> None:
    """Maps that files in maps/ define."""


@maps.command("list")
@click.option("--audience", type=click.Choice(list(Audience)), default=Audience.PUBLIC,
              help="Whose maps.", show_default=True)
def list_maps(audience: Audience) -> None:
    """
    List the maps.

    \b
      ./gis maps list --audience planner
    """
    settings = read_settings()
    for definition in _maps(settings).definitions(Principal(Audience(audience))):
        say(f"{definition.id:<24} {definition.title.en}")


@maps.command()
@click.argument("names", nargs=-1)
@click.option("--audience", type=click.Choice(list(Audience)), default=Audience.PUBLIC,
              help="Who may see what is written.", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder to write to.  [default: maps/built]")
def build(names: tuple[str, ...], audience: Audience, out: Path | None) -> None:
    """
    Write maps as folders that any web host serves, or that open from a disk.

    \b
      ./gis maps build                         every public map, to maps/built/
      ./gis maps build coverage --out /srv/www/maps
    """
    settings = read_settings()
    audience = Audience(audience)
    with open_database(settings):
        service = _maps(settings)
        wanted = names or [d.id for d in service.definitions(Principal(audience))]
        for name in wanted:
            folder = service.build(name, audience, out or settings.maps / "built")
            say(f"{name}: {folder / 'index.html'}")


def _maps(settings: Settings) -> Maps:
    return Maps(databases_of(addresses_of(settings)), settings)

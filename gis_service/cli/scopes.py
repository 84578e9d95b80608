"""`gis scopes`: the municipalities or counties that share this installation."""

from __future__ import annotations

import click

from gis_service.cli.progress import say, say_table
from gis_service.installation import ensure_scope_logins, open_database
from gis_service.model.scopes import Scope
from gis_service.services import scopes as service
from gis_service.settings import read_settings

_NETWORKS = click.option(
    "--network", "networks", metavar="ID", multiple=True,
    help="Identifier of a network; may be given several times.",
)
_WARDS = click.option(
    "--ward", "wards", metavar="CODE", multiple=True,
    help="Code of a ward, whose citizens' reports it settles; may be given several times.",
)


@click.group()
def scopes() -> None:
    """Municipalities or counties that share this installation: list, add, give, take back."""


@scopes.command("list")
def list_scopes() -> None:
    """
    List every scope with what belongs to it.

    \b
      ./gis scopes list
    """
    with open_database(read_settings()) as database:
        found = service.list_scopes(database)
    if not found:
        say("There is no scope: all staff see the whole. ./gis scopes add makes one.")
        return
    say_table(
        ("name", "title", "networks", "wards", "live keys"),
        [
            (each.name, each.title, ", ".join(each.networks), str(len(each.wards)), str(each.keys))
            for each in found
        ],
    )


@scopes.command()
@click.argument("name")
@click.option("--title", help="What people call it.  [default: the name]")
@_NETWORKS
@_WARDS
def add(name: str, title: str | None, networks: tuple[str, ...], wards: tuple[str, ...]) -> None:
    """
    Make a scope, to which the keys of a municipality's staff can be held.

    \b
      ./gis scopes add kisii --title "Kisii County" --network kisii --ward 1311 --ward 1312
      ./gis keys create --role planner --name "Jane Moraa" --scope kisii
    """
    settings = read_settings()
    with open_database(settings) as database:
        made = service.add_scope(
            database, name, title=title or name, networks=networks, wards=wards
        )
        ensure_scope_logins(settings, database)
    _tell(made)


@scopes.command()
@click.argument("name")
@_NETWORKS
@_WARDS
def give(name: str, networks: tuple[str, ...], wards: tuple[str, ...]) -> None:
    """
    Let networks and wards belong to a scope; they leave the one they belonged to.

    \b
      ./gis scopes give kisii --network kisii-schools
    """
    with open_database(read_settings()) as database:
        _tell(service.give(database, name, networks=networks, wards=wards))


@scopes.command("take-back")
@click.argument("name")
@_NETWORKS
@_WARDS
def take_back(name: str, networks: tuple[str, ...], wards: tuple[str, ...]) -> None:
    """
    Let networks and wards belong to no scope: only staff of the whole see them then.

    \b
      ./gis scopes take-back kisii --network kisii-schools
    """
    with open_database(read_settings()) as database:
        _tell(service.take_back(database, name, networks=networks, wards=wards))


def _tell(scope: Scope) -> None:
    networks = ", ".join(scope.networks) or "no network yet"
    say(f"{scope.name} ({scope.title}): {networks}; {len(scope.wards)} wards; {scope.keys} keys.")

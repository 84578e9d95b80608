"""`gis people`: what is kept about people, and how it is erased."""

from __future__ import annotations

from uuid import UUID

import click

from gis_service.cli.progress import say, say_table
from gis_service.installation import open_database
from gis_service.services import people as service
from gis_service.settings import read_settings


@click.group()
def people() -> None:
    """People whom keys were made for: list, show, erase."""


@people.command("list")
def list_people() -> None:
    """
    List everyone, with the id that history keeps.

    \b
      ./gis people list
    """
    with open_database(read_settings()) as database:
        found = service.list_people(database)
    if not found:
        say("Nobody is known yet. ./gis keys create makes a person known.")
        return
    say_table(
        ("id", "name", "contact", "since", "live keys"),
        [
            (str(person.id), person.name or _erased(person), person.contact or "",
             f"{person.created_at:%Y-%m-%d}", str(person.live_keys))
            for person in found
        ],
    )


@people.command()
@click.argument("id_", metavar="ID", type=click.UUID)
def show(id_: UUID) -> None:
    """
    Show all that is kept about a person.

    \b
      ./gis people show 5f0c1a52-...
    """
    with open_database(read_settings()) as database:
        person, mentions = service.show_person(database, id_)
    say(f"id         {person.id}")
    say(f"name       {person.name or ''}")
    say(f"contact    {person.contact or ''}")
    say(f"since      {person.created_at:%Y-%m-%d}")
    if person.erased_at:
        say(f"erased     {person.erased_at:%Y-%m-%d}")
    say(f"live keys  {person.live_keys}")
    say("Rows that carry the id:" if mentions else "No row carries the id.")
    for mention in mentions:
        say(f"  {mention.rows:>9,}  {mention.place}")


@people.command()
@click.argument("id_", metavar="ID", type=click.UUID)
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(id_: UUID, yes: bool) -> None:
    """
    Erase a person's name and contact, revoke their keys, end their sessions.

    History keeps the id, which then names nobody. This cannot be undone.

    \b
      ./gis people erase 5f0c1a52-...
    """
    with open_database(read_settings()) as database:
        person, _ = service.show_person(database, id_)
        if not yes and not person.erased_at:
            click.confirm(f"Erase {person.name} for ever?", abort=True)
        revoked = service.erase_person(database, id_)
    said = f" Revoked: {', '.join(revoked)}." if revoked else ""
    say(f"Erased the name and contact of {id_}.{said}")


def _erased(person: service.Person) -> str:
    return f"(erased {person.erased_at:%Y-%m-%d})" if person.erased_at else ""

"""`gis people`: what is kept about people, and how it is erased."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from gis_service.cli.progress import say, say_table
from gis_service.cli.writing import check_out, write_whole
from gis_service.installation import open_database
from gis_service.services import people as service
from gis_service.services import personal_data
from gis_service.services.erasures import folders_of, note_erasure
from gis_service.settings import read_settings

_CONTACT = click.option(
    "--contact", metavar="TEXT", help="Telephone number, e-mail or name of somebody without a key."
)


@click.group()
def people() -> None:
    """People whom keys were made for, and reporters: list, show, export, erase."""


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
@click.argument("id_", metavar="[ID]", type=click.UUID, required=False)
@_CONTACT
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True,
              help="The zip to write.")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def export(id_: UUID | None, contact: str | None, out: Path, force: bool) -> None:
    """
    Write all that is kept about a person to a zip: JSON, and the photos they took.

    \b
      ./gis people export 5f0c1a52-... --out person.zip
      ./gis people export --contact "0712 000 001" --out reporter.zip
    """
    _one_of(id_, contact)
    check_out(out, force=force)
    with open_database(read_settings()) as database:
        if id_ is not None:
            taken = personal_data.export_person(database, database, id_)
        else:
            taken = personal_data.export_contact(database, contact or "")
    write_whole(out, taken.content, mode=0o600)
    say(f"Wrote {out}:" if taken.counts else f"Wrote {out}; nothing was found.")
    for name, rows in taken.counts.items():
        say(f"  {rows:>9,}  {name}")


@people.command()
@click.argument("id_", metavar="[ID]", type=click.UUID, required=False)
@_CONTACT
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(id_: UUID | None, contact: str | None, yes: bool) -> None:
    """
    Erase a person of staff, or a contact wherever it is kept.

    By ID: name, contact and names of devices go, keys are revoked, sessions end;
    history keeps the id, which then names nobody. With --contact: a reporter's or
    an office's contact goes from reports, from the map, and from every old
    version; rows and counts stay. Neither can be undone. Backups keep what they
    hold until GIS_BACKUP_KEEP takes them away. ./gis restore erases people of staff
    again, and says how many contacts you have to.

    \b
      ./gis people erase 5f0c1a52-...
      ./gis people erase --contact "0712 000 001"
    """
    _one_of(id_, contact)
    settings = read_settings()
    with open_database(settings) as database:
        if id_ is None:
            if not yes:
                click.confirm("Erase this contact everywhere, for ever?", abort=True)
            changed = personal_data.erase_contact(database, contact or "")
            if changed:
                note_erasure(folders_of(settings))
            say("Erased:" if changed else "Nothing was found.")
            for place, rows in changed.items():
                say(f"  {rows:>9,}  {place}")
            return
        person, _ = service.show_person(database, id_)
        if not yes and not person.erased_at:
            click.confirm(f"Erase {person.name} for ever?", abort=True)
        revoked = service.erase_person(database, id_)
        note_erasure(folders_of(settings), id_)
    said = f" Revoked: {', '.join(revoked)}." if revoked else ""
    say(f"Erased the name and contact of {id_}.{said}")
    if person.contact:
        say("If the contact stands elsewhere, too: ./gis people erase --contact ...")


def _one_of(id_: UUID | None, contact: str | None) -> None:
    if (id_ is None) == (contact is None):
        raise click.UsageError("Name either a person's ID or --contact.")


def _erased(person: service.Person) -> str:
    return f"(erased {person.erased_at:%Y-%m-%d})" if person.erased_at else ""

"""People: the only place where names stand; everything else knows an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gis_service.errors import InvalidParameter, NotFound
from gis_service.store import keys, people
from gis_service.store.database import Database
from gis_service.store.internal import API_KEYS

LONGEST_NAME = 200
ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Person:
    """What names a person, and whether they hold keys."""

    id: UUID
    name: str | None
    contact: str | None
    created_at: datetime
    erased_at: datetime | None
    live_keys: int


@dataclass(frozen=True, slots=True)
class Mention:
    """How many rows of one place carry a person's id."""

    place: str
    rows: int


def list_people(database: Database) -> list[Person]:
    """Everyone, in the order in which they were made known."""
    with database.begin() as connection:
        return _people(connection)


def show_person(database: Database, id_: UUID) -> tuple[Person, list[Mention]]:
    """
    All that is kept about a person.

    Raises
    ------
    NotFound
        There is no such person.
    """
    with database.begin() as connection:
        person = _person(connection, id_)
        found = connection.execute(people.mentions(id_)).all()
    return person, [Mention(row.place, row.rows) for row in found if row.rows]


def erase_person(database: Database, id_: UUID) -> list[str]:
    """
    Take away name and contact, revoke the person's keys, end their sessions.

    History keeps the id, which names nobody any more. Twice is as once.

    Returns
    -------
    list
        Prefixes of the keys that were revoked.

    Raises
    ------
    NotFound
        There is no such person.
    """
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        _person(connection, id_)
        connection.execute(people.erase(id_))
        connection.execute(keys.end_sessions(API_KEYS.c.person_id == id_))
        revoked = list(connection.scalars(keys.revoke(API_KEYS.c.person_id == id_)))
        connection.execute(people.erase_clients(id_, ERASED))
    return sorted(revoked)


def person_of(connection: Connection, name: str, contact: str | None = None) -> UUID:
    """The person of that name, made when there is none yet."""
    known: UUID | None = connection.scalar(people.by_name(name))
    if known is None:
        made: UUID = connection.execute(people.new_person(name, contact)).scalar_one()
        return made
    if contact is not None:
        connection.execute(people.change_contact(known, contact))
    return known


def plain_name(parameter: str, text: str, *, longest: int = LONGEST_NAME) -> str:
    """
    A name of one printable line, with its spaces put in order.

    Raises
    ------
    InvalidParameter
        It is empty, too long, or holds what cannot be printed.
    """
    name = " ".join(word for word in text.split(" ") if word)
    if not name or len(name) > longest or not name.isprintable():
        raise InvalidParameter(
            parameter, text, f"write one line of 1 to {longest} printable characters"
        )
    return name


def _people(connection: Connection) -> list[Person]:
    return [Person(**row) for row in connection.execute(people.records()).mappings()]


def _person(connection: Connection, id_: UUID) -> Person:
    for person in _people(connection):
        if person.id == id_:
            return person
    raise NotFound(f"There is no person {id_}. ./gis people list shows everyone.")

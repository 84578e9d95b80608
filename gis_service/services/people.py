"""People: the only place where names stand; everything else knows an id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gis_service.errors import Conflict, InvalidParameter, NotFound
from gis_service.model.acts import Act, ActKind
from gis_service.model.audience import Actor
from gis_service.model.collections import REGISTRY
from gis_service.store import acts, keys, people
from gis_service.store.database import Database
from gis_service.store.history import HISTORY
from gis_service.store.internal import API_KEYS

LONGEST_NAME = 200
ERASED = "erased"
OWNER = Actor()
"""Who acts on the command line: the owner of the machine, who needs no key."""


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
    """
    How many rows of one table carry a person's id.

    Parameters
    ----------
    collection
        The collection whose items or history it holds; None for other tables.
    """

    table: str
    collection: str | None
    of_history: bool
    rows: int

    @property
    def place(self) -> str:
        """The table as it is called on the command line."""
        return f"history of {self.table}" if self.of_history else self.table


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
    return person, [
        Mention(
            row.table, row.table if row.table in REGISTRY else None,
            row.schema == HISTORY and row.table in REGISTRY, row.rows,
        )
        for row in found if row.rows
    ]


def erase_person(
    database: Database, id_: UUID, *, actor: Actor = OWNER, keep_admin: bool = False
) -> list[str]:
    """
    Take away name and contact, revoke the person's keys, end their sessions.

    History keeps the id, which names nobody any more. Twice is as once.

    Parameters
    ----------
    keep_admin
        Refuse where no live key of an admin would be left.

    Returns
    -------
    list
        Prefixes of the keys that were revoked.

    Raises
    ------
    NotFound
        There is no such person.
    Conflict
        The person holds the last live key of an admin.
    """
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        known = _person(connection, id_)
        connection.execute(people.erase(id_))
        connection.execute(keys.end_sessions(API_KEYS.c.person_id == id_))
        revoked = list(connection.scalars(keys.revoke(API_KEYS.c.person_id == id_)))
        connection.execute(people.erase_clients(id_, ERASED))
        connection.execute(people.erase_devices(id_, ERASED))
        if known.erased_at is None:
            told = {"keys": sorted(revoked)}
            acts.note(connection, Act(ActKind.PERSON_ERASED, id_, told), actor)
        if keep_admin:
            refuse_without_admin(connection)
    return sorted(revoked)


def change_person(
    database: Database, id_: UUID, *, name: str, contact: str | None, actor: Actor = OWNER
) -> None:
    """
    Correct a person's name and contact.

    Raises
    ------
    NotFound
        There is no such person.
    Conflict
        The person was erased, or another has this name.
    InvalidParameter
        A value breaks its rule.
    """
    name = plain_name("name", name)
    contact = plain_name("contact", contact) if contact else None
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        known = _person(connection, id_)
        if known.erased_at is not None:
            raise Conflict("This person was erased, for good.")
        if connection.scalar(people.by_name(name)) not in (None, id_):
            raise Conflict("Another person has this name already. Tell them apart by it.")
        if (known.name, known.contact) != (name, contact):
            connection.execute(people.change(id_, name=name, contact=contact))
            acts.note(connection, Act(ActKind.PERSON_CHANGED, id_), actor)


def person_of(
    connection: Connection, name: str, contact: str | None = None, *, actor: Actor
) -> UUID:
    """The person of that name, made when there is none yet."""
    known: UUID | None = connection.scalar(people.by_name(name))
    if known is None:
        made: UUID = connection.execute(people.new_person(name, contact)).scalar_one()
        acts.note(connection, Act(ActKind.PERSON_MADE, made), actor)
        return made
    if contact is not None:
        connection.execute(people.change(known, contact=contact))
    return known


def refuse_without_admin(connection: Connection) -> None:
    """
    Undo what would leave nobody who may do everything.

    Raises
    ------
    Conflict
        No live key of an admin is left in this transaction.
    """
    if not connection.scalar(keys.live_admins()):
        raise Conflict(
            "That is the last live key of an admin. Make another admin's key first; or, on the "
            "machine itself, use ./gis keys and ./gis people."
        )


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

"""Scopes of an installation that several municipalities or counties share."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select, text

from gis_service.errors import Conflict, InvalidParameter, NotFound
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.declarations.places import WARDS
from gis_service.model.scopes import MOST_SCOPES, Scope, is_name
from gis_service.services.people import plain_name
from gis_service.store import scopes as store
from gis_service.store.database import Database
from gis_service.store.edits import refusals
from gis_service.store.row_security import apply_scopes
from gis_service.store.tables import table

_LOCKS_WITHIN_S = 5
"""The first scope changes every table, and readers would wait behind it."""


def list_scopes(database: Database) -> list[Scope]:
    """Every scope, by name."""
    with database.begin() as connection:
        return _all(connection)


def add_scope(
    database: Database,
    name: str,
    *,
    title: str,
    networks: Sequence[str] = (),
    wards: Sequence[str] = (),
) -> Scope:
    """
    Make a scope; with the first one, rows are limited from then on.

    Parameters
    ----------
    networks
        Identifiers of the networks that belong to it.
    wards
        Codes of its wards.

    Raises
    ------
    InvalidParameter
        A value breaks its rule, or there is no such network or ward.
    Conflict
        There is a scope of this name, or no room for another; or others hold the
        tables, which the first scope changes.
    """
    if not is_name(name):
        raise InvalidParameter(
            "name", name, "write 2 to 40 small letters, digits and dashes, a letter first"
        )
    title = plain_name("title", title)
    with refusals(), database.begin() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{_LOCKS_WITHIN_S}s'"))
        store.lock(connection)
        known = _all(connection)
        if any(each.name == name for each in known):
            raise Conflict(f"There is a scope {name} already. ./gis scopes list shows all.")
        if len(known) >= MOST_SCOPES:
            raise Conflict(f"There are {len(known)} scopes, and no more than that can be.")
        connection.execute(store.new_scope(name, title))
        made = _named(connection, name)
        apply_scopes(connection, anew=not known)
        return _given(connection, made, networks, wards)


def give(
    database: Database, name: str, *, networks: Sequence[str] = (), wards: Sequence[str] = ()
) -> Scope:
    """
    Let networks and wards belong to a scope, and to no other from now on.

    Raises
    ------
    NotFound
        There is no such scope.
    InvalidParameter
        There is no such network or ward.
    """
    with database.begin() as connection:
        store.lock(connection)
        return _given(connection, _named(connection, name), networks, wards)


def take_back(
    database: Database, name: str, *, networks: Sequence[str] = (), wards: Sequence[str] = ()
) -> Scope:
    """
    Let networks and wards belong to no scope, so that only staff of the whole see them.

    Raises
    ------
    NotFound, InvalidParameter
        As for `give`.
    """
    with database.begin() as connection:
        store.lock(connection)
        scope = _named(connection, name)
        ids = [_network(connection, each) for each in networks]
        for statement in store.take_back(scope.id, ids, wards):
            connection.execute(statement)
        store.count_anew(connection)
        return _named(connection, name)


def _given(
    connection: Connection, scope: Scope, networks: Sequence[str], wards: Sequence[str]
) -> Scope:
    for each in networks:
        connection.execute(store.give_network(_network(connection, each), scope.id))
    for code in wards:
        stored = table(WARDS)
        if connection.scalar(select(stored.c.id).where(stored.c.code == code)) is None:
            raise InvalidParameter(
                "ward", code, "no ward has this code; /collections/wards lists them"
            )
        connection.execute(store.give_ward(code, scope.id))
    store.count_anew(connection)
    return _named(connection, scope.name)


def _network(connection: Connection, name: str) -> UUID:
    stored = table(NETWORKS)
    found: UUID | None = connection.scalar(
        select(stored.c.id).where(stored.c.external_id == name)
    )
    if found is None:
        raise InvalidParameter(
            "network", name, "no network has this identifier; /collections/networks lists them"
        )
    return found


def _all(connection: Connection) -> list[Scope]:
    return [store.scope_of(row) for row in connection.execute(store.scopes())]


def _named(connection: Connection, name: str) -> Scope:
    for each in _all(connection):
        if each.name == name:
            return each
    raise NotFound(f"There is no scope {name[:40]!r}. ./gis scopes list shows all.")

"""Making, renewing and revoking keys."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gis_service.errors import Conflict, InvalidParameter, NotFound
from gis_service.model.acts import Act, ActKind
from gis_service.model.audience import Actor, Audience
from gis_service.model.declarations.places import WARDS
from gis_service.model.keys import IssuedKey, KeyRecord, KeyState, KeyText
from gis_service.model.scopes import SCOPED
from gis_service.services.people import OWNER, person_of, plain_name, refuse_without_admin
from gis_service.store import acts, keys
from gis_service.store.database import Database
from gis_service.store.internal import API_KEYS
from gis_service.store.scope_tables import SCOPES
from gis_service.store.tables import table

LIVE_KEYS = 2
"""Of one client: the one in use, and the one that takes its place."""
LONGEST_CLIENT = 60
LONGEST_LIFE_DAYS = 3650


def list_keys(database: Database) -> list[KeyRecord]:
    """Every key ever made, oldest first."""
    with database.begin() as connection:
        return _records(connection)


def create_key(
    database: Database,
    *,
    role: Audience,
    name: str,
    client: str | None = None,
    contact: str | None = None,
    ward: str | None = None,
    scope: str | None = None,
    expires_at: datetime | None = None,
    actor: Actor = OWNER,
) -> IssuedKey:
    """
    Make a key for a person, who is made known when new.

    Parameters
    ----------
    client
        The device or program that will hold it; by default the person's name.
    ward
        Code of the ward that it is meant for.
    scope
        Name of the scope that it is held to; None for the whole installation.
    actor
        Who makes it; by default who owns the machine.

    Raises
    ------
    InvalidParameter
        A value breaks its rule.
    Conflict
        The client has two live keys already, or its live key is another person's.
    """
    if not role.is_staff:
        raise InvalidParameter("role", role.value, "the public needs no key")
    name = plain_name("name", name)
    client = plain_name("client", client or name[:LONGEST_CLIENT], longest=LONGEST_CLIENT)
    contact = plain_name("contact", contact) if contact else None
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        _check_ward(connection, ward)
        scope_id = None if scope is None else _scope_id(connection, scope, role)
        person_id = person_of(connection, name, contact, actor=actor)
        live = _live_of(connection, client)
        if any(key.person_id != person_id for key in live):
            raise Conflict(
                f"{client} holds a live key of another person. Revoke it first "
                f"(./gis keys revoke {live[0].prefix}), or choose another name with --client."
            )
        _refuse_third(client, live)
        issued = _issue(
            connection, role=role, client=client, person_id=person_id, ward=ward,
            expires_at=expires_at, scope_id=scope_id,
        )
        _note(connection, ActKind.KEY_MADE, issued.record, actor)
        return issued


def first_key(database: Database) -> IssuedKey | None:
    """An administrator's key when no key has ever been made, else None."""
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        if connection.scalar(keys.any_key()):
            return None
        person_id = person_of(connection, "Administrator", actor=OWNER)
        issued = _issue(
            connection, role=Audience.ADMIN, client="first key", person_id=person_id, ward=None,
            expires_at=None,
        )
        _note(connection, ActKind.KEY_MADE, issued.record, OWNER)
        return issued


def rotate_key(
    database: Database,
    which: str,
    *,
    expires_at: datetime | None = None,
    actor: Actor = OWNER,
) -> tuple[IssuedKey, KeyRecord]:
    """
    Make a second key for a client, so that it can change over without a gap.

    Parameters
    ----------
    which
        The client's name, or the prefix of its key.
    expires_at
        None: the new key lasts as long as the old one was made to last.

    Returns
    -------
    tuple
        The new key and the old one, which works until it is revoked.

    Raises
    ------
    NotFound
        There is no such key or client.
    Conflict
        The client has two live keys already, or its key was revoked.
    """
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        old = _newest(connection, which)
        if old.state is KeyState.REVOKED:
            raise Conflict(
                f"The key {old.prefix} of {old.client} was revoked. Make a new one with "
                "./gis keys create."
            )
        _refuse_third(old.client, _live_of(connection, old.client))
        if expires_at is None and old.expires_at is not None:
            expires_at = datetime.now().astimezone() + (old.expires_at - old.created_at)
        new = _issue(
            connection, role=old.role, client=old.client, person_id=old.person_id, ward=old.ward,
            expires_at=expires_at, scope_id=old.scope_id,
        )
        _note(connection, ActKind.KEY_REPLACED, new.record, actor, replaces=old.prefix)
        return new, old


def revoke_key(
    database: Database, prefix: str, *, actor: Actor = OWNER, keep_admin: bool = False
) -> KeyRecord:
    """
    Revoke a key and end its sessions; twice is as once.

    Parameters
    ----------
    keep_admin
        Refuse where no live key of an admin would be left: who owns the machine
        can make another, nobody else can.

    Raises
    ------
    NotFound
        There is no key with this prefix.
    Conflict
        It is the last live key of an admin.
    """
    with database.begin() as connection:
        connection.execute(keys.lock_keys())
        wanted = plain_prefix(prefix)
        for key in _records(connection):
            if key.prefix == wanted:
                connection.execute(keys.end_sessions(API_KEYS.c.id == key.id))
                if connection.execute(keys.revoke(API_KEYS.c.id == key.id)).first():
                    _note(connection, ActKind.KEY_REVOKED, key, actor)
                if keep_admin:
                    refuse_without_admin(connection)
                return key
    raise NotFound(f"There is no key {wanted}. ./gis keys list shows their prefixes.")


def parse_expiry(text: str, *, now: datetime | None = None) -> datetime:
    """
    When a key ends: a day (2027-01-31, to its end here) or a number of days (90d).

    Raises
    ------
    InvalidParameter
        It is neither, lies in the past, or more than ten years ahead.
    """
    now = now or datetime.now().astimezone()
    end: datetime | None = None
    if days := re.fullmatch(r"([1-9][0-9]{0,4})d", text):
        end = now + timedelta(days=int(days[1]))
    elif re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        if day is not None and day.year < 9999:
            end = datetime.combine(day + timedelta(days=1), time(0), now.tzinfo)
    if end is None:
        raise InvalidParameter("expires", text, "write a day like 2027-01-31, or days like 90d")
    if not now < end <= now + timedelta(days=LONGEST_LIFE_DAYS):
        raise InvalidParameter("expires", text, "it must lie ahead, at most ten years")
    return end


def plain_prefix(text: str) -> str:
    """The prefix in what was written: alone, with `gis_`, or with the whole key after it."""
    return text.strip().removeprefix("gis_").split("_", 1)[0][:20]


def _note(
    connection: Connection, kind: ActKind, key: KeyRecord, actor: Actor, **details: str
) -> None:
    told = {"key": key.prefix, "role": key.role.value, **details}
    if key.scope is not None:
        told["scope"] = key.scope
    acts.note(connection, Act(kind, key.person_id, told), actor)


def _issue(
    connection: Connection,
    *,
    role: Audience,
    client: str,
    person_id: UUID,
    ward: str | None,
    expires_at: datetime | None,
    scope_id: int | None = None,
) -> IssuedKey:
    text = KeyText.new()
    connection.execute(
        keys.new_key(
            text, role=role, client=client, person_id=person_id, ward=ward,
            expires_at=expires_at, scope_id=scope_id,
        )
    )
    row = connection.execute(keys.records().where(API_KEYS.c.prefix == text.prefix)).mappings()
    return IssuedKey(text, _record(row.one()))


def _newest(connection: Connection, which: str) -> KeyRecord:
    records = _records(connection)
    prefix = plain_prefix(which)
    named = [k for k in records if k.prefix == prefix] or [k for k in records if k.client == which]
    if not named:
        shown = prefix if which.startswith("gis_") else which[:LONGEST_CLIENT]
        raise NotFound(
            f"There is no key and no client {shown!r}. ./gis keys list shows both."
        )
    alive = [k for k in named if k.state is not KeyState.REVOKED]
    return (alive or named)[-1]


def _live_of(connection: Connection, client: str) -> list[KeyRecord]:
    found = connection.execute(keys.records().where(API_KEYS.c.client == client, keys.LIVE))
    return [_record(row) for row in found.mappings()]


def _refuse_third(client: str, live: list[KeyRecord]) -> None:
    if len(live) >= LIVE_KEYS:
        prefixes = " and ".join(key.prefix for key in live)
        raise Conflict(
            f"{client} has {LIVE_KEYS} live keys already ({prefixes}), one to use and one to "
            "change over to. Revoke one first: ./gis keys revoke PREFIX"
        )


def _check_ward(connection: Connection, ward: str | None) -> None:
    if ward is None:
        return
    stored = table(WARDS)
    if connection.scalar(select(stored.c.id).where(stored.c.code == ward)) is None:
        raise InvalidParameter("ward", ward, "no ward has this code; /collections/wards lists them")


def _scope_id(connection: Connection, name: str, role: Audience) -> int:
    if role not in SCOPED:
        raise InvalidParameter(
            "scope", name, "who keeps people and keys is of the whole installation: only "
            f"{' and '.join(SCOPED)} are held to a scope",
        )
    found: int | None = connection.scalar(select(SCOPES.c.id).where(SCOPES.c.name == name))
    if found is None:
        raise InvalidParameter("scope", name, "./gis scopes list shows the scopes there are")
    return found


def _records(connection: Connection) -> list[KeyRecord]:
    return [_record(row) for row in connection.execute(keys.records()).mappings()]


def _record(row: Any) -> KeyRecord:
    return KeyRecord(**{**row, "role": Audience(row["role"]), "state": KeyState(row["state"])})

"""Statements about keys and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Delete,
    Double,
    Insert,
    Select,
    Update,
    and_,
    case,
    cast,
    delete,
    extract,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    update,
)
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.elements import TextClause

from gis_service.model.acts import ActKind
from gis_service.model.audience import Audience
from gis_service.model.keys import KeyState, KeyText
from gis_service.store.acts import ACTS
from gis_service.store.internal import API_KEYS, PEOPLE, SESSIONS
from gis_service.store.scope_tables import SCOPES

_USE_COUNTS_AFTER = text("interval '1 minute'")

LIVE: ColumnElement[bool] = and_(
    API_KEYS.c.revoked_at.is_(None),
    or_(API_KEYS.c.expires_at.is_(None), API_KEYS.c.expires_at > func.now()),
)
_STATE = case(
    (API_KEYS.c.revoked_at.is_not(None), KeyState.REVOKED.value),
    (API_KEYS.c.expires_at <= func.now(), KeyState.EXPIRED.value),
    else_=KeyState.LIVE.value,
).label("state")
_STALE_USE = func.coalesce(
    API_KEYS.c.last_used_at < func.now() - _USE_COUNTS_AFTER, true()
)
_WHO = (
    API_KEYS.c.id.label("key_id"),
    API_KEYS.c.role,
    API_KEYS.c.client,
    API_KEYS.c.person_id,
    API_KEYS.c.ward,
    API_KEYS.c.scope_id,
    _STALE_USE.label("note_use"),
)


# --- asked by the gate, with every request -------------------------------------------------


def key_statement(prefix: str) -> Select[Any]:
    """The live key of a prefix, with the hash to compare and whether to note its use."""
    return select(*_WHO, API_KEYS.c.secret_sha256).where(API_KEYS.c.prefix == prefix, LIVE)


def session_statement(token_sha256: bytes) -> Select[Any]:
    """A session that has not ended, with its key, which must be live."""
    return (
        select(*_WHO, SESSIONS.c.csrf_token)
        .join(API_KEYS, API_KEYS.c.id == SESSIONS.c.key_id)
        .where(
            SESSIONS.c.token_sha256 == token_sha256, SESSIONS.c.expires_at > func.now(), LIVE
        )
    )


def note_use(key_id: UUID) -> Update:
    """Write down that a key is used, at most once a minute whoever asks."""
    return (
        update(API_KEYS)
        .where(API_KEYS.c.id == key_id, _STALE_USE)
        .values(last_used_at=func.now())
    )


def start_session(
    key_id: UUID, *, token_sha256: bytes, csrf_token: str, lasts_s: float
) -> Select[Any]:
    """Begin and note a session that ends after `lasts_s`, or with its key; gives how long."""
    end = func.least(
        func.now() + cast(literal(lasts_s), Double) * text("interval '1 second'"),
        API_KEYS.c.expires_at,
    )
    names = ("token_sha256", "key_id", "csrf_token", "expires_at")
    values = select(
        literal(token_sha256, SESSIONS.c.token_sha256.type),
        API_KEYS.c.id,
        literal(csrf_token),
        end,
    ).where(API_KEYS.c.id == key_id, LIVE)
    lasts = cast(extract("epoch", SESSIONS.c.expires_at - func.now()), BigInteger)
    started = (
        insert(SESSIONS)
        .from_select(names, values)
        .returning(SESSIONS.c.key_id, lasts.label("lasts_s"))
        .cte("started")
    )
    told = func.jsonb_build_object("key", API_KEYS.c.prefix, "role", API_KEYS.c.role)
    who = select(literal(ActKind.SIGNED_IN.value), API_KEYS.c.person_id, told).join(
        started, started.c.key_id == API_KEYS.c.id
    )
    noted = insert(ACTS).from_select(["kind", "person_id", "details"], who, include_defaults=False)
    return select(started.c.lasts_s).add_cte(noted.cte("noted"))


def end_session(token_sha256: bytes) -> Delete:
    return delete(SESSIONS).where(SESSIONS.c.token_sha256 == token_sha256)


def sweep_sessions() -> Delete:
    """Sessions that have ended by themselves."""
    return delete(SESSIONS).where(SESSIONS.c.expires_at < func.now())


# --- asked by the owner, on the command line ---------------------------------------------------


def lock_keys() -> TextClause:
    """Hold off others who make or revoke keys until the transaction ends."""
    return text("SELECT pg_advisory_xact_lock(hashtext('gis-service keys'))")


def records() -> Select[Any]:
    """Every key with its person's name, newest last."""
    kept = [c for c in API_KEYS.c if c.name != "secret_sha256"]
    return (
        select(*kept, PEOPLE.c.name.label("person"), SCOPES.c.name.label("scope"), _STATE)
        .join(PEOPLE, PEOPLE.c.id == API_KEYS.c.person_id)
        .outerjoin(SCOPES, SCOPES.c.id == API_KEYS.c.scope_id)
        .order_by(API_KEYS.c.created_at, API_KEYS.c.prefix)
    )


def any_key() -> Select[Any]:
    """Whether a key has ever been made."""
    return select(select(API_KEYS.c.id).exists())


def new_key(
    text: KeyText,
    *,
    role: Audience,
    client: str,
    person_id: UUID,
    ward: str | None,
    expires_at: datetime | None,
    scope_id: int | None,
) -> Insert:
    return insert(API_KEYS).values(
        prefix=text.prefix,
        secret_sha256=text.sha256,
        role=role.value,
        client=client,
        person_id=person_id,
        ward=ward,
        expires_at=expires_at,
        scope_id=scope_id,
    )


def live_admins() -> Select[Any]:
    """How many live keys open everything."""
    return (
        select(func.count()).select_from(API_KEYS)
        .where(API_KEYS.c.role == Audience.ADMIN.value, LIVE)
    )


def revoke(*which: ColumnElement[bool]) -> Update:
    """Revoke the keys that fit and are not revoked yet; returns their prefixes."""
    return (
        update(API_KEYS)
        .where(API_KEYS.c.revoked_at.is_(None), *which)
        .values(revoked_at=func.now())
        .returning(API_KEYS.c.prefix)
    )


def end_sessions(*which: ColumnElement[bool]) -> Delete:
    """End the sessions of the keys that fit."""
    keys = select(API_KEYS.c.id).where(*which)
    return delete(SESSIONS).where(SESSIONS.c.key_id.in_(keys))

"""Statements about scopes, asked by the owner on the command line."""

from __future__ import annotations

from collections.abc import Collection as Several
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Delete, Insert, Select, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as insert_or_move

from gis_service.model.declarations.network import NETWORKS
from gis_service.model.scopes import Scope
from gis_service.store.internal import API_KEYS
from gis_service.store.keys import LIVE
from gis_service.store.scope_tables import SCOPE_NETWORKS, SCOPE_WARDS, SCOPES
from gis_service.store.tables import table
from gis_service.store.versions import CHANNEL, STAFF_VERSIONS


def numbers_of(connection: Connection) -> list[int]:
    """The number of every scope."""
    return list(connection.scalars(select(SCOPES.c.id).order_by(SCOPES.c.id)))


def scopes() -> Select[Any]:
    """Every scope with what belongs to it, by name."""
    stored = table(NETWORKS)
    networks = (
        select(func.array_agg(aggregate_order_by(stored.c.external_id, stored.c.external_id)))
        .join(SCOPE_NETWORKS, SCOPE_NETWORKS.c.network_id == stored.c.id)
        .where(SCOPE_NETWORKS.c.scope_id == SCOPES.c.id)
    )
    wards = select(func.array_agg(aggregate_order_by(SCOPE_WARDS.c.code, SCOPE_WARDS.c.code)))
    keys = select(func.count()).where(API_KEYS.c.scope_id == SCOPES.c.id, LIVE)
    return select(
        SCOPES.c.id, SCOPES.c.name, SCOPES.c.title,
        networks.scalar_subquery().label("networks"),
        wards.where(SCOPE_WARDS.c.scope_id == SCOPES.c.id).scalar_subquery().label("wards"),
        keys.scalar_subquery().label("keys"),
    ).order_by(SCOPES.c.name)


def scope_of(row: Any) -> Scope:
    """A scope from a row of `scopes`."""
    return Scope(
        row.id, row.name, row.title, tuple(row.networks or ()), tuple(row.wards or ()), row.keys
    )


def lock(connection: Connection) -> None:
    """Hold off others who change scopes until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('gis-service scopes'))"))


def new_scope(name: str, title: str) -> Insert:
    return insert(SCOPES).values(name=name, title=title)


def give_network(network: UUID, scope: int) -> Insert:
    """A network belongs to a scope from now on, and to no other."""
    given = insert_or_move(SCOPE_NETWORKS).values(network_id=network, scope_id=scope)
    return given.on_conflict_do_update(
        index_elements=[SCOPE_NETWORKS.c.network_id], set_={"scope_id": scope}
    )


def give_ward(code: str, scope: int) -> Insert:
    """A ward belongs to a scope from now on, and to no other."""
    given = insert_or_move(SCOPE_WARDS).values(code=code, scope_id=scope)
    return given.on_conflict_do_update(
        index_elements=[SCOPE_WARDS.c.code], set_={"scope_id": scope}
    )


def take_back(scope: int, networks: Several[UUID], wards: Several[str]) -> tuple[Delete, Delete]:
    """These belong to the scope no more."""
    return (
        delete(SCOPE_NETWORKS).where(
            SCOPE_NETWORKS.c.scope_id == scope, SCOPE_NETWORKS.c.network_id.in_(networks)
        ),
        delete(SCOPE_WARDS).where(
            SCOPE_WARDS.c.scope_id == scope, SCOPE_WARDS.c.code.in_(wards)
        ),
    )


def count_anew(connection: Connection) -> None:
    """Let nobody keep what was read before networks moved between scopes."""
    connection.execute(
        STAFF_VERSIONS.update()
        .where(STAFF_VERSIONS.c.scope_id != 0)
        .values(version=STAFF_VERSIONS.c.version + 1, changed_at=func.clock_timestamp())
    )
    connection.execute(select(func.pg_notify(CHANNEL, "")))

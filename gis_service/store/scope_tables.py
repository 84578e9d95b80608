"""Scopes, what belongs to them, and how the database knows to whom a login is held."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.network import NETWORKS
from gis_service.store.internal import INTERNAL, METADATA_INTERNAL, SCOPE_OF_LOGIN
from gis_service.store.tables import SCHEMA, SEARCH_PATH, table

SCOPES = Table(
    "scopes",
    METADATA_INTERNAL,
    Column("id", SmallInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    UniqueConstraint("name"),
    CheckConstraint("id > 0", name="id"),
)

SCOPE_NETWORKS = Table(
    "scope_networks",
    METADATA_INTERNAL,
    Column("network_id", UUID(as_uuid=True),
           ForeignKey(table(NETWORKS).c.id), primary_key=True),
    Column("scope_id", SmallInteger, ForeignKey(SCOPES.c.id), nullable=False),
    Index("scope_networks_scope_id_idx", "scope_id"),
)
"""Each network belongs to one scope, or to none: then only staff of the whole see it."""

SCOPE_WARDS = Table(
    "scope_wards",
    METADATA_INTERNAL,
    Column("code", Text, primary_key=True),
    Column("scope_id", SmallInteger, ForeignKey(SCOPES.c.id), nullable=False),
    Index("scope_wards_scope_id_idx", "scope_id"),
)

FUNCTIONS = (
    "own_networks()", "is_own_item(text, uuid)",
    "is_own_place(text, double precision, double precision)",
)
"""What policies ask; who is held to a scope may call them."""

# The login's own name says to which scope it is held. Nobody can change that within
# a session: SET ROLE leaves `session_user` as it is, and so do functions of others.
_OWN_NETWORKS = f"""
CREATE FUNCTION {INTERNAL}.own_networks() RETURNS uuid[]
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
    SELECT coalesce(array_agg(network_id), '{{}}'::uuid[]) FROM {INTERNAL}.scope_networks
    WHERE scope_id = {SCOPE_OF_LOGIN}
$$""".strip()

_NETWORKED = ", ".join(f"'{c.id}'" for c in REGISTRY.values() if c.networked)

_IS_OWN_ITEM = f"""
CREATE FUNCTION {INTERNAL}.is_own_item(collection text, item uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
DECLARE
    found uuid;
BEGIN
    IF collection IN ({_NETWORKED}) THEN
        EXECUTE format('SELECT network_id FROM {SCHEMA}.%I WHERE id = $1', collection)
        INTO found USING item;
    END IF;
    RETURN coalesce(found = ANY ({INTERNAL}.own_networks()), false);
END
$$""".strip()

_IS_OWN_PLACE = f"""
CREATE FUNCTION {INTERNAL}.is_own_place(
    ward text, lon double precision, lat double precision
) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
    SELECT EXISTS (
        SELECT FROM {INTERNAL}.scope_wards own
        WHERE own.scope_id = {SCOPE_OF_LOGIN} AND own.code = coalesce(
            {SCHEMA}.ward_of(ST_SetSRID(ST_MakePoint(lon, lat), 4326)), ward))
$$""".strip()

# The argument says which networks a row `r` belongs to, as an array; without one the
# rows are everybody's. It is ours alone: only the owner makes triggers.
_TOUCH_SCOPES = f"""
CREATE FUNCTION {INTERNAL}.touch_scopes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
DECLARE
    changed text := CASE TG_OP WHEN 'INSERT' THEN 'TABLE new_rows'
        WHEN 'DELETE' THEN 'TABLE old_rows'
        ELSE 'TABLE old_rows UNION ALL TABLE new_rows' END;
    networks uuid[];
    here bigint := pg_current_xact_id()::text::bigint;
    whole boolean := false;
BEGIN
    IF TG_NARGS = 0 THEN
        EXECUTE format('SELECT EXISTS (%s)', changed) INTO whole;
    ELSE
        EXECUTE format('SELECT array_agg(DISTINCT n) FROM (%s) r, unnest(%s) n', changed,
            TG_ARGV[0]) INTO networks;
    END IF;
    INSERT INTO {INTERNAL}.touched (transaction_id, collection, audience)
    SELECT here, TG_TABLE_NAME, id::text FROM {INTERNAL}.scopes
    WHERE whole OR id IN (SELECT scope_id FROM {INTERNAL}.scope_networks
        WHERE network_id = ANY (networks))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$""".strip()


def statements() -> list[str]:
    """Functions that policies ask, and the one that counts what a scope sees change."""
    return [_OWN_NETWORKS, _IS_OWN_ITEM, _IS_OWN_PLACE, _TOUCH_SCOPES]

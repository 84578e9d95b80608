"""
Row-level security: which rows the logins of a scope see and write.

It is on only where there are scopes: an installation of one municipality has no
policy, and pays nothing. Whoever works for the whole has a policy that is simply
true, which PostgreSQL folds away before it plans.

An index on geometry serves under a policy only if its operator is LEAKPROOF, which
the superuser of our private cluster says of `&&` (`cluster.admin`); else a scope's
rows are found by the index on their network, so that a question costs what the
scope holds and never what the country holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.joins import NODE_JOINS
from gis_service.model.declarations.network import NETWORKS
from gis_service.model.fields import Collection
from gis_service.store.history import HISTORY
from gis_service.store.internal import (
    ANSWERS,
    ATTACHMENTS,
    CONFLICTS,
    INTERNAL,
    JOBS,
    LOAD_GROUPS,
    LOADS,
    OPERATIONS,
    SCOPE_OF_LOGIN,
)
from gis_service.store.published import TRANSITIONS
from gis_service.store.report_tables import REPORTS
from gis_service.store.roles import Login, database_name, quoted, role_name, roles_exist
from gis_service.store.scope_tables import SCOPE_NETWORKS, SCOPES
from gis_service.store.tables import SCHEMA
from gis_service.store.upload_tables import UPLOADS
from gis_service.store.versions import COUNTED

_WHOLE, _OWN = "of_the_whole", "of_a_scope"
_TRIGGER = "e_scopes"
# A scalar subquery, so that it is asked once for a statement and an index serves.
_NETWORKS = f"(SELECT {INTERNAL}.own_networks())"
_IN_NETWORKS = f"= ANY ({_NETWORKS}::uuid[])"
_MINE = f"scope_id = {SCOPE_OF_LOGIN}"


@dataclass(frozen=True, slots=True)
class Rows:
    """
    Which rows of a table the logins of a scope see, and which they write.

    Parameters
    ----------
    seen, written
        Conditions; None for `written` means that a scope writes nothing there.
    whole
        The condition for logins that are held to no scope.
    """

    schema: str
    table: str
    seen: str
    written: str | None = None
    commands: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")
    whole: str = "true"

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


def limited() -> Iterator[Rows]:
    """Every table in which something belongs to a scope, or to nobody in particular."""
    for collection in REGISTRY.values():
        seen = _seen(collection)
        writes = collection.networked or collection in (NETWORKS, NODE_JOINS)
        yield Rows(
            SCHEMA, collection.id, seen, seen if writes else None,
            ("UPDATE",) if collection is NETWORKS else ("INSERT", "UPDATE", "DELETE"),
        )
        yield Rows(HISTORY, collection.id, seen)
    for name in COUNTED:
        yield Rows(SCHEMA, name, _MINE, whole="scope_id = 0")
    for stored in (JOBS, UPLOADS, OPERATIONS, ANSWERS):
        yield Rows(INTERNAL, stored.name, _MINE, _MINE)
    for stored in (LOADS, LOAD_GROUPS):
        yield Rows(INTERNAL, stored.name, f"{_MINE} OR network_id {_IN_NETWORKS}", _MINE)
    for stored in (ATTACHMENTS, CONFLICTS):
        own = f"{INTERNAL}.is_own_item(collection, item_id)"
        yield Rows(INTERNAL, stored.name, own, own)
    own = f"{INTERNAL}.is_own_place(ward, lon, lat)"
    yield Rows(INTERNAL, REPORTS.name, own, own, ("UPDATE",))


def _seen(collection: Collection) -> str:
    if collection.networked:
        return f"network_id {_IN_NETWORKS}"
    if collection is NETWORKS:
        return f"id {_IN_NETWORKS}"
    if collection is NODE_JOINS:
        return (
            f"(SELECT count(*) FROM {SCHEMA}.network_nodes n WHERE n.id IN (node_a, node_b)) = 2"
        )
    return "true"


def _belonging(collection: Collection) -> str:
    """The networks of a row `r`, as an argument of the trigger; nothing where it is shared."""
    if collection.networked:
        return "'ARRAY[r.network_id]'"
    if collection is NETWORKS:
        return "'ARRAY[r.id]'"
    if collection is NODE_JOINS:
        # Only who sees both nodes sees that they are joined.
        return (
            f"'(SELECT array_agg(network_id) FROM {SCHEMA}.network_nodes JOIN "
            f"{INTERNAL}.{SCOPE_NETWORKS.name} own USING (network_id) WHERE id IN (r.node_a, "
            "r.node_b) HAVING count(*) = 2 AND count(DISTINCT own.scope_id) = 1)'"
        )
    return ""


def apply_scopes(connection: Connection, *, anew: bool = True) -> None:
    """
    Have rows limited where there are scopes, and by nothing where there is none.

    Without any login it waits for them: they are made before anybody is served.

    Parameters
    ----------
    anew
        Whether policies are made anew, which holds every table for a moment; they
        are the same for all scopes.
    """
    plain = connection.execution_options(no_parameters=True)
    wanted = bool(connection.scalar(text(f"SELECT EXISTS (TABLE {INTERNAL}.{SCOPES.name})")))
    if not wanted and not is_limited(connection):
        return
    if anew and roles_exist(connection):
        for statement in _statements(database_name(connection), limiting=wanted):
            plain.exec_driver_sql(statement)
    if wanted:
        plain.exec_driver_sql(
            f"INSERT INTO {SCHEMA}.{COUNTED[0]} (collection, scope_id) "
            f"SELECT v.collection, s.id FROM {SCHEMA}.{COUNTED[0]} v, {INTERNAL}.{SCOPES.name} s "
            "WHERE v.scope_id = 0 ON CONFLICT DO NOTHING"
        )


def is_limited(connection: Connection) -> bool:
    """Whether row-level security is on."""
    return bool(connection.scalar(text(
        f"SELECT relrowsecurity FROM pg_class WHERE oid = '{SCHEMA}.{NETWORKS.id}'::regclass"
    )))


def _statements(database: str, *, limiting: bool) -> Iterator[str]:
    roles = {login: quoted(role_name(database, login)) for login in Login}
    whole = ", ".join(roles[each] for each in Login if not each.is_scoped)
    scoped = ", ".join(roles[each] for each in Login if each.is_scoped)
    for rows in limited():
        for name in (_WHOLE, _OWN, *(f"{_OWN}_{each.lower()}" for each in rows.commands)):
            yield f"DROP POLICY IF EXISTS {name} ON {rows.name}"
        verb = "ENABLE" if limiting else "DISABLE"
        yield f"ALTER TABLE {rows.name} {verb} ROW LEVEL SECURITY"
        if not limiting:
            continue
        yield f"CREATE POLICY {_WHOLE} ON {rows.name} TO {whole} USING ({rows.whole})"
        yield f"CREATE POLICY {_OWN} ON {rows.name} FOR SELECT TO {scoped} USING ({rows.seen})"
        if rows.written is None:
            continue
        for command in rows.commands:
            using = "" if command == "INSERT" else f" USING ({rows.written})"
            check = "" if command == "DELETE" else f" WITH CHECK ({rows.written})"
            yield (
                f"CREATE POLICY {_OWN}_{command.lower()} ON {rows.name} FOR {command} "
                f"TO {scoped}{using}{check}"
            )
    for collection in REGISTRY.values():
        for event, transition in TRANSITIONS.items():
            name = f"{_TRIGGER}_{event.lower()}"
            yield f"DROP TRIGGER IF EXISTS {name} ON {SCHEMA}.{collection.id}"
            if limiting:
                yield (
                    f"CREATE TRIGGER {name} AFTER {event} ON {SCHEMA}.{collection.id} "
                    f"REFERENCING {transition} FOR EACH STATEMENT "
                    f"EXECUTE FUNCTION {INTERNAL}.touch_scopes({_belonging(collection)})"
                )

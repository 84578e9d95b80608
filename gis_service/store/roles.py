"""
Database logins, one for each kind of work, and exactly what each may do.

Names carry the database's name, because PostgreSQL's roles belong to the whole
cluster. Grants are made anew after every migration: what is not listed here is
taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from psycopg2 import sql
from sqlalchemy import URL, Connection, text
from sqlalchemy.dialects.postgresql import dialect

from gis_service.errors import ConfigurationError
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.store.history import HISTORY
from gis_service.store.internal import INTERNAL
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.tables import SCHEMA, VERSION_TABLE

_PREPARER = dialect().identifier_preparer  # type: ignore[no-untyped-call]
_SCHEMAS = (SCHEMA, PUBLISHED, HISTORY, INTERNAL)


class Login(StrEnum):
    """Kinds of work that have a database login of their own."""

    PUBLIC = "public"
    TECHNICIAN = "technician"
    PLANNER = "planner"
    ADMIN = "admin"
    LOADER = "loader"
    GATE = "gate"

    @classmethod
    def of(cls, audience: Audience) -> Login:
        """The login under which an audience's questions run."""
        return cls(audience.value)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One privilege of one login on one table; `columns` narrows it to some columns."""

    login: Login
    schema: str
    table: str
    privilege: str
    columns: tuple[str, ...] = ()


def role_name(database: str, login: Login) -> str:
    """Name of a login's role in the cluster."""
    return f"{database}_{login.value}"


def grants() -> Iterator[Grant]:
    """Everything that any login may do with a table."""
    yield from _reading()
    yield from _writing()
    yield from _keeping_keys()
    yield from _working()


def _reading() -> Iterator[Grant]:
    for collection in published_collections():
        yield Grant(Login.PUBLIC, PUBLISHED, collection.id, "SELECT")
    yield Grant(Login.PUBLIC, PUBLISHED, "collection_versions", "SELECT")
    staff = (Login.TECHNICIAN, Login.PLANNER, Login.ADMIN, Login.LOADER)
    for login in staff:
        for id_ in (*REGISTRY, "collection_versions"):
            yield Grant(login, SCHEMA, id_, "SELECT")
    for login in (Login.PLANNER, Login.ADMIN):
        for id_ in REGISTRY:
            yield Grant(login, HISTORY, id_, "SELECT")


def _writing() -> Iterator[Grant]:
    for login in (Login.PLANNER, Login.ADMIN, Login.LOADER):
        for collection in REGISTRY.values():
            yield Grant(login, SCHEMA, collection.id, "INSERT")
            if not collection.append_only:
                yield Grant(login, SCHEMA, collection.id, "UPDATE")
                yield Grant(login, SCHEMA, collection.id, "DELETE")
    for id_ in ("work_log", "measurements", "faults"):
        yield Grant(Login.TECHNICIAN, SCHEMA, id_, "INSERT")


def _keeping_keys() -> Iterator[Grant]:
    yield Grant(Login.GATE, SCHEMA, VERSION_TABLE, "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "UPDATE", ("last_used_at",))
    for privilege in ("SELECT", "INSERT", "DELETE"):
        yield Grant(Login.GATE, INTERNAL, "sessions", privilege)


def _working() -> Iterator[Grant]:
    for privilege in ("SELECT", "INSERT", "UPDATE"):
        yield Grant(Login.LOADER, INTERNAL, "jobs", privilege)
    for privilege in ("SELECT", "INSERT"):
        yield Grant(Login.LOADER, INTERNAL, "loads", privilege)


def grant_statements(database: str) -> list[str]:
    """Statements that make the privileges of every login exactly those of `grants`."""
    roles = {login: _quoted(role_name(database, login)) for login in Login}
    everyone = ", ".join(roles.values())
    name = _quoted(database)
    made = [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC, {everyone}",
        f"GRANT CONNECT ON DATABASE {name} TO {everyone}",
        f"GRANT TEMPORARY ON DATABASE {name} TO {roles[Login.LOADER]}",
    ]
    for schema in _SCHEMAS:
        made += [
            f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, {everyone}",
            f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM PUBLIC, {everyone}",
            f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA {schema} FROM PUBLIC, {everyone}",
            f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC, {everyone}",
        ]
    wanted = sorted(grants())
    for login, schema in sorted({(g.login, g.schema) for g in wanted} | _folding()):
        made.append(f"GRANT USAGE ON SCHEMA {schema} TO {roles[login]}")
    for grant in wanted:
        columns = f" ({', '.join(grant.columns)})" if grant.columns else ""
        made.append(
            f"GRANT {grant.privilege}{columns} ON {grant.schema}.{grant.table} "
            f"TO {roles[grant.login]}"
        )
    folders = ", ".join(roles[login] for login, _ in sorted(_folding()))
    made.append(f"GRANT EXECUTE ON FUNCTION {PUBLISHED}.fold(text) TO {folders}")
    return made


def _folding() -> set[tuple[Login, str]]:
    """Who searches, or writes rows whose search text the database folds."""
    return {(login, PUBLISHED) for login in Login if login is not Login.GATE}


def granted(connection: Connection) -> set[Grant]:
    """What the catalogue says that each login may do with tables of any schema of ours."""
    database = _database(connection)
    logins = {role_name(database, login): login for login in Login}
    found = connection.execute(
        text(_GRANTED), {"roles": list(logins), "schemas": list(_SCHEMAS)}
    )
    whole: set[Grant] = set()
    parts: dict[tuple[Login, str, str, str], list[str]] = {}
    for role, schema, table, privilege, column in found:
        key = (logins[role], schema, table, privilege)
        if column is None:
            whole.add(Grant(*key))
        else:
            parts.setdefault(key, []).append(column)
    return whole | {Grant(*key, tuple(sorted(columns))) for key, columns in parts.items()}


_GRANTED = """
SELECT r.rolname, n.nspname, c.relname, a.privilege_type, NULL AS attname
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(c.relacl) a
JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = ANY(:schemas) AND r.rolname = ANY(:roles)
UNION ALL
SELECT r.rolname, n.nspname, c.relname, a.privilege_type, t.attname
FROM pg_attribute t
JOIN pg_class c ON c.oid = t.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(t.attacl) a
JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = ANY(:schemas) AND r.rolname = ANY(:roles)
ORDER BY 1, 2, 3, 4, 5
"""


def apply_grants(connection: Connection) -> None:
    """Make the privileges of every login of the connected database right."""
    plain = connection.execution_options(no_parameters=True)
    for statement in grant_statements(_database(connection)):
        plain.exec_driver_sql(statement)


def ensure_roles(connection: Connection, password: Callable[[str], str]) -> None:
    """
    Make the logins that are missing, on a database that is not our private one.

    Parameters
    ----------
    password
        Gives the password kept for a role's name.

    Raises
    ------
    ConfigurationError
        Roles are missing and we may not make them; the message says what an
        administrator has to run.
    """
    names = [role_name(_database(connection), login) for login in Login]
    present = set(
        connection.scalars(text("SELECT rolname FROM pg_roles WHERE rolname = ANY(:names)"),
                           {"names": names})
    )
    may_create = connection.scalar(
        text("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user")
    )
    missing = [name for name in names if name not in present]
    if missing and not may_create:
        raise ConfigurationError(_missing_roles(missing, str(connection.scalar(text(
            "SELECT current_user")))))
    cursor = connection.connection.cursor()
    for name in names if may_create else ():
        verb = "CREATE" if name in missing else "ALTER"
        cursor.execute(
            sql.SQL(verb + " ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                sql.Identifier(name), sql.Literal(password(name))
            )
        )


def roles_exist(connection: Connection) -> bool:
    """Whether every login of the connected database has been made."""
    names = [role_name(_database(connection), login) for login in Login]
    found = connection.scalar(
        text("SELECT count(*) FROM pg_roles WHERE rolname = ANY(:names)"), {"names": names}
    )
    return bool(found == len(names))


def _missing_roles(missing: list[str], owner: str) -> str:
    statements = "\n".join(
        f"    CREATE ROLE {_quoted(name)} LOGIN PASSWORD '...';" for name in missing
    )
    return (
        f"The role {owner} may not create roles, and some are missing. Either let an "
        f"administrator run\n    ALTER ROLE {_quoted(owner)} CREATEROLE;\nor\n{statements}\n"
        "with the passwords that secrets.json in GIS_HOME names for them."
    )


def preflight(connection: Connection) -> list[str]:
    """What the connected owner lacks to migrate and serve; empty when it lacks nothing."""
    lacking = []
    may_create = connection.scalar(
        text("SELECT has_database_privilege(current_user, current_database(), 'CREATE')")
    )
    if not may_create:
        lacking.append(f"CREATE on database {_database(connection)}")
    for schema in _SCHEMAS:
        owned = connection.scalar(
            text("SELECT pg_has_role(current_user, nspowner, 'USAGE') FROM pg_namespace "
                 "WHERE nspname = :schema"),
            {"schema": schema},
        )
        if owned is False:
            lacking.append(f"ownership of schema {schema}")
    return lacking


def login_url(owner: URL, login: Login, password: Callable[[str], str]) -> URL:
    """Address of the owner's database for another login."""
    name = role_name(str(owner.database), login)
    return owner.set(username=name, password=password(name))


def _database(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT current_database()")))


def _quoted(identifier: str) -> str:
    return str(_PREPARER.quote_identifier(identifier))

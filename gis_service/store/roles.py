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
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy import URL, Connection, text
from sqlalchemy.dialects.postgresql import dialect

from gis_service.errors import ConfigurationError
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.rights import (
    HISTORIANS,
    Operation,
    field_rights,
    publishes,
    reads_history,
    rights,
    sets_visibility,
    settles_reports,
)
from gis_service.store.history import HISTORY, TRANSACTIONS
from gis_service.store.internal import INTERNAL
from gis_service.store.publication_tables import PUBLICATION_NOTES, PUBLICATIONS, PUBLISHED_ROWS
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.report_tables import REPORTS, SENT, SETTLED, TOLD
from gis_service.store.tables import SCHEMA, VERSION_TABLE
from gis_service.store.tables import table as stored_table
from gis_service.store.versions import COUNTED

_PREPARER = dialect().identifier_preparer  # type: ignore[no-untyped-call]
_SCHEMAS = (SCHEMA, PUBLISHED, HISTORY, INTERNAL)
_PRIVILEGES = {
    Operation.CREATE: "INSERT",
    Operation.REPLACE: "UPDATE",
    Operation.UPDATE: "UPDATE",
    Operation.DELETE: "DELETE",
}


class Login(StrEnum):
    """Kinds of work that have a database login of their own."""

    PUBLIC = "public"
    TECHNICIAN = "technician"
    PLANNER = "planner"
    ADMIN = "admin"
    LOADER = "loader"
    GATE = "gate"
    REPORTER = "reporter"

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
    yield from _field_work()
    yield from _reporting()
    yield from _publishing()


def _reading() -> Iterator[Grant]:
    for collection in published_collections():
        yield Grant(Login.PUBLIC, PUBLISHED, collection.id, "SELECT")
    for kept in COUNTED:
        yield Grant(Login.PUBLIC, PUBLISHED, kept, "SELECT")
    staff = (Login.TECHNICIAN, Login.PLANNER, Login.ADMIN, Login.LOADER)
    for login in staff:
        for id_ in (*REGISTRY, *COUNTED):
            yield Grant(login, SCHEMA, id_, "SELECT")
    historians = [Login.of(each) for each in filter(reads_history, Audience)]
    for login in (*historians, Login.LOADER):
        for id_ in (*REGISTRY, TRANSACTIONS.name):
            yield Grant(login, HISTORY, id_, "SELECT")
    for audience in (each for each in Audience if each.is_staff):
        columns = ("collection", "id", "loaded_at", "report", "source")
        yield Grant(Login.of(audience), INTERNAL, "loads", "SELECT", columns)
    yield Grant(Login.ADMIN, INTERNAL, "people", "SELECT", ("erased_at", "id", "name"))


def _writing() -> Iterator[Grant]:
    """
    By the rights of each audience; a load may do what an admin may.

    A new row is public unless its writer says otherwise, so whoever adds may
    withhold. To change it later is for who publishes.
    """
    writers = {Login.of(a): a for a in Audience} | {Login.LOADER: Audience.ADMIN}
    for login, audience in writers.items():
        for collection in REGISTRY.values():
            for privilege in _privileges(collection, audience):
                narrowed = privilege == "UPDATE" and not sets_visibility(audience)
                columns = _all_but_visibility(collection) if narrowed else ()
                yield Grant(login, SCHEMA, collection.id, privilege, columns)
        edits = any(rights(collection, audience) for collection in REGISTRY.values())
        if edits and login is not Login.LOADER:
            for privilege in ("SELECT", "INSERT", "DELETE"):
                yield Grant(login, INTERNAL, "answers", privilege)


def _privileges(collection: Collection, audience: Audience) -> list[str]:
    return sorted({_PRIVILEGES[each] for each in field_rights(collection, audience)})


def _all_but_visibility(collection: Collection) -> tuple[str, ...]:
    names = {c.name for c in stored_table(collection).c if c.computed is None}
    return tuple(sorted(names - {"visibility"}))


def _keeping_keys() -> Iterator[Grant]:
    yield Grant(Login.GATE, SCHEMA, VERSION_TABLE, "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "SELECT")
    yield Grant(Login.GATE, INTERNAL, "api_keys", "UPDATE", ("last_used_at",))
    for privilege in ("SELECT", "INSERT", "DELETE"):
        yield Grant(Login.GATE, INTERNAL, "sessions", privilege)
    yield Grant(Login.GATE, INTERNAL, "jobs", "SELECT")
    cancelling = ("cancel_requested", "finished_at", "message", "state")
    yield Grant(Login.GATE, INTERNAL, "jobs", "UPDATE", cancelling)


def _working() -> Iterator[Grant]:
    for privilege in ("SELECT", "INSERT", "UPDATE"):
        yield Grant(Login.LOADER, INTERNAL, "jobs", privilege)
    for privilege in ("SELECT", "INSERT"):
        yield Grant(Login.LOADER, INTERNAL, "loads", privilege)


def _field_work() -> Iterator[Grant]:
    """Whoever works in the field has it written down; planners settle what disagrees."""
    for audience in (each for each in Audience if each.is_staff):
        login = Login.of(audience)
        for privilege in ("SELECT", "INSERT"):
            yield Grant(login, INTERNAL, "operations", privilege)
            yield Grant(login, INTERNAL, "attachments", privilege)
        yield Grant(login, INTERNAL, "operations", "UPDATE", ("answer", "applied_at", "outcome"))
        yield Grant(login, INTERNAL, "conflicts", "INSERT")
        if audience.includes(HISTORIANS):
            yield Grant(login, INTERNAL, "conflicts", "SELECT")
            yield Grant(
                login, INTERNAL, "conflicts", "UPDATE", ("settled_at", "settled_by", "settlement")
            )
def _reporting() -> Iterator[Grant]:
    """Who takes citizens' reports in reads nothing of them but how they stand."""
    yield Grant(Login.REPORTER, INTERNAL, REPORTS.name, "INSERT", tuple(sorted(SENT)))
    yield Grant(Login.REPORTER, INTERNAL, REPORTS.name, "SELECT", tuple(sorted(TOLD)))
    for audience in filter(settles_reports, Audience):
        login = Login.of(audience)
        yield Grant(login, INTERNAL, REPORTS.name, "SELECT")
        yield Grant(login, INTERNAL, REPORTS.name, "UPDATE", tuple(sorted(SETTLED)))


def _publishing() -> Iterator[Grant]:
    """Everyone knows that a publication is; who publishes compares what the public sees."""
    yield Grant(Login.PUBLIC, PUBLISHED, PUBLICATIONS.name, "SELECT")
    for audience in filter(publishes, Audience):
        login = Login.of(audience)
        for name in (*(c.id for c in published_collections()), COUNTED[0]):
            yield Grant(login, PUBLISHED, name, "SELECT")
        for schema, table in ((PUBLISHED, PUBLICATIONS), (INTERNAL, PUBLICATION_NOTES)):
            for privilege in ("SELECT", "INSERT"):
                yield Grant(login, schema, table.name, privilege)
        for privilege in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            yield Grant(login, INTERNAL, PUBLISHED_ROWS.name, privilege)


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


_FOLDS_NOTHING = (Login.GATE, Login.REPORTER)


def _folding() -> set[tuple[Login, str]]:
    """Who searches, or writes rows whose search text the database folds."""
    return {(login, PUBLISHED) for login in Login if login not in _FOLDS_NOTHING}


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
    """
    Make the privileges of every login of the connected database right.

    Raises
    ------
    ConfigurationError
        A login may do more, and we may not take it away; the message says
        what an administrator has to run.
    """
    _refuse(_found(connection, _POWERS))
    plain = connection.execution_options(no_parameters=True)
    for statement in (*grant_statements(_database(connection)), _CLOSE_PUBLIC):
        plain.exec_driver_sql(statement)
    _refuse(_found(connection, _OPENINGS))


def _refuse(found: list[str]) -> None:
    if found:
        listed = "\n".join(f"  - {line}" for line in found)
        raise ConfigurationError(
            "Some database roles may do more than the service allows them. Have an "
            f"administrator take it away:\n{listed}"
        )


# Whoever may create functions in `public` could have ours call them, with the rights
# of the owner. PostGIS tells anyone the extent and spread of any column by these
# functions, also of tables that they may not read.
STATISTICS = (
    "st_estimatedextent", "st_findextent", "_postgis_stats", "_postgis_selectivity",
    "_postgis_join_selectivity", "_postgis_index_extent",
)
_CLOSE_PUBLIC = f"""
DO $$
DECLARE
    leaky regprocedure;
BEGIN
    IF (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public') THEN
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
    END IF;
    FOR leaky IN SELECT p.oid FROM pg_proc p
        WHERE p.proname IN ({", ".join(f"'{name}'" for name in STATISTICS)})
        AND pg_has_role(p.proowner, 'USAGE')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', leaky);
    END LOOP;
END
$$"""


def excess(connection: Connection) -> list[str]:
    """
    What the logins of the connected database have that `grants` does not say.

    Powers of the role itself, roles that it may become, things that it owns,
    places where it may create, and what everyone may do in a schema of ours.
    """
    return _found(connection, _POWERS) + _found(connection, _OPENINGS)


def _found(connection: Connection, query: str) -> list[str]:
    names = [role_name(_database(connection), login) for login in Login]
    return list(connection.scalars(text(query), {"roles": names, "schemas": list(_SCHEMAS)}))


_THESE = """
WITH login AS (SELECT * FROM pg_roles WHERE rolname = ANY(:roles)),
ours AS (SELECT * FROM pg_namespace WHERE nspname = ANY(:schemas)),
mine AS (SELECT * FROM pg_namespace WHERE nspname !~ '^pg_')
"""

# What only an administrator can take away.
_POWERS = _THESE + """
SELECT format('%I has powers of its own: ALTER ROLE %1$I NOSUPERUSER NOCREATEROLE NOCREATEDB '
              'NOREPLICATION NOBYPASSRLS', rolname)
FROM login WHERE rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
UNION ALL
SELECT format('%I may become %I: REVOKE %2$I FROM %1$I', rolname, r.roleid::regrole::name)
FROM login JOIN pg_auth_members r ON r.member = login.oid
UNION ALL
SELECT format('%I owns %s: ALTER TABLE %2$s OWNER TO another role', rolname, c.oid::regclass)
FROM login JOIN pg_class c ON c.relowner = login.oid
WHERE c.relpersistence <> 't' AND c.relkind <> 't'
UNION ALL
SELECT format('%I owns %s: ALTER FUNCTION %2$s OWNER TO another role', rolname,
              p.oid::regprocedure)
FROM login JOIN pg_proc p ON p.proowner = login.oid
WHERE p.pronamespace IN (SELECT oid FROM mine)
ORDER BY 1
"""

# What the owner of our schemas can take away, as a rule.
_OPENINGS = _THESE + """
SELECT format('%I may create in schema %I: REVOKE CREATE ON SCHEMA %2$I FROM %1$I, PUBLIC',
              rolname, nspname)
FROM login CROSS JOIN mine WHERE has_schema_privilege(rolname, mine.oid, 'CREATE')
UNION ALL
SELECT format('%I may create schemas: REVOKE CREATE ON DATABASE %I FROM %1$I, PUBLIC',
              rolname, current_database())
FROM login WHERE has_database_privilege(rolname, current_database(), 'CREATE')
UNION ALL
SELECT format('everyone has %s on schema %I: REVOKE ALL ON SCHEMA %2$I FROM PUBLIC',
              a.privilege_type, nspname)
FROM ours, aclexplode(nspacl) a WHERE a.grantee = 0
UNION ALL
SELECT format('everyone has %s on %s: REVOKE ALL ON %2$s FROM PUBLIC', a.privilege_type,
              c.oid::regclass)
FROM pg_class c JOIN ours ON ours.oid = c.relnamespace, aclexplode(c.relacl) a
WHERE a.grantee = 0
UNION ALL
SELECT format('everyone has %s on a column of %s: REVOKE ALL ON %2$s FROM PUBLIC',
              a.privilege_type, c.oid::regclass)
FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid
JOIN ours ON ours.oid = c.relnamespace, aclexplode(t.attacl) a
WHERE a.grantee = 0
UNION ALL
SELECT format('everyone may call %s: REVOKE ALL ON FUNCTION %1$s FROM PUBLIC',
              p.oid::regprocedure)
FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace,
aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
WHERE a.grantee = 0
ORDER BY 1
"""


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
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        for name in names if may_create else ():
            verb = "CREATE" if name in missing else "ALTER"
            # Hashed here, so that no log of statements ever holds the password.
            verifier = encrypt_password(password(name), name, driver, "scram-sha-256")
            cursor.execute(
                sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(
                    sql.Identifier(name), sql.Literal(verifier)
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

"""
Making the privileges of every login what `grants` says, and telling what is not so.

Grants are made anew after every migration: what is not listed there is taken away.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from gis_service.errors import ConfigurationError
from gis_service.store.grants import Grant, grants
from gis_service.store.history import HISTORY
from gis_service.store.internal import INTERNAL
from gis_service.store.published import PUBLISHED
from gis_service.store.roles import Login, database_name, quoted, role_name
from gis_service.store.scope_tables import FUNCTIONS
from gis_service.store.tables import SCHEMA

_SCHEMAS = (SCHEMA, PUBLISHED, HISTORY, INTERNAL)


def grant_statements(database: str) -> list[str]:
    """Statements that make the privileges of every login exactly those of `grants`."""
    roles = {login: quoted(role_name(database, login)) for login in Login}
    everyone = ", ".join(roles.values())
    name = quoted(database)
    loaders = f"{roles[Login.LOADER]}, {roles[Login.SCOPED_LOADER]}"
    made = [
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC, {everyone}",
        f"GRANT CONNECT ON DATABASE {name} TO {everyone}",
        f"GRANT TEMPORARY ON DATABASE {name} TO {loaders}",
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
    held = ", ".join(roles[login] for login in Login if login.is_scoped)
    made += [f"GRANT USAGE ON SCHEMA {INTERNAL} TO {held}"] + [
        f"GRANT EXECUTE ON FUNCTION {INTERNAL}.{each} TO {held}" for each in FUNCTIONS
    ]
    return made


_FOLDS_NOTHING = (Login.GATE, Login.REPORTER, Login.SCOPED_GATE)


def _folding() -> set[tuple[Login, str]]:
    """Who searches, or writes rows whose search text the database folds."""
    return {(login, PUBLISHED) for login in Login if login not in _FOLDS_NOTHING}


def granted(connection: Connection) -> set[Grant]:
    """What the catalogue says that each login may do with tables of any schema of ours."""
    database = database_name(connection)
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
    statements = (*grant_statements(database_name(connection)), _CLOSE_PUBLIC)
    plain.exec_driver_sql(";\n".join(statements))
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
    names = [role_name(database_name(connection), login) for login in Login]
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


def preflight(connection: Connection) -> list[str]:
    """What the connected owner lacks to migrate and serve; empty when it lacks nothing."""
    lacking = []
    may_create = connection.scalar(
        text("SELECT has_database_privilege(current_user, current_database(), 'CREATE')")
    )
    if not may_create:
        lacking.append(f"CREATE on database {database_name(connection)}")
    for schema in _SCHEMAS:
        owned = connection.scalar(
            text("SELECT pg_has_role(current_user, nspowner, 'USAGE') FROM pg_namespace "
                 "WHERE nspname = :schema"),
            {"schema": schema},
        )
        if owned is False:
            lacking.append(f"ownership of schema {schema}")
    return lacking

"""A database's schema as sorted lines from the catalogue: the whole of it, comparable."""

from __future__ import annotations

from sqlalchemy import Connection, text

SCHEMAS = ("gis", "published", "history", "internal")

_ACL = """
coalesce((SELECT string_agg(format('%s=%s%s', coalesce(g.rolname, 'PUBLIC'), a.privilege_type,
    CASE WHEN a.is_grantable THEN '*' ELSE '' END), ','
    ORDER BY replace(g.rolname, current_database() || '_', ''), a.privilege_type)
 FROM aclexplode({acl}) a LEFT JOIN pg_roles g ON g.oid = a.grantee), '')
"""

_PARTS = (
    "SELECT format('schema %s owner %s acl %s', nspname, nspowner::regrole, "
    + _ACL.format(acl="nspacl") + ") FROM ours",
    "SELECT format('%s %s owner %s persistence %s acl %s options %s rls %s', c.relkind, "
    "c.oid::regclass, c.relowner::regrole, c.relpersistence, "
    + _ACL.format(acl="coalesce(c.relacl, acldefault('r', c.relowner))")
    + ", c.reloptions, c.relrowsecurity) FROM pg_class c JOIN ours ON ours.oid = c.relnamespace",
    "SELECT format('column %s.%s %s notnull %s default %s generated %s identity %s acl %s', "
    "c.oid::regclass, t.attname, format_type(t.atttypid, t.atttypmod), t.attnotnull, "
    "pg_get_expr(d.adbin, d.adrelid), t.attgenerated, t.attidentity, "
    + _ACL.format(acl="t.attacl")
    + ") FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid "
    "JOIN ours ON ours.oid = c.relnamespace LEFT JOIN pg_attrdef d ON d.adrelid = c.oid "
    "AND d.adnum = t.attnum WHERE t.attnum > 0 AND c.relkind IN ('r', 'v', 'm', 'p')",
    "SELECT format('constraint %s %s %s %s %s %s', k.conrelid::regclass, k.conname, "
    "pg_get_constraintdef(k.oid), k.condeferrable, k.condeferred, k.convalidated) "
    "FROM pg_constraint k JOIN ours ON ours.oid = k.connamespace",
    "SELECT format('index %s valid %s', pg_get_indexdef(i.indexrelid), i.indisvalid) "
    "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN ours ON ours.oid = c.relnamespace",
    "SELECT format('function %s owner %s acl %s', pg_get_functiondef(p.oid), p.proowner::regrole, "
    + _ACL.format(acl="coalesce(p.proacl, acldefault('f', p.proowner))")
    + ") FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace",
    "SELECT format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled) "
    "FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
    "JOIN ours ON ours.oid = c.relnamespace WHERE NOT t.tgisinternal",
    "SELECT format('type %s', t.typname) FROM pg_type t JOIN ours ON ours.oid = t.typnamespace "
    "WHERE t.typtype NOT IN ('c', 'b')",
    "SELECT format('database acl %s', "
    + _ACL.format(acl="datacl") + ") FROM pg_database WHERE datname = current_database()",
    "SELECT format('schema public acl %s', " + _ACL.format(acl="nspacl")
    + ") FROM pg_namespace WHERE nspname = 'public'",
)


def described(connection: Connection) -> list[str]:
    """Every object of our schemas with its source, owner and grants; role names shortened."""
    name = str(connection.scalar(text("SELECT current_database()")))
    ours = f"WITH ours AS (SELECT * FROM pg_namespace WHERE nspname IN {SCHEMAS})"
    lines: list[str] = []
    plain = connection.execution_options(no_parameters=True)
    for part in _PARTS:
        lines += plain.exec_driver_sql(f"{ours} {part}").scalars()
    return sorted(line.replace(f"{name}_", "DATABASE_") for line in lines)

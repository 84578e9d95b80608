"""Sums over tables, by which a copy of a database is compared with what it was made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from gis_service.model.backups import TableSum
from gis_service.store.roles import quoted
from gis_service.store.schema import SCHEMAS

# Rows are hashed as text, which these settings change.
_SAME_TEXT = (
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL statement_timeout = 0",
)

# What is computed from other columns is left out: another version of PostGIS may
# compute another last digit, and it is not data.
_COLUMNS = """
SELECT n.nspname AS schema, c.relname AS name,
       array_agg(a.attname::text ORDER BY a.attnum)
           FILTER (WHERE a.attgenerated = '' AND NOT a.attisdropped) AS columns
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('r', 'p')
GROUP BY 1, 2
ORDER BY 1, 2
"""

_OBJECTS = """
SELECT 'indexes', count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relnamespace::regnamespace::text = ANY(:schemas) AND i.indisvalid
UNION ALL SELECT 'constraints', count(*) FROM pg_constraint
    WHERE connamespace::regnamespace::text = ANY(:schemas) AND convalidated
        AND contype <> 'n'  -- PostgreSQL 18 counts NOT NULL, older ones do not
UNION ALL SELECT 'triggers', count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace::regnamespace::text = ANY(:schemas) AND NOT tgisinternal
UNION ALL SELECT 'functions', count(*) FROM pg_proc
    WHERE pronamespace::regnamespace::text = ANY(:schemas)
"""

_BEHIND = """
SELECT s.relname AS sequence, n.nspname AS schema, c.relname AS name, a.attname AS column
FROM pg_class s
JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass
    AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
JOIN pg_class c ON c.oid = d.refobjid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE s.relkind = 'S' AND n.nspname = ANY(:schemas)
ORDER BY 2, 3
"""


def table_sums(connection: Connection) -> tuple[TableSum, ...]:
    """
    Rows and sum of every table of ours, in the connection's transaction.

    Each row is hashed as text; the halves of the hashes are summed, so that no
    order of the rows matters and two rows that are alike do not cancel out.
    """
    for statement in _SAME_TEXT:
        connection.execute(text(statement))
    return tuple(_sum(connection, row) for row in _rows(connection, _COLUMNS))


def object_counts(connection: Connection) -> dict[str, int]:
    """How many indexes, constraints, triggers and functions our schemas have."""
    return {row[0]: row[1] for row in _rows(connection, _OBJECTS)}


def sequences_behind(connection: Connection) -> list[str]:
    """Columns whose sequence would give a number that is there already."""
    found = []
    for row in _rows(connection, _BEHIND):
        table = f"{quoted(row.schema)}.{quoted(row.name)}"
        statement = (
            f"SELECT coalesce((SELECT max({quoted(row.column)}) FROM {table}), 0) > "
            f"(SELECT last_value FROM {quoted(row.schema)}.{quoted(row.sequence)})"
        )
        if connection.scalar(text(statement)):
            found.append(f"{row.schema}.{row.name}.{row.column}")
    return found


def is_ours(connection: Connection) -> bool:
    """Whether the database holds any schema of the service."""
    statement = text("SELECT count(*) FROM pg_namespace WHERE nspname = ANY(:schemas)")
    return bool(connection.scalar(statement, {"schemas": list(SCHEMAS)}))


def drop_ours(connection: Connection) -> None:
    """Remove every schema of the service and what is in it."""
    for schema in SCHEMAS:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {quoted(schema)} CASCADE"))


def differences(wanted: tuple[TableSum, ...], found: tuple[TableSum, ...]) -> Iterator[str]:
    """The tables that are not alike, each with how."""
    there = {each.table: each for each in found}
    for each in wanted:
        other = there.pop(each.table, None)
        if other is None:
            yield f"{each.table} is missing"
        elif other.rows != each.rows:
            yield f"{each.table} has {other.rows:,} rows of {each.rows:,}"
        elif other.sum != each.sum:
            yield f"{each.table} has other values"
    yield from (f"{name} was not in the backup" for name in there)


def _sum(connection: Connection, row: Any) -> TableSum:
    columns = ", ".join(quoted(name) for name in row.columns or ())
    found = connection.execute(text(
        "SELECT count(*) AS rows, coalesce(sum(('x' || left(h, 16))::bit(64)::bigint), 0) AS high, "
        "coalesce(sum(('x' || substr(h, 17, 16))::bit(64)::bigint), 0) AS low "
        f"FROM (SELECT encode(sha256(convert_to(ROW({columns})::text, 'UTF8')), 'hex') AS h "
        f"FROM {quoted(row.schema)}.{quoted(row.name)}) AS hashed"
    )).one()
    halves = (int(half) % 2**64 for half in (found.high, found.low))
    return TableSum(
        f"{row.schema}.{row.name}", found.rows, "".join(f"{half:016x}" for half in halves)
    )


def _rows(connection: Connection, statement: str) -> list[Any]:
    return list(connection.execute(text(statement), {"schemas": list(SCHEMAS)}))

"""The schema as SQL text, made from the registry: what a fresh database is built with."""

from __future__ import annotations

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gis_service.store.tables import SCHEMA, metadata

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def create_statements() -> list[str]:
    """Every statement that builds the schema, in order."""
    statements = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"]
    for table in metadata().sorted_tables:
        statements.append(str(CreateTable(table).compile(dialect=_DIALECT)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=_DIALECT)).strip()
            for index in sorted(table.indexes, key=lambda i: str(i.name))
        ]
    return statements

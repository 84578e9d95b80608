"""The schema as SQL text, made from the registry: what a fresh database is built with."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from gis_service.model.collections import REGISTRY
from gis_service.store import (
    acts,
    derived,
    history,
    internal,
    published,
    report_tables,
    scope_tables,
    shapes,
    versions,
)
from gis_service.store.tables import FOLD, METADATA, SCHEMA, SEARCH_PATH, table

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

SCHEMAS = (SCHEMA, published.PUBLISHED, history.HISTORY, internal.INTERNAL)

# PostgreSQL's unaccent() is only STABLE, because its dictionary may change; an
# index needs IMMUTABLE, which holds as long as nobody edits the dictionary. It
# knows letters with their accents in one character only: NFKC puts them together.
_FOLD = f"""
CREATE FUNCTION {FOLD}(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
SET search_path = {SEARCH_PATH}
AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, normalize(value, NFKC)))
$$""".strip()


def create_statements() -> list[str]:
    """Every statement that builds the schema, in order; grants are made apart."""
    for collection in REGISTRY.values():
        table(collection)
        history.history_table(collection)
    for collection in published.published_collections():
        published.published_table(collection)
    return [
        *(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SCHEMAS),
        _FOLD,
        *_tables(METADATA),
        *shapes.statements(),
        *_tables(published.METADATA_PUBLISHED),
        *_tables(history.METADATA_HISTORY),
        *_tables(internal.METADATA_INTERNAL),
        *derived.statements(),
        *history.statements(),
        *acts.statements(),
        *published.statements(),
        *versions.statements(),
        *report_tables.statements(),
        *scope_tables.statements(),
    ]


def _tables(metadata: MetaData) -> list[str]:
    statements = []
    for each in metadata.sorted_tables:
        statements.append(str(CreateTable(each).compile(dialect=_DIALECT)).strip())
        statements += [
            str(CreateIndex(index).compile(dialect=_DIALECT)).strip()
            for index in sorted(each.indexes, key=lambda i: str(i.name))
        ]
    return statements

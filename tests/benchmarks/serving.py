"""
The service on the data of a side-by-side benchmark of servers: see README.md here.

The benchmark's tables (nodes, offices, links, wards) are declared as four
collections more, as a municipality would add street lights, and copied row by
row; everything else is the service as it is, answering the public.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import uvicorn
from fastapi import FastAPI
from sqlalchemy import Connection, text

from gis_service.bootstrap import open_services
from gis_service.installation import addresses_of
from gis_service.model.codelists import Codelist
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, FieldType, GeometryType, PublicRule, Text
from gis_service.settings import read_settings
from gis_service.store import schema
from gis_service.store.cluster.secrets import Secrets
from gis_service.store.database import Database, parse_url
from gis_service.store.privileges import apply_grants
from gis_service.store.roles import ensure_roles
from gis_service.web.app import create_app

ANY = Codelist("any", (), closed=False)
TYPES = {"integer": FieldType.INTEGER, "double precision": FieldType.NUMBER,
         "date": FieldType.DATE}
CODES = {"status", "type"}
KINDS = {
    "nodes": GeometryType.POINT, "offices": GeometryType.POINT,
    "links": GeometryType.LINE_STRING, "wards": GeometryType.MULTI_POLYGON,
}


def declared(connection: Connection) -> list[Collection]:
    """The benchmark's tables as collections whose every field is public."""
    rows = connection.execute(text(
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = ANY (:names) "
        "AND column_name NOT IN ('id', 'geom') ORDER BY table_name, ordinal_position"
    ), {"names": list(KINDS)}).all()
    return [
        Collection(
            f"bench_{name}", Text(name, name), Text(name, name),
            tuple(_field(column, kind) for table, column, kind in rows if table == name),
            geometry=geometry, key="name", networked=False, public=PublicRule(),
        )
        for name, geometry in KINDS.items()
    ]


def _field(name: str, kind: str) -> Field:
    title = Text(name, name)
    if name in CODES:
        return Field(name, FieldType.CODE, title, title, codelist=ANY, public=True)
    return Field(name, TYPES.get(kind, FieldType.TEXT), title, title, public=True,
                 required=name == "name")


def add(collections: Sequence[Collection]) -> None:
    """Declare collections beside our own."""
    REGISTRY._by_id.update({c.id: c for c in collections})


def declare() -> Database:
    """The benchmark's database, with its collections declared."""
    url = os.environ["GIS_DATABASE_URL"]
    database = Database.at(parse_url(url))
    with database.begin() as connection:
        add(declared(connection))
    return database


def prepare(database: Database) -> None:
    """Make our schema beside the benchmark's tables, and copy their rows."""
    settings = read_settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    with database.begin() as connection:
        ensure_roles(connection, Secrets(settings.home / "secrets.json").password)
        if connection.scalar(text("SELECT to_regclass('gis.bench_links')")) is not None:
            apply_grants(connection)
            return
        plain = connection.execution_options(no_parameters=True)
        for name in ("postgis", "pg_trgm", "unaccent", "btree_gist"):
            plain.exec_driver_sql(f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public")
        for statement in schema.create_statements():
            plain.exec_driver_sql(statement)
        plain.exec_driver_sql(
            "CREATE TABLE gis.schema_revision (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT schema_revision_pkc PRIMARY KEY (version_num))"
        )
        apply_grants(connection)
        for name in KINDS:
            collection = REGISTRY[f"bench_{name}"]
            columns = ", ".join(f.name for f in collection.fields)
            plain.exec_driver_sql(
                f"INSERT INTO gis.bench_{name} (id, {columns}, visibility, geom) "
                f"SELECT id::uuid, {columns}, 'public', "
                + ("ST_Multi(geom)" if name == "wards" else "geom")
                + f" FROM public.{name} ORDER BY id"
            )
            if "status" in collection.by_name:
                plain.exec_driver_sql(
                    f"CREATE INDEX ON published.bench_{name} (status, type, id)"
                )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


def application() -> FastAPI:
    """The service of one worker."""
    declare().engine.dispose()
    settings = read_settings()
    return create_app(settings, lambda: open_services(settings, addresses_of(settings)))


def main(port: str, workers: str) -> None:
    database = declare()
    prepare(database)
    database.engine.dispose()
    uvicorn.run(
        "tests.benchmarks.serving:application", factory=True, host="127.0.0.1", port=int(port),
        workers=int(workers), loop="uvloop", http="httptools", access_log=False,
        server_header=False, proxy_headers=False, log_level="warning",
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])

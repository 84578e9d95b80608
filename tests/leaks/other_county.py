"""Two counties in one installation, and everything that may be in one and differ for the other."""

from __future__ import annotations

from sqlalchemy import Connection

from gis_service.installation import Addresses
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, FieldType
from gis_service.services.sample import NETWORK
from gis_service.services.scopes import add_scope
from gis_service.store.database import Database
from gis_service.store.roles import scope_roles
from gis_service.store.scopes import numbers_of
from gis_service.store.tables import table
from tests.conftest import Databases
from tests.leaks.hidden import MARK

OURS, OTHER = NETWORK, "nyamira"
OTHER_ID = "b0b0b0b0-0000-4000-8000-000000000002"
OTHER_REPORT = "123456786"


def share(database: Database) -> None:
    """Make the sample's network one county's, and an empty one another's."""
    with database.begin() as connection:
        run = connection.execution_options(no_parameters=True).exec_driver_sql
        run(
            "INSERT INTO gis.networks (id, external_id, name, extent, metric_srid, synthetic, "
            f"visibility) SELECT '{OTHER_ID}', '{OTHER}', 'Nyamira', extent, metric_srid, true, "
            "'staff' FROM gis.networks LIMIT 1"
        )
        codes = list(run("SELECT code FROM gis.wards ORDER BY code").scalars())
    add_scope(database, OURS, title="Kisii", networks=[OURS], wards=codes[1:])
    add_scope(database, OTHER, title="Nyamira", networks=[OTHER], wards=codes[:1])


def logins_of(databases: Databases, database: Database) -> Addresses:
    """The logins of a database, those of its scopes with them."""
    addresses = databases.with_logins(database)
    with database.begin() as connection:
        roles = scope_roles(connection, numbers_of(connection))
    for name, group in roles.items():
        databases.cluster.ensure_login(name)
        databases.cluster.ensure_member(name, group)
    return addresses


def copy_id(id_: str) -> str:
    """SQL of the id of an item's copy in the other county."""
    return f"md5({id_}::text || 'other')::uuid"


def fill(connection: Connection) -> None:
    """
    Let the other county have all that ours has, at the same places, and work of its own.

    Only staff may see it, since what is public is everybody's. A collection that is
    declared later is copied without a word here.
    """
    run = connection.execution_options(no_parameters=True).exec_driver_sql
    for collection in REGISTRY.values():
        if collection.networked:
            run(_copies(collection))
    run(
        "INSERT INTO gis.node_joins (name, node_a, node_b, decision, decided_at, geom) SELECT "
        "'zzhidden', least(a.id, b.id), greatest(a.id, b.id), 'confirmed', '2026-02-01T00:00Z', "
        f"a.geom FROM gis.network_nodes a JOIN gis.network_nodes b ON b.id = {copy_id('a.id')}"
    )
    run("UPDATE gis.network_nodes SET name = name || ' anew', version = version + 1 "
        f"WHERE network_id = '{OTHER_ID}'")
    for statement in _WORK:
        run(statement)


_PERSON = "(SELECT id FROM internal.people LIMIT 1)"
_JOB = "'b0b0b0b0-0000-4000-8000-00000000000a'"
_WORK = (
    f"INSERT INTO internal.jobs (id, kind, payload, person_id, scope_id) "
    f"VALUES ({_JOB}, 'load', '{{}}', {_PERSON}, 2)",
    "INSERT INTO internal.uploads (source, bytes, sha256, inspect_job, person_id, scope_id) "
    f"VALUES ('zzhidden.csv', 1, 'x', {_JOB}, {_PERSON}, 2)",
    "INSERT INTO internal.loads (collection, network_id, source, sha256, report, person_id, "
    f"scope_id) VALUES ('offices', '{OTHER_ID}', 'zzhidden', 'x', '{{}}', {_PERSON}, 2)",
    "INSERT INTO internal.attachments (collection, item_id, sha256, sent_sha256, media_type, "
    "bytes, title, content, scope_id) SELECT 'offices', id, 'x', 'x', 'image/png', 8, 'zzhidden', "
    f"convert_to('zzhidden', 'UTF8'), 2 FROM gis.offices WHERE network_id = '{OTHER_ID}'",
    "INSERT INTO internal.operations (id, device, content, content_sha256, role, person_id, "
    f"scope_id) VALUES ({_JOB}, 'zzhidden', '{{}}', sha256('x'), 'planner', {_PERSON}, 2)",
    "INSERT INTO internal.conflicts (operation_id, collection, item_id, fields, scope_id) SELECT "
    f"{_JOB}, 'offices', id, '{{}}', 2 FROM gis.offices WHERE network_id = '{OTHER_ID}' LIMIT 1",
    "INSERT INTO internal.answers (key_sha256, request_sha256, status, headers, body, scope_id) "
    "VALUES (sha256('z'), sha256('z'), 200, '[]', 'zzhidden', 2)",
    "INSERT INTO internal.reports (reference, kind, description, ward, language, fingerprint) "
    f"SELECT '{OTHER_REPORT}', 'other', 'zzhidden', min(code), 'en', sha256('r') FROM gis.wards",
)


def _copies(collection: Collection) -> str:
    """A copy of every item of ours; what it names is copied as well."""
    values = {
        "id": copy_id("id"), "network_id": f"'{OTHER_ID}'", "visibility": "'staff'",
        "external_id": f"external_id || ' {MARK}'",
    }
    for field in collection.fields:
        if field.references is None or not REGISTRY[field.references].networked:
            if field.searchable and field.type is FieldType.TEXT:
                values[field.name] = f"{field.name} || ' {MARK}'"
        elif field.type is FieldType.REFERENCE:
            values[field.name] = copy_id(field.name)
        else:
            values[field.name] = (
                f"ARRAY(SELECT {copy_id('each')} FROM unnest({field.name}) each)"
            )
    listed = sorted(c.name for c in table(collection).c if c.computed is None)
    chosen = ", ".join(values.get(name, name) for name in listed)
    return (
        f"INSERT INTO gis.{collection.id} ({', '.join(listed)}) SELECT {chosen} "
        f"FROM gis.{collection.id} WHERE network_id <> '{OTHER_ID}'"
    )

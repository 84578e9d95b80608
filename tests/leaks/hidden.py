"""Everything that may differ between two databases without the public noticing."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from gis_service.model.audience import editable_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.store.internal import INTERNAL, METADATA_INTERNAL
from gis_service.store.tables import table
from gis_service.store.versions import TOUCHED

MARK = "zzhidden"
"""Stands in every text that is hidden, so that it can be looked for in all answers."""

FIXED = {"networks": {"extent", "metric_srid"}}
"""Nobody can change these; the grid of public geometry is drawn by them."""

_ZERO = "'00000000-0000-0000-0000-000000000000'"
_INTERNAL = {
    "people": "(name, contact) VALUES ('zzhidden person', 'zzhidden contact')",
    "api_keys": "(prefix, secret_sha256, role, client, person_id) SELECT 'zzhidden', "
    "sha256('x'), 'planner', 'zzhidden', id FROM internal.people LIMIT 1",
    "sessions": "(token_sha256, key_id, csrf_token, expires_at) SELECT sha256('y'), id, "
    "'zzhidden', now() + interval '1 h' FROM internal.api_keys LIMIT 1",
    "loads": "(collection, source, sha256, report) VALUES ('offices', 'zzhidden', 'x', '{}')",
    "load_groups": "(collection, source, sha256, asked, part_rows, rows, learned) VALUES "
    "('offices', 'zzhidden', 'x', 'x', 1, 1, '{}')",
    "uploads": f"(source, bytes, sha256, inspect_job) VALUES ('zzhidden.csv', 1, 'x', {_ZERO})",
    "jobs": f"(id, kind, payload) VALUES ({_ZERO}, 'maps', '{{}}')",
    "attachments": "(collection, item_id, sha256, sent_sha256, media_type, bytes, title, "
    "content) SELECT 'offices', id, 'x', 'x', 'image/png', 5, 'zzhidden', "
    "convert_to('zzhidden', 'UTF8') FROM gis.offices LIMIT 5",
    "operations": f"(id, device, content, content_sha256, role) "
    f"VALUES ({_ZERO}, 'zzhidden', '{{}}', sha256('x'), 'planner')",
    "conflicts": f"(operation_id, collection, item_id, fields) VALUES ({_ZERO}, 'offices', "
    f"{_ZERO}, '{{}}')",
    "answers": "(key_sha256, request_sha256, status, headers, body) VALUES (sha256('z'), "
    "sha256('z'), 200, '[]', 'zzhidden')",
    "reports": "(reference, kind, description, place, contact, language, fingerprint) "
    "VALUES ('123456786', 'other', 'zzhidden', 'zzhidden', 'zzhidden', 'en', sha256('r'))",
    "scopes": "(name, title) VALUES ('zzhidden', 'zzhidden')",
    "scope_networks": "(network_id, scope_id) SELECT n.id, s.id FROM gis.networks n, "
    "internal.scopes s LIMIT 1",
    "scope_wards": "(code, scope_id) SELECT 'zzhidden', id FROM internal.scopes LIMIT 1",
    "publication_notes": "(number, note, counts) SELECT number, 'zzhidden', '{}' FROM "
    "published.publications LIMIT 1",
    "published_rows": f"(collection, id, digest) VALUES ('zzhidden', {_ZERO}, sha256('d'))",
}
"""A row of each table that serves the service itself; `touched` is empty between transactions."""

_JOIN = (
    "INSERT INTO gis.node_joins (name, node_a, node_b, decision, decided_at, geom) SELECT "
    "'zzhidden', a.id, b.id, 'confirmed', '2026-02-01T00:00Z', a.geom "
    "FROM gis.network_nodes a JOIN gis.network_nodes b ON a.id < b.id "
    "WHERE a.gateway IS NOT TRUE AND b.gateway LIMIT 1"
)
"""The sample has one network only, so that nothing in it is joined."""


def conceal(connection: Connection) -> None:
    """
    Change everything hidden: values, rows, whole collections, keys, jobs; history follows.

    A collection or field that is declared later is changed without a word here.
    """
    run = connection.execution_options(no_parameters=True).exec_driver_sql
    run(_JOIN)
    for collection in REGISTRY.values():
        for way in ("staff", "ruled", "gone"):
            if statement := _copies(collection, way):
                run(statement)
    for collection in REGISTRY.values():
        if not collection.append_only:
            run(_changed(collection))
    for collection in reversed(list(REGISTRY.values())):
        if not collection.append_only:
            run(f"DELETE FROM gis.{collection.id} WHERE {collection.key} LIKE '%{MARK} gone%'")
    own = {t.name for t in METADATA_INTERNAL.sorted_tables if t.schema == INTERNAL}
    assert set(_INTERNAL) == own - {TOUCHED.name}
    for name, row in _INTERNAL.items():
        run(f"INSERT INTO {INTERNAL}.{name} {row}")


def hidden_fields(collection: Collection) -> tuple[Field, ...]:
    """What the registry does not call public."""
    return tuple(f for f in collection.fields if not f.public)


def copy_id(id_: str, way: str) -> str:
    """SQL of the id of an item's hidden copy."""
    return f"md5({id_}::text || '{way}')::uuid"


def _deciding(collection: Collection) -> set[str]:
    """Hidden fields on which it depends what the public sees of a row."""
    names: set[str] = set()
    if collection.public is not None:
        names |= {name for name, _ in collection.public.only} | set(collection.public.empty)
        if collection.public.exact_when:
            names.add(collection.public.exact_when[0])
    for field in collection.public_fields:
        names |= set(re.findall(r"\w+", field.generated or ""))
    return names


def _copies(collection: Collection, way: str) -> str | None:
    """
    A hidden copy of every item, a little further off.

    `ruled` ones have the visibility of the public and break the public's rule.
    """
    rule = collection.public
    values: dict[str, str] = {}
    if way == "ruled":
        if rule is None or not (rule.only or rule.empty):
            return None
        for name, shown in rule.only:
            codelist = collection.by_name[name].codelist
            assert codelist is not None
            values[name] = f"'{next(v for v in codelist.values() if v not in shown)}'"
        for name in rule.empty:
            values[name] = "'2026-02-01T00:00Z'"
    columns = {c.name for c in table(collection).c if c.computed is None}
    values["id"] = copy_id("id", way)
    values[collection.key] = f"{collection.key} || '{MARK} {way} ' || left(id::text, 8)"
    values["visibility"] = "'public'" if way == "ruled" else "'staff'"
    if "geom" in columns:
        values["geom"] = "ST_Translate(geom, 0.0007, 0.0011)"
    listed = sorted(columns)
    chosen = ", ".join(values.get(name, name) for name in listed)
    original = f"{collection.key} NOT LIKE '%{MARK}%'"
    return (
        f"INSERT INTO gis.{collection.id} ({', '.join(listed)}) "
        f"SELECT {chosen} FROM gis.{collection.id} WHERE {original}"
    )


def _changed(collection: Collection) -> str:
    """Another value in every hidden column of every row, but for what decides on public ones."""
    deciding = _deciding(collection)
    shown = f"visibility = 'public' AND {collection.key} NOT LIKE '%{MARK}%'"
    pairs = ["extra = '{\"secret\": \"zzhidden\"}'"]
    fixed = FIXED.get(collection.id, set())
    for field in set(editable_fields(collection)) & set(hidden_fields(collection)):
        if field.name in fixed:
            continue
        other = _other(field)
        if field.name in deciding:
            if collection.public is not None and field.name in collection.public.empty:
                continue
            other = f"CASE WHEN {shown} THEN {field.name} ELSE {other} END"
        pairs.append(f"{field.name} = {other}")
    if collection.key not in {f.name for f in collection.public_fields}:
        pairs.append(f"{collection.key} = {collection.key} || '{MARK}'")
    return f"UPDATE gis.{collection.id} SET {', '.join(sorted(pairs))}"


def _other(field: Field) -> str:
    """SQL of a value that differs from the one that stands."""
    name = field.name
    if field.type in (FieldType.CODE, FieldType.CODES):
        assert field.codelist is not None
        first, second = list(field.codelist.values())[:2]
        if field.type is FieldType.CODES:
            return f"CASE WHEN {name} = ARRAY['{first}'] THEN ARRAY['{second}'] " \
                   f"ELSE ARRAY['{first}'] END"
        return f"CASE WHEN {name} = '{first}' THEN '{second}' ELSE '{first}' END"
    if field.type in (FieldType.INTEGER, FieldType.NUMBER):
        low = 3 if field.minimum is None else field.minimum
        return f"CASE WHEN {name} = {low:g} THEN {low + 1:g} ELSE {low:g} END"
    key = REGISTRY[field.references].key if field.references else ""
    another = (
        f"(SELECT r.id FROM gis.{field.references} r WHERE r.{key} NOT LIKE '%{MARK} gone%' "
        "ORDER BY r.id DESC LIMIT 1)"
    )
    return {
        FieldType.TEXT: f"coalesce({name}, '') || '{MARK}'",
        FieldType.BOOLEAN: f"NOT coalesce({name}, false)",
        FieldType.DATE: f"coalesce({name}, '2020-01-01') + 1",
        FieldType.TIMESTAMP: f"coalesce({name}, '2020-01-01') + interval '1 day'",
        FieldType.REFERENCE: another,
        FieldType.REFERENCES: f"ARRAY[{another}]",
        FieldType.OBJECT: f"coalesce({name}, '{{}}') || '{{\"{MARK}\": 1}}'",
        FieldType.PERSON: "gen_random_uuid()",
    }[field.type]

"""Two databases that differ only in what is hidden answer the public alike, byte for byte."""

from __future__ import annotations

import random
from collections.abc import Iterator
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from gis_service.crs import served_crs
from gis_service.model.audience import Audience
from gis_service.model.fields import Collection, Field, FieldType
from gis_service.model.queries import (
    BBox,
    Cursor,
    Equals,
    ItemsQuery,
    Position,
    Rendering,
    SortTerm,
)
from gis_service.store.database import Database
from gis_service.store.frames import is_synthetic, read_frame
from gis_service.store.items import (
    extent_statement,
    item_statement,
    page_statement,
)
from gis_service.store.published import PUBLISHED, published_collections
from gis_service.store.roles import Login, role_name
from tests.changes import NAMES, item_id, network_id, prepare
from tests.conftest import Databases

ITEMS = 30
"""Public items of each collection; as many again are hidden, in one database only."""

_PLACE = "ST_SetSRID(ST_MakePoint({x}, {y}), 4326)"
_INSERTS = {
    "wards": "(id, code, name, population, visibility, geom) VALUES ('{id}', '{key}', '{name}', "
    "{shared}, '{seen}', ST_Multi(ST_Buffer({place}, 0.01, 2)))",
    "roads": "(id, external_id, name, road_class, visibility, geom) VALUES ('{id}', '{key}', "
    "'{name}', 'A', '{seen}', ST_MakeLine({place}, ST_SetSRID(ST_MakePoint(34.9, -0.9), 4326)))",
    "network_nodes": "(id, network_id, external_id, name, status, slack_m, visibility, geom) "
    "VALUES ('{id}', '{network}', '{key}', '{name}', '{status}', {n}, '{seen}', {place})",
    "fibre_links": "(id, network_id, external_id, name, status, fibre_length_m, start_node, "
    "end_node, visibility, geom) VALUES ('{id}', '{network}', '{key}', '{name}', '{status}', {n}, "
    "'{node}', '{node}', '{seen}', ST_MakeLine({place}, "
    "ST_SetSRID(ST_MakePoint(34.9, -0.9), 4326)))",
    "offices": "(id, network_id, external_id, name, office_type, connection, contact, visibility, "
    "geom) VALUES ('{id}', '{network}', '{key}', '{name}', 'ward', 'connected', 'c{n}', '{seen}', "
    "{place})",
    "faults": "(id, network_id, external_id, summary, started_at, cleared_at, reporter, "
    "visibility, geom) VALUES ('{id}', '{network}', '{key}', '{name}', '2026-01-01T00:00Z', "
    "{cleared}, 'r{n}', '{seen}', {place})",
}


def _insert(collection: str, slot: int, *, hidden: bool, twin: bool) -> str:
    """One item; hidden ones by visibility, status or clearance, whichever applies."""
    dice = random.Random(f"{collection} {slot} {hidden}")
    own = random.Random(f"{collection} {slot} {twin}")
    way = dice.choice(("visibility", "rule")) if hidden else ""
    by_rule = way == "rule" and collection in {"network_nodes", "fibre_links", "faults"}
    values = {
        "id": item_id(collection, slot), "key": f"{collection}-{slot:03}", "n": own.randrange(999),
        "shared": dice.randrange(999),
        "network": network_id(1), "node": item_id("network_nodes", 0),
        "name": dice.choice(NAMES), "seen": "staff" if hidden and not by_rule else "public",
        "status": "planned" if by_rule else "operational",
        "cleared": "'2026-02-01T00:00Z'" if by_rule else "NULL",
        "place": _PLACE.format(x=34.5 + dice.random() / 2, y=-0.9 + dice.random() / 2),
    }
    return f"INSERT INTO gis.{collection} {_INSERTS[collection]}".format(**values)


# What happens to hidden things, and to hidden parts of public ones, in one database only.
_HIDDEN_CHANGES = (
    "UPDATE gis.network_nodes SET slack_m = 5, address = '{\"a\": 1}', accuracy_m = 3",
    "UPDATE gis.offices SET contact = 'other', staff = 12, required_mbps = 5",
    "UPDATE gis.fibre_links SET fibre_count = 48, extra = '{\"b\": 2}'",
    "UPDATE gis.faults SET reporter = 'other', uncertainty_m = 4",
    "UPDATE gis.roads SET external_id = external_id || '-renamed' WHERE visibility = 'staff'",
    "UPDATE gis.wards SET geom = ST_Multi(ST_Buffer(geom, 0.2)) WHERE visibility = 'staff'",
    "UPDATE gis.wards SET code = '!' || code WHERE visibility = 'staff'",
    "DELETE FROM gis.faults WHERE cleared_at IS NOT NULL AND external_id < 'faults-040'",
    "DELETE FROM gis.roads WHERE visibility = 'staff' AND external_id < 'roads-040'",
    "UPDATE gis.networks SET extra = '{\"c\": 3}'",
    "INSERT INTO gis.organisations (network_id, name) SELECT id, 'Hidden' FROM gis.networks",
    "INSERT INTO gis.equipment (network_id, asset_tag, category, lifecycle) "
    "SELECT id, 'H', 'router', 'inService' FROM gis.networks",
)


def _fill(connection: Connection, *, twin: bool) -> None:
    run = connection.execution_options(no_parameters=True).exec_driver_sql
    prepare(connection)
    for collection in _INSERTS:
        for slot in range(ITEMS):
            run(_insert(collection, slot, hidden=False, twin=twin))
            if twin:
                run(_insert(collection, ITEMS + slot, hidden=True, twin=twin))
    for change in _HIDDEN_CHANGES if twin else ():
        run(change)


@pytest.fixture(scope="module")
def twins(databases: Databases) -> Iterator[tuple[Connection, Connection]]:
    """Sessions of the public login on both databases."""
    made = [databases.fresh("gis_migrated") for _ in range(2)]
    sessions = []
    for twin, database in enumerate(made):
        databases.with_logins(database)
        with database.begin() as connection:
            _fill(connection, twin=bool(twin))
        name = str(database.url.database)
        url = databases.cluster.url(name, role_name(name, Login.PUBLIC))
        sessions.append(Database.at(url).engine.connect())
    yield sessions[0], sessions[1]
    for session, database in zip(sessions, made, strict=True):
        session.close()
        databases.drop(database)


def _ids(collection: Collection) -> st.SearchStrategy[UUID]:
    slots = st.integers(0, 2 * ITEMS)
    return slots.map(lambda slot: item_id(collection.id, slot)) | st.uuids()


def _value(field: Field) -> st.SearchStrategy[object]:
    if field.codelist is not None:
        return st.sampled_from(field.codelist.values())
    if field.type is FieldType.BOOLEAN:
        return st.booleans()
    if field.type in {FieldType.INTEGER, FieldType.NUMBER}:
        return st.integers(0, 999)
    return st.sampled_from((*NAMES, "wards-001", f"wards-{ITEMS + 1:03}", "!wards-050", "c7"))


_RENDERINGS = st.builds(
    Rendering,
    properties=st.none() | st.just(()),
    skip_geometry=st.booleans(),
    precision=st.none() | st.integers(0, 9),
    crs=st.sampled_from(served_crs((32736, 21036))),
)
_ASKABLE = {FieldType.TEXT, FieldType.CODE, FieldType.BOOLEAN, FieldType.INTEGER, FieldType.NUMBER}


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, ItemsQuery | Collection, UUID]:
    collection = draw(st.sampled_from(published_collections()))
    kind = draw(st.sampled_from(("page", "page", "page", "item", "extent")))
    id_ = draw(_ids(collection))
    if kind in {"item", "extent"}:
        return kind, collection, id_
    fields = [f for f in collection.public_fields if f.type in _ASKABLE]
    terms: tuple[Equals, ...] = ()
    if fields and draw(st.booleans()):
        field = draw(st.sampled_from(fields))
        terms = (Equals(field, draw(_value(field))),)  # type: ignore[arg-type]
    box = None
    if collection.geometry is not None and draw(st.booleans()):
        west, east = sorted(draw(st.tuples(st.floats(34.4, 35.1), st.floats(34.4, 35.1))))
        south, north = sorted(draw(st.tuples(st.floats(-1, -0.3), st.floats(-1, -0.3))))
        box = BBox(west, south, east, north)
    sort: tuple[SortTerm, ...] = ()
    if fields and draw(st.booleans()):
        sort = (SortTerm(draw(st.sampled_from(fields)), draw(st.booleans())),)
    values = tuple(draw(st.none() | _value(term.field)) for term in sort)
    at = draw(st.none() | st.builds(Position, st.just(values), _ids(collection)))
    query = ItemsQuery(
        collection, limit=draw(st.integers(1, 12)), bbox=box, equals=terms, sort=sort,
        cursor=draw(st.none() | st.builds(Cursor, st.just(at), st.booleans())),
        rendering=draw(_RENDERINGS),
    )
    return kind, query, id_


def _answer(session: Connection, kind: str, about: ItemsQuery | Collection, id_: UUID) -> str:
    if isinstance(about, ItemsQuery):
        statement = page_statement(about, Audience.PUBLIC, count_cap=7)
    elif kind == "item":
        statement = item_statement(about, id_, Audience.PUBLIC)
    else:
        statement = extent_statement(about, Audience.PUBLIC)
    return repr(session.execute(statement).all())


@settings(
    max_examples=500, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(question=questions())
def test_every_question_is_answered_alike(
    twins: tuple[Connection, Connection], question: tuple[str, ItemsQuery | Collection, UUID]
) -> None:
    """Orders by what may be sorted by, and cursors that somebody made up, among them."""
    one, other = (_answer(session, *question) for session in twins)
    assert one == other


@pytest.mark.parametrize("collection", published_collections(), ids=lambda c: c.id)
def test_frames_are_alike(
    twins: tuple[Connection, Connection], collection: Collection
) -> None:
    one, other = (read_frame(session, collection, Audience.PUBLIC) for session in twins)
    if collection.id in _INSERTS:
        assert len(one) == ITEMS
    assert one.to_csv() == other.to_csv()
    assert list(one.columns) == list(other.columns)


def test_versions_and_what_is_made_up_are_alike(twins: tuple[Connection, Connection]) -> None:
    statement = text(f"SELECT collection, version FROM {PUBLISHED}.collection_versions ORDER BY 1")
    one, other = (session.execute(statement).all() for session in twins)
    assert one == other
    assert {version for _, version in one} == {1}
    assert is_synthetic(twins[0], Audience.PUBLIC) == is_synthetic(twins[1], Audience.PUBLIC)


def test_the_two_do_differ(databases: Databases, twins: tuple[Connection, Connection]) -> None:
    """Else nothing above would prove anything."""
    counts = []
    for session in twins:
        name = str(session.engine.url.database)
        staff = Database.at(databases.cluster.url(name, role_name(name, Login.PLANNER)))
        with staff.begin() as connection:
            counts.append([
                connection.scalar(text(f"SELECT count(*) FROM gis.{name}")) for name in _INSERTS
            ])
    assert all(a + 20 <= b for a, b in zip(*counts, strict=True))

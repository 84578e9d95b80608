"""The public projection: what the rule says and nothing else, after any changes."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from sqlalchemy import Connection, text

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.store.database import Database
from gis_service.store.published import (
    GRID_M,
    published_collections,
    published_table,
)
from tests.changes import (
    LINES,
    NETWORKS,
    POINTS,
    Change,
    Transaction,
    beginnings,
    clear,
    content,
    item_id,
    network_id,
    prepare,
    run,
    transactions,
    versions,
)

NODE = {"name": "Nyanchwa", "status": "operational", "visibility": "public",
        "network_id": network_id(1)}


@pytest.fixture(scope="module")
def world(databases) -> Iterator[Database]:  # type: ignore[no-untyped-def]
    """An empty database with two networks."""
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def session(world: Database) -> Iterator[Connection]:
    with world.engine.connect() as connection:
        yield connection


@settings(
    max_examples=200, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(beginning=beginnings(), sequence=st.lists(transactions(), min_size=1, max_size=4))
def test_the_projection_equals_the_rule_and_versions_move_with_rows(
    session: Connection, beginning: Transaction, sequence: list[Transaction]
) -> None:
    with session.begin():
        clear(session)
    with session.begin():
        before, counted = content(session), versions(session)
    for transaction in (beginning, *sequence):
        moved: dict[str, set[str]] = {"public": set(), "private": set()}
        last = before

        def compare(moved: dict[str, set[str]] = moved) -> None:
            nonlocal last
            now = content(session)
            assert now["public"] == now["wanted"]
            for kind, names in moved.items():
                names |= {c for c in now[kind] if now[kind][c] != last[kind][c]}
            last = now

        committed = run(session, transaction, compare)
        with session.begin():
            after, recounted = content(session), versions(session)
        assert after["public"] == after["wanted"]
        if not committed:
            assert after == before
            moved = {"public": set(), "private": set()}
        for kind, names in moved.items():
            for collection, version in recounted[kind].items():
                assert version == counted[kind][collection] + (collection in names), collection
        before, counted = after, recounted


def node(slot: int, **values: object) -> Change:
    from geoalchemy2 import WKTElement  # noqa: PLC0415

    shape = {"geom": WKTElement(POINTS[0], srid=4326)}
    return Change("insert", "network_nodes", (slot,), NODE | shape | values)


def shown(connection: Connection, collection: str) -> list[tuple[object, ...]]:
    listed = ", ".join(
        "ST_AsText(geom)" if c.name == "geom" else c.name
        for c in published_table(REGISTRY[collection]).c if c.name != "tile_geom"
    )
    return [tuple(r) for r in connection.execute(
        text(f"SELECT {listed} FROM published.{collection} ORDER BY id")
    )]


def test_a_link_within_one_cell_is_left_out(session: Connection) -> None:
    with session.begin() as work:
        clear(session)
        node(0).run(session)
        for slot, line in enumerate(LINES):
            session.execute(
                text(
                    "INSERT INTO gis.fibre_links (id, network_id, external_id, status, start_node,"
                    " end_node, geom) VALUES (:id, :network, :key, 'operational', :node, :node,"
                    " ST_GeomFromText(:line, 4326))"
                ),
                {"id": item_id("fibre_links", slot), "network": network_id(1), "key": str(slot),
                 "node": item_id("network_nodes", 0), "line": line},
            )
        found = {row[0] for row in shown(session, "fibre_links")}
        assert found == {item_id("fibre_links", n) for n in (2, 3, 4, 5)}
        empty = session.scalar(text("SELECT count(*) FROM published.fibre_links "
                                    "WHERE ST_IsEmpty(geom) OR ST_NPoints(geom) < 2"))
        assert empty == 0
        work.rollback()


def test_public_geometry_lies_on_the_grid_and_lengths_are_rounded(session: Connection) -> None:
    """Each vertex, back in metres, is a cell's centre to within the sixth decimal's 0.11 m."""
    with session.begin() as work:
        clear(session)
        for number, srid in NETWORKS.items():
            session.execute(
                text(
                    "INSERT INTO gis.network_nodes (network_id, external_id, name, status, geom) "
                    "SELECT :network, 'r' || i, 'R', 'operational', ST_SetSRID(ST_MakePoint("
                    "34.7 + 1.5 * random(), -1 + 0.6 * random()), 4326) "
                    "FROM generate_series(1, 300) i"
                ),
                {"network": network_id(number)},
            )
            session.execute(
                text(
                    "INSERT INTO gis.fibre_links (network_id, external_id, status, start_node, "
                    "end_node, geom) SELECT :network, a.external_id, 'operational', a.id, b.id, "
                    "ST_MakeLine(a.geom, b.geom) FROM gis.network_nodes a JOIN gis.network_nodes b "
                    "ON b.id > a.id AND b.network_id = a.network_id "
                    "WHERE a.network_id = :network ORDER BY random() LIMIT 200 "
                    "ON CONFLICT DO NOTHING"
                ),
                {"network": network_id(number)},
            )
            metres = Transformer.from_crs(4326, srid, always_xy=True)
            vertices = session.execute(
                text(
                    "SELECT ST_X(d.geom), ST_Y(d.geom) FROM (SELECT id, geom FROM "
                    "published.network_nodes UNION ALL SELECT id, geom FROM published.fibre_links)"
                    " p, ST_DumpPoints(p.geom) d WHERE p.id IN (SELECT id FROM gis.network_nodes "
                    "WHERE network_id = :network UNION SELECT id FROM gis.fibre_links "
                    "WHERE network_id = :network)"
                ),
                {"network": network_id(number)},
            ).all()
            assert len(vertices) > 400
            for longitude, latitude in vertices:
                for metre in metres.transform(longitude, latitude):
                    assert abs((metre - GRID_M / 2 + 50) % GRID_M - 50) < 0.12
        lengths = session.scalars(text("SELECT route_length_m FROM published.fibre_links")).all()
        assert lengths
        assert all(math.fmod(length, 100) == 0 for length in lengths)
        work.rollback()


def test_a_move_within_a_cell_shows_nothing(session: Connection) -> None:
    with session.begin():
        clear(session)
        node(0).run(session)
    with session.begin():
        before, counted = shown(session, "network_nodes"), versions(session)
    with session.begin():
        session.execute(text("UPDATE gis.network_nodes SET slack_m = 7, address = '{}', "
                             f"geom = ST_GeomFromText('{POINTS[1]}', 4326)"))
    with session.begin():
        assert shown(session, "network_nodes") == before
        after = versions(session)
    assert after["public"] == counted["public"]
    assert after["private"]["network_nodes"] == counted["private"]["network_nodes"] + 1


def test_public_wifi_is_exact_and_becomes_coarse_again(session: Connection) -> None:
    with session.begin() as work:
        clear(session)
        node(0, infrastructure="wifiAccessPoint").run(session)
        assert shown(session, "network_nodes")[0][-1] == POINTS[0].replace("010", "01")
        session.execute(text("UPDATE gis.network_nodes SET infrastructure = 'cabinet'"))
        assert shown(session, "network_nodes")[0][-1] != POINTS[0].replace("010", "01")
        work.rollback()


def test_a_hidden_ward_names_no_office(session: Connection) -> None:
    """An office's ward is public, so it must not tell of a ward that is not."""
    with session.begin() as work:
        clear(session)
        for code, visibility in (("A", "staff"), ("B", "public")):
            session.execute(
                text(
                    "INSERT INTO gis.wards (code, name, visibility, geom) VALUES (:code, 'W', "
                    ":visibility, ST_Multi(ST_MakeEnvelope(34.7, -0.7, 34.8, -0.6, 4326)))"
                ),
                {"code": code, "visibility": visibility},
            )
        session.execute(text(
            "INSERT INTO gis.offices (network_id, name, office_type, connection, geom) "
            f"VALUES ('{network_id(1)}', 'O', 'ward', 'connected', "
            f"ST_GeomFromText('{POINTS[0]}', 4326))"
        ))
        assert session.scalar(text("SELECT ward FROM published.offices")) == "B"
        session.execute(text("UPDATE gis.wards SET visibility = 'public'"))
        assert session.scalar(text("SELECT ward FROM published.offices")) == "A"
        work.rollback()


def by_id(collection: Collection) -> str:
    return collection.id


@pytest.mark.parametrize("collection", published_collections(), ids=by_id)
def test_no_column_is_published_that_the_registry_does_not_declare(
    session: Connection, collection: Collection
) -> None:
    declared = {"id"} | {f.name for f in collection.fields if f.public}
    with session.begin():
        found = session.execute(text(
            "SELECT column_name, coalesce(generation_expression, '') "
            "FROM information_schema.columns "
            f"WHERE table_schema = 'published' AND table_name = '{collection.id}'"
        ))
        columns: dict[str, str] = {name: expression for name, expression in found}  # noqa: C416
    assert set(columns) - declared <= {"geom", "search_text", "tile_geom"}
    searched = {
        f.name for f in collection.fields if f"COALESCE({f.name}," in columns.get("search_text", "")
    }
    assert searched == {f.name for f in collection.fields if f.public and f.searchable}
    assert "external_id" not in columns.get("search_text", "")


def test_a_plan_made_for_one_row_carries_many(session: Connection) -> None:
    """A session that edits one row first must not join a load's rows pair by pair."""
    with session.begin() as work:
        clear(session)
        node(0).run(session)
        for slack in (1, 2):
            session.execute(text("UPDATE gis.network_nodes SET slack_m = :slack, name = 'N' || "
                                 ":slack"), {"slack": slack})
        session.execute(
            text(
                "INSERT INTO gis.network_nodes (network_id, external_id, name, status, geom) "
                "SELECT :network, 'm' || i, 'M', 'operational', ST_GeomFromText(:point, 4326) "
                "FROM generate_series(1, 8000) i"
            ),
            {"network": network_id(1), "point": POINTS[0]},
        )
        session.execute(text("SET LOCAL statement_timeout = '15s'"))
        session.execute(text("UPDATE gis.network_nodes SET slack_m = 3, name = 'many'"))
        session.execute(text("UPDATE gis.network_nodes SET visibility = 'staff'"))
        assert shown(session, "network_nodes") == []
        work.rollback()


def test_two_writers_of_one_collection_do_not_wait_for_each_other(world: Database) -> None:
    """Both write before either commits; both commits count, and nothing is left behind."""
    with world.begin() as connection:
        clear(connection)
    with world.begin() as connection:
        before = versions(connection)
    with world.engine.connect() as one, world.engine.connect() as two:
        for connection in (one, two):
            connection.execute(text("SET lock_timeout = '2s'"))
            connection.commit()
        begun = one.begin(), two.begin()
        node(0).run(one)
        node(1).run(two)
        for connection, slot in ((one, 0), (two, 1)):
            connection.execute(
                text(
                    "INSERT INTO gis.offices (id, network_id, external_id, name, office_type, "
                    "connection, geom) VALUES (:id, :network, :key, 'O', 'ward', 'connected', "
                    "ST_GeomFromText(:point, 4326))"
                ),
                {"id": item_id("offices", slot), "network": network_id(1), "key": str(slot),
                 "point": POINTS[0]},
            )
        begun[1].commit()
        begun[0].commit()
    with world.begin() as connection:
        after = versions(connection)
        assert connection.scalar(text("SELECT count(*) FROM internal.touched")) == 0
    for kind in ("public", "private"):
        for collection in ("network_nodes", "offices"):
            assert after[kind][collection] == before[kind][collection] + 2


def test_many_writers_lose_no_version(world: Database) -> None:
    """Collections in opposite orders, eight writers at once: no deadlock, every commit counts."""
    rounds, writers = 10, 8
    with world.begin() as connection:
        clear(connection)
    with world.begin() as connection:
        before = versions(connection)
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            with world.engine.connect() as connection:
                for turn in range(rounds):
                    with connection.begin():
                        names = ["network_nodes", "offices"]
                        for name in names if number % 2 else reversed(names):
                            columns, values = (
                                ("status", "'operational'") if name == "network_nodes"
                                else ("office_type, connection", "'ward', 'connected'")
                            )
                            connection.execute(text(
                                f"INSERT INTO gis.{name} (network_id, external_id, name, {columns},"
                                f" geom) VALUES ('{network_id(1)}', 'w{number}-{turn}', 'W', "
                                f"{values}, ST_GeomFromText('{POINTS[4]}', 4326))"
                            ))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    with world.begin() as connection:
        after = versions(connection)
    for kind in ("public", "private"):
        for collection in ("network_nodes", "offices"):
            assert after[kind][collection] == before[kind][collection] + rounds * writers


def test_a_reference_checked_at_the_end_does_not_wait_with_versions_held(world: Database) -> None:
    """
    One deletes a node while another adds a link to it: one of them fails, by a rule.

    Were versions counted before references are checked, the second would hold
    them while it waits for the first, which waits for them: a deadlock.
    """
    with world.begin() as connection:
        clear(connection)
        node(0).run(connection)
    outcome: list[str] = []
    with world.engine.connect() as deleting, world.engine.connect() as adding:
        first, second = deleting.begin(), adding.begin()
        Change("delete", "network_nodes", (0,)).run(deleting)
        node(1).run(adding)
        adding.execute(text(
            "INSERT INTO gis.fibre_links (network_id, external_id, status, start_node, end_node, "
            f"geom) VALUES ('{network_id(1)}', 'l', 'operational', "
            f"'{item_id('network_nodes', 0)}', '{item_id('network_nodes', 1)}', "
            f"ST_GeomFromText('{LINES[2]}', 4326))"
        ))

        def end() -> None:
            try:
                second.commit()
                outcome.append("committed")
            except Exception as error:
                outcome.append(type(error).__name__)

        thread = threading.Thread(target=end)
        thread.start()
        thread.join(0.5)
        first.commit()
        thread.join(10)
    assert outcome == ["IntegrityError"]
    with world.begin() as connection:
        found = content(connection)
    assert found["public"] == found["wanted"]

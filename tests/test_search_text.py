"""Search text: folded, indexed, and forgiving."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from gis_service.store.database import Database
from tests.changes import network_id, prepare
from tests.conftest import Databases

ROWS = 15_000


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[Database]:
    """Fifteen thousand roads with made-up names, and one that is looked for."""
    made = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(
            text(
                "INSERT INTO gis.roads (external_id, name, geom) SELECT 'r' || i, "
                "(ARRAY['Suneka','Ogembo','Nyamache','Keroka','Marani','Tabaka'])[1 + i % 6] || "
                "' ' || substr(md5(i::text), 1, 6) || ' ' || substr(md5((i * 7)::text), 1, 7), "
                "ST_GeomFromText('LINESTRING(34.7 -0.7, 34.8 -0.6)', 4326) "
                "FROM generate_series(1, :rows) i"
            ),
            {"rows": ROWS},
        )
        connection.execute(text(
            "INSERT INTO gis.roads (external_id, name, geom) VALUES ('Étoile-7', "
            "'Barabara ya Nyanchwa', "
            "ST_GeomFromText('LINESTRING(34.7 -0.7, 34.8 -0.6)', 4326))"))
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE gis.roads"))
        connection.execute(text("VACUUM ANALYZE published.roads"))
    yield made
    databases.drop(made)


@pytest.fixture
def session(world: Database) -> Iterator[Connection]:
    with world.engine.connect() as connection:
        yield connection


@pytest.mark.parametrize(("written", "folded"), [
    ("NYANCHWA", "nyanchwa"),
    ("Ébène", "ebene"),
    (unicodedata.normalize("NFD", "Ébène"), "ebene"),
    ("\N{FULLWIDTH LATIN CAPITAL LETTER K}isii", "kisii"),
    ("Straße Ørsted Łódź", "strasse orsted lodz"),
    ("Ng'ombe", "ng'ombe"),
    ("", ""),
])
def test_letters_lose_case_and_accents(session: Connection, written: str, folded: str) -> None:
    assert session.scalar(text("SELECT published.fold(:it)"), {"it": written}) == folded


def test_it_may_be_indexed(session: Connection) -> None:
    kind = session.scalar(text(
        "SELECT provolatile::text || proparallel::text FROM pg_proc "
        "WHERE oid = 'published.fold(text)'::regprocedure"))
    assert kind == "is"


QUERIES = {
    "contains": "search_text LIKE '%' || published.fold('NYÁNCH') || '%'",
    "similar": "published.fold('Nyanchwe') <% search_text",
}


@pytest.mark.parametrize("schema", ["gis", "published"])
@pytest.mark.parametrize("kind", QUERIES)
def test_the_trigram_index_answers(session: Connection, schema: str, kind: str) -> None:
    statement = f"SELECT name FROM {schema}.roads WHERE {QUERIES[kind]}"
    plain = session.execution_options(no_parameters=True)
    assert plain.exec_driver_sql(statement).scalars().all() == ["Barabara ya Nyanchwa"]
    plan = plain.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}").scalar()
    found = json.dumps(plan)
    assert '"Index Name": "roads_search_idx"' in found
    assert "Seq Scan" not in found
    assert plan[0]["Execution Time"] < 100


@pytest.mark.parametrize("typed", ["nyanchwe", "Nyancwa", "NYANCHWAA", "barabra ya nyanchwa"])
def test_typing_errors_are_forgiven(session: Connection, typed: str) -> None:
    best = session.scalar(
        text("SELECT name FROM published.roads WHERE published.fold(:typed) <% search_text "
             "ORDER BY word_similarity(published.fold(:typed), search_text) DESC LIMIT 1"),
        {"typed": typed},
    )
    assert best == "Barabara ya Nyanchwa"


def test_staff_find_by_identifier_and_the_public_does_not(session: Connection) -> None:
    statement = "SELECT count(*) FROM {}.roads WHERE search_text LIKE '%etoile-7%'"
    plain = session.execution_options(no_parameters=True)
    assert plain.exec_driver_sql(statement.format("gis")).scalar() == 1
    assert plain.exec_driver_sql(statement.format("published")).scalar() == 0


def test_it_follows_the_row(session: Connection) -> None:
    work = session.begin()
    session.execute(text(
        "INSERT INTO gis.offices (network_id, name, office_type, connection, contact, geom) VALUES "
        f"('{network_id(1)}', 'Wizara ya AFYA', 'health', 'connected', 'Hidden Name', "
        "ST_GeomFromText('POINT(34.77 -0.68)', 4326))"))
    for schema in ("gis", "published"):
        held = session.scalar(text(f"SELECT search_text FROM {schema}.offices"))
        assert "wizara ya afya" in held
        assert "hidden" not in held
    session.execute(text("UPDATE gis.offices SET name = 'Elimu'"))
    assert session.scalar(text("SELECT search_text FROM published.offices")) == "elimu"
    work.rollback()

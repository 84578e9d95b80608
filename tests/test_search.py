"""Search: forgiving of typing errors and accents, ranked, and by audience."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from gis_service.model.audience import Audience, visible_collections
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.search import search_statement, searchable
from tests.changes import prepare
from tests.conftest import Databases, client_of, new_key

ROWS = 50_000


@pytest.fixture(scope="module")
def world(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[tuple[Any, Any]]:
    """Readers for the public and for a planner."""
    database = databases.fresh(sample_template)
    with database.begin() as connection:
        ids = connection.execute(text("SELECT id FROM gis.offices ORDER BY id")).scalars().all()
        for id_, name, seen in (
            (ids[0], "Zahanati ya Ébène", "public"),
            (ids[1], "Zahanati ya Siri", "staff"),
            (ids[2], "100%_sure \\ office", "public"),
        ):
            connection.execute(
                text("UPDATE gis.offices SET name = :name, visibility = :seen, "
                     "contact = 'Wambui Hidden' WHERE id = :id"),
                {"name": name, "seen": seen, "id": id_},
            )
    addresses = databases.with_logins(database)
    key = new_key(database)
    with client_of(addresses, settings) as public, client_of(
        addresses, settings, key=key
    ) as planner:
        yield public, planner
    databases.drop(database)


def hits(client: Any, q: str, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/search", params={"q": q, **asked})
    assert answer.status_code == 200, answer.text
    return [
        {**each["properties"], "geometry": each["geometry"]} for each in answer.json()["features"]
    ]


@pytest.mark.parametrize("typed", [
    "Zahanati ya Ébène", "zahanati ya ebene", "EBENE", "Zahanti ya ebene", "ebene",
])
def test_the_best_stands_first(world: tuple[Any, Any], typed: str) -> None:
    for client in world:
        best = hits(client, typed)[0]
        assert best["label"] == "Zahanati ya Ébène"
        assert best["geometry"]["type"] == "Point"
        found = client.get(best["href"])
        assert found.json()["properties"]["name"] == best["label"]


def test_each_reader_finds_what_it_may_see(world: tuple[Any, Any]) -> None:
    public, planner = world
    assert "Zahanati ya Siri" in {hit["label"] for hit in hits(planner, "zahanati ya siri")}
    assert "Zahanati ya Siri" not in {hit["label"] for hit in hits(public, "zahanati ya siri")}
    for client in world:
        assert not hits(client, "wambui hidden")
    devices = planner.get("/collections/equipment/items?limit=5").json()["features"]
    for device in devices:
        tag = device["properties"]["asset_tag"]
        assert hits(planner, tag)[0]["item"] == device["id"]
        assert hits(planner, tag)[0]["geometry"] is None
        assert not [hit for hit in hits(public, tag) if hit["item"] == device["id"]]
    item = planner.get("/collections/offices/items?limit=20").json()["features"][10]
    external = item["properties"]["external_id"]
    assert item["id"] in {hit["item"] for hit in hits(planner, external, limit=50)}
    assert not hits(public, "KSI-O-", collections="offices")


def test_an_unknown_collection_and_a_hidden_one_look_alike(world: tuple[Any, Any]) -> None:
    public = world[0]
    told = [
        public.get("/search", params={"q": "abc", "collections": name}).json()["detail"].replace(
            name, "X")
        for name in ("equipment", "no_such_thing")
    ]
    assert told[0] == told[1]


def test_titles_count_in_both_languages(world: tuple[Any, Any]) -> None:
    for typed in ("Offices", "ofisi", "ofices"):
        best = hits(world[0], typed)[0]
        assert (best["collection"], best["item"]) == ("offices", None)


def test_signs_of_patterns_mean_themselves(world: tuple[Any, Any]) -> None:
    assert hits(world[0], "100%_sure \\ off")[0]["label"] == "100%_sure \\ office"
    assert not hits(world[0], "z%%%%ebene_", collections="wards")
    assert not hits(world[0], "'; drop table--x")


def test_limits_and_collections(world: tuple[Any, Any]) -> None:
    public = world[0]
    assert len(hits(public, "zahanati", limit=1)) == 1
    assert {hit["collection"] for hit in hits(public, "kisii", collections="wards")} <= {"wards"}
    assert len(hits(public, "school", limit=10_000)) <= 100


@pytest.mark.parametrize("query", [
    "", "q=", "q=ab", "q=%20%20a%20", "q=---", "q=" + "a" * 101, "q=abc&limit=0",
    "q=abc&collections=", "q=abc&collections=x", "q=abc&bbox=1,2,3,4",
])
def test_what_is_wrong_is_told(world: tuple[Any, Any], query: str) -> None:
    answer = world[0].get(f"/search?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("lang", "word"), [("en", "found"), ("sw", "Zimepatikana")])
def test_the_page(world: tuple[Any, Any], lang: str, word: str) -> None:
    public = world[0]
    empty = public.get(f"/search?f=html&lang={lang}")
    assert empty.status_code == 200
    assert 'name="q"' in empty.text
    short = public.get(f"/search?f=html&lang={lang}&q=a%3Cb")
    assert short.status_code == 200
    assert 'aria-invalid="true"' in short.text
    assert "a<b" not in short.text
    full = public.get(f"/search?f=html&lang={lang}&q=ebene")
    assert word in full.text
    assert "Zahanati ya Ébène" in full.text
    none = public.get("/search", params={"f": "html", "lang": lang, "q": "<script>{text}{0}"})
    assert none.status_code == 200
    assert "<script>{text}" not in none.text
    assert 'role="search"' in public.get(f"/?f=html&lang={lang}").text


def test_the_index_answers_at_fifty_thousand_rows(databases: Databases) -> None:
    made: Database = databases.fresh("gis_migrated")
    with made.begin() as connection:
        prepare(connection)
        connection.execute(
            text(
                "INSERT INTO published.roads (id, name, geom) SELECT gen_random_uuid(), "
                "(ARRAY['Suneka','Ogembo','Nyamache','Keroka','Marani','Tabaka'])[1 + i % 6] || "
                "' ' || substr(md5(i::text), 1, 6), "
                "ST_GeomFromText('LINESTRING(34.7 -0.7, 34.8 -0.6)', 4326) "
                "FROM generate_series(1, :rows) i"
            ),
            {"rows": ROWS},
        )
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE published.roads"))
        wanted = [
            c for c in searchable(visible_collections(Audience.PUBLIC), Audience.PUBLIC)
            if c.id == "roads"
        ]
        compiled = search_statement("nyanchwe", wanted, Audience.PUBLIC, limit=20).compile(
            dialect=postgresql.dialect(), compile_kwargs={"render_postcompile": True}
        )
        plan = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {compiled}", compiled.params
        ).scalar()
        assert '"roads_search_idx"' in json.dumps(plan)
        assert "Seq Scan" not in json.dumps(plan)
    databases.drop(made)

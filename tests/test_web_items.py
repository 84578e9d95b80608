"""Pages of items on the sample data."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.bootstrap import open_services
from gis_service.model.audience import (
    Audience,
    Principal,
    visible_collections,
    visible_fields,
)
from gis_service.model.collections import REGISTRY
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conformance.clients import Clients, clients_on, sample_clients
from tests.conftest import Databases

HTML = {"Accept": "text/html"}
HOSTILE = "<img src=x onerror=alert(1)>${alert(2)}`{{7*7}}</script>"


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(clients: Clients) -> Iterator[TestClient]:
    with clients(audience=Audience.PLANNER) as client:
        yield client


@pytest.fixture(scope="module")
def public(clients: Clients) -> Iterator[TestClient]:
    with clients() as client:
        yield client


def test_items_are_named_to_those_who_may_see_them(
    databases: Databases, sample_database: Database, settings: Settings
) -> None:
    """By the database's own rights too: the public's login reads no other name."""
    addresses = databases.with_logins(sample_database)
    with sample_database.begin() as connection:
        hidden, shown = connection.execute(
            text("SELECT id FROM gis.offices WHERE visibility = 'public' ORDER BY id LIMIT 2")
        ).scalars()
        connection.execute(
            text("UPDATE gis.offices SET visibility = 'staff' WHERE id = :id"), {"id": hidden}
        )
        device = connection.execute(text("SELECT id FROM gis.equipment LIMIT 1")).scalar_one()
    wanted = {"offices": [hidden, shown, uuid4()], "equipment": [device]}

    async def named(audience: Audience) -> set[tuple[str, Any]]:
        async with open_services(settings, addresses) as services:
            return set(await services.features.labels(wanted, Principal(audience)))

    assert asyncio.run(named(Audience.PUBLIC)) == {("offices", shown)}
    assert asyncio.run(named(Audience.PLANNER)) == {
        ("offices", hidden), ("offices", shown), ("equipment", device)
    }


@pytest.mark.parametrize(("language", "title"), [("en", "Installation"), ("sw", "Uwekaji")])
def test_an_item_that_is_called_by_a_code_is_called_by_its_title(
    planner: TestClient, language: str, title: str
) -> None:
    at = "/collections/work_log/items"
    page = planner.get(f"{at}?kind=installation&limit=1&lang={language}", headers=HTML).text
    item = planner.get(f"{at}?kind=installation&limit=1").json()["features"][0]["id"]
    assert f">{title}</a></th>" in page
    alone = planner.get(f"{at}/{item}?lang={language}", headers=HTML).text
    assert f"<h1>{title}</h1>" in alone


def test_blank_choices_of_the_page_are_none(public: TestClient) -> None:
    at = "/collections/offices/items"
    page = public.get(f"{at}?office_type=&connection=connected&limit=3", headers=HTML).text
    assert page.count("<tr data-id") == 3
    assert '<option value="connected" selected>' in page
    assert f'href="{at}?connection=connected&amp;f=gpkg"' in page
    assert public.get(f"{at}?office_type=").json()["features"] == []


def test_a_hidden_property_is_as_unknown_as_one_that_does_not_exist(public: TestClient) -> None:
    """For every property that the public may not see, of every collection that it may."""
    asked = 0
    for collection in visible_collections(Audience.PUBLIC):
        shown = {f.name for f in visible_fields(collection, Audience.PUBLIC)}
        for field in visible_fields(collection, Audience.ADMIN):
            if field.name in shown:
                continue
            path = f"/collections/{collection.id}/items"
            hidden = public.get(path, params={field.name: "true"})
            absent = public.get(path, params={"no_such_property": "true"})
            assert _told(hidden, field.name) == _told(absent, "no_such_property")
            asked += 1
    assert asked > 40


def test_hidden_collections_look_absent(public: TestClient) -> None:
    shown = visible_collections(Audience.PUBLIC)
    for collection in REGISTRY.values():
        for tail in ("", "/items", "/queryables", f"/items/{uuid4()}"):
            hidden = public.get(f"/collections/{collection.id}{tail}")
            absent = public.get(f"/collections/no_such{tail}")
            if collection in shown:
                assert hidden.status_code == (404 if tail.startswith("/items/") else 200)
            else:
                assert _told(hidden, collection.id) == _told(absent, "no_such")


def test_nothing_names_what_is_hidden(public: TestClient) -> None:
    """Neither the API, queryables, items nor pages."""
    api = public.get("/api").json()
    listed = public.get("/api.html").text
    for collection in REGISTRY.values():
        path = f"/collections/{collection.id}"
        if collection not in visible_collections(Audience.PUBLIC):
            assert path not in "".join(api["paths"])
            assert path not in listed
            continue
        shown = {f.name for f in visible_fields(collection, Audience.PUBLIC)}
        parameters = api["paths"][f"{path}/items"]["get"]["parameters"]
        assert {p["name"] for p in parameters if "name" in p} <= {"id", "f", *shown}
        described = api["components"]["schemas"][f"{collection.id}_feature"]["properties"]
        assert set(described["properties"]["properties"]) == shown
        assert set(public.get(f"{path}/queryables").json()["properties"]) <= {
            "id", "geometry", *shown
        }
        for feature in public.get(f"{path}/items?limit=3").json()["features"]:
            assert set(feature["properties"]) == shown
        codes = {code.code for f in collection.fields if f.codelist for code in f.codelist}
        page = public.get(path, headers=HTML).text
        assert set(re.findall(r"<code>([^<]*)</code>", page)) - codes <= shown


def test_limits(clients: Clients) -> None:
    with clients(default_limit=5, max_limit=20) as client:
        items = "/collections/wards/items"
        assert client.get(items).json()["numberReturned"] == 5
        assert client.get(f"{items}?limit=7").json()["numberReturned"] == 7
        assert client.get(f"{items}?limit=500").json()["numberReturned"] == 20
        assert client.get(f"{items}?limit=3&limit=9").json()["numberReturned"] == 9
        described = client.get("/api").json()["components"]["parameters"]["limit"]["schema"]
        assert described == {"type": "integer", "minimum": 1, "maximum": 20, "default": 5}


def test_number_matched_is_an_estimate_above_the_cap(clients: Clients) -> None:
    with clients(count_cap=10) as client:
        page = client.get("/collections/wards/items").json()
        assert "numberMatched" not in page
        assert page["numberMatchedEstimate"] > 10
        assert "About" in client.get("/collections/wards/items", headers=HTML).text
        some = client.get("/collections/wards/items?constituency=Bonchari").json()
        assert some["numberMatched"] == some["numberReturned"] < 10
        assert "numberMatchedEstimate" not in some


def test_filters_of_several_properties_join(planner: TestClient) -> None:
    items = "/collections/offices/items?limit=1000"
    everything = planner.get(items).json()["features"]
    found = planner.get(f"{items}&office_type=health&connection=connected").json()["features"]
    expected = {
        f["id"] for f in everything
        if (f["properties"]["office_type"], f["properties"]["connection"])
        == ("health", "connected")
    }
    assert {f["id"] for f in found} == expected
    assert expected


@pytest.mark.parametrize(
    "query",
    ["name=%27%20OR%201=1%20--", "name=%27;%20DROP%20TABLE%20gis.offices;%20--", "name=%25",
     "office_type=health%27||%27", "name=\\", "name=" + "a" * 4000],
)
def test_hostile_values_match_nothing(planner: TestClient, query: str) -> None:
    answer = planner.get(f"/collections/offices/items?{query}")
    assert answer.status_code == 200
    assert answer.json()["numberMatched"] == 0
    assert planner.get("/collections/offices/items").json()["numberMatched"] > 0


def test_paging_survives_changes_between_pages(
    databases: Any, sample_template: str, settings: Settings
) -> None:
    """Rows come and go while a client pages; those that stay are met once each."""
    database: Database = databases.fresh(sample_template)
    with clients_on(settings, databases.with_logins(database))(audience=Audience.PLANNER) as client:
        page = client.get("/collections/wards/items?limit=4").json()
        before = {f["id"] for f in client.get("/collections/wards/items").json()["features"]}
        met = [f["id"] for f in page["features"]]
        gone: set[str] = set()
        number = 0
        while following := [link for link in page["links"] if link["rel"] == "next"]:
            number += 1
            with database.begin() as connection:
                connection.execute(
                    text(
                        "INSERT INTO gis.wards (code, name, geom) "
                        "SELECT 'new-' || :n, 'New', geom FROM gis.wards LIMIT 1"
                    ),
                    {"n": number},
                )
                victim = connection.execute(
                    text("SELECT id::text FROM gis.wards WHERE id > CAST(:last AS uuid) "
                         "AND code NOT LIKE 'new-%' ORDER BY id OFFSET 3 LIMIT 1"),
                    {"last": met[-1]},
                ).scalar()
                if victim:
                    connection.execute(
                        text("DELETE FROM gis.wards WHERE id = CAST(:id AS uuid)"), {"id": victim}
                    )
                    gone.add(victim)
            page = client.get(following[0]["href"]).json()
            met += [f["id"] for f in page["features"]]
    databases.drop(database)
    assert len(met) == len(set(met))
    assert before - gone <= set(met)
    assert gone


def test_attribute_text_stays_text(
    databases: Any, sample_template: str, settings: Settings
) -> None:
    database: Database = databases.fresh(sample_template)
    with database.begin() as connection:
        connection.execute(text("UPDATE gis.offices SET name = :name, contact = :name"),
                           {"name": HOSTILE})
    addresses = databases.with_logins(database)
    with clients_on(settings, addresses)(audience=Audience.PLANNER) as client:
        id_ = client.get("/collections/offices/items?limit=1").json()["features"][0]["id"]
        for path in ("/collections/offices/items", f"/collections/offices/items/{id_}"):
            page = client.get(path, headers=HTML).text
            assert "<img src=x" not in page
            assert "&lt;img src=x onerror=alert(1)&gt;${alert(2)}`{{7*7}}&lt;/script&gt;" in page
            assert client.get(path).text.count("onerror") > 0
    databases.drop(database)


def test_tables_speak_the_readers_language(planner: TestClient) -> None:
    path = "/collections/offices/items?limit=200"
    english = planner.get(path, headers=HTML)
    swahili = planner.get(f"{path}&lang=sw", headers=HTML)
    assert '<html lang="en">' in english.text
    assert '<html lang="sw">' in swahili.text
    assert "Health facility" in english.text
    assert "Kituo cha afya" in swahili.text
    assert "Health facility" not in swahili.text
    assert swahili.headers["content-language"] == "sw"
    assert 'href="/collections?lang=sw"' in swahili.text, "links keep the language"


def test_pages_lead_on_and_to_the_map(planner: TestClient) -> None:
    page = planner.get("/collections/offices/items?limit=5&office_type=health", headers=HTML).text
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    href = following[1].replace("&amp;", "&")
    assert "office_type=health" in href
    assert planner.get(href, headers=HTML).status_code == 200
    assert 'href="/maps/coverage"' in page
    phases = planner.get("/collections/phases/items", headers=HTML).text
    assert 'href="/maps/coverage"' not in phases


def test_headings_sort(planner: TestClient) -> None:
    """A click turns the order round; what else was asked for stays, the page's place does not."""
    path = "/collections/offices/items?limit=5&office_type=health"
    page = planner.get(f"{path}&sortby=staff", headers=HTML).text
    heading = re.search(r'aria-sort="ascending">\s*<a href="([^"]+)"', page)
    assert heading is not None
    href = heading[1].replace("&amp;", "&")
    assert "sortby=-staff" in href
    assert "office_type=health" in href
    turned = planner.get(href, headers=HTML).text
    assert re.search(r'aria-sort="descending">\s*<a href="[^"]+sortby=staff"', turned)
    assert turned.count("aria-sort") == 1
    unsorted = planner.get(path, headers=HTML).text
    assert "aria-sort" not in unsorted
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following is not None
    second = planner.get(following[1].replace("&amp;", "&"), headers=HTML).text
    assert 'rel="prev"' in second
    assert not re.search(r'<th[^>]*>\s*<a href="[^"]*cursor=', second)


def test_a_small_map_stands_beside_the_table(clients: Clients, public: TestClient) -> None:
    """Of what the page shows; none where the reader sees no geometry."""
    page = public.get("/collections/wards/items?limit=3&sortby=-name", headers=HTML).text
    found = re.search(r'data-features="([^"]+)" hidden', page)
    assert found is not None
    drawn = public.get(found[1].replace("&amp;", "&"))
    assert drawn.headers["content-type"] == "application/geo+json"
    assert re.findall(r'data-id="([^"]+)"', page) == [f["id"] for f in drawn.json()["features"]]
    assert all(f["properties"] == {} and f["geometry"] for f in drawn.json()["features"])
    for src in re.findall(r'(?:src|rel="stylesheet" href)="([^"]+)"', page):
        assert public.get(src).status_code == 200, src
    for path in ("faults/items", "networks/items", "wards/items?skipGeometry=true"):
        assert "items-map" not in public.get(f"/collections/{path}", headers=HTML).text


def test_properties_and_geometry_are_chosen(planner: TestClient) -> None:
    items = "/collections/offices/items?limit=2"
    plain = planner.get(items).json()["features"][0]
    some = planner.get(f"{items}&properties=theme,name").json()["features"][0]
    assert some["properties"] == {k: plain["properties"][k] for k in ("name", "theme")}
    rest = planner.get(f"{items}&exclude-properties=theme,name").json()["features"][0]
    assert set(rest["properties"]) == set(plain["properties"]) - {"name", "theme"}
    bare = planner.get(f"{items}&properties=&skipGeometry=true").json()["features"][0]
    assert (bare["properties"], bare["geometry"]) == ({}, None)
    rough = planner.get(f"{items}&precision=1").json()["features"][0]
    assert rough["geometry"]["coordinates"] == [
        round(n, 1) for n in plain["geometry"]["coordinates"]
    ]
    alone = planner.get(f"/collections/offices/items/{plain['id']}?properties=name&precision=1")
    assert alone.json()["properties"] == {"name": plain["properties"]["name"]}
    for query in ("properties=nope", "properties=name&exclude-properties=theme", "precision=10",
                  "precision=-1", "precision=\u0663", "skipGeometry=yes", "sortby=nope"):
        assert planner.get(f"{items}&{query}").status_code == 400, query


def test_pages_keep_to_longitude_and_latitude(planner: TestClient) -> None:
    """Whatever CRS the same address answers programs in; one that is none is refused here too."""
    feature = planner.get("/collections/offices/items?limit=1").json()["features"][0]
    path = f"/collections/offices/items/{feature['id']}"
    crs = "http://www.opengis.net/def/crs/EPSG/0/32736"
    assert f"{feature['geometry']['coordinates'][0]}°" in planner.get(
        path, params={"crs": crs}, headers=HTML
    ).text
    assert planner.get(path, params={"crs": "x"}, headers=HTML).status_code == 400


def test_a_cursor_keeps_to_its_order(planner: TestClient) -> None:
    items = "/collections/offices/items?limit=5"
    page = planner.get(f"{items}&sortby=name").json()
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert planner.get(following).status_code == 200
    turned = planner.get(following.replace("sortby=name", "sortby=-name"))
    assert turned.status_code == 400
    assert "cursor" in turned.json()["detail"]


def test_an_offset_leaves_out_the_first_items(planner: TestClient) -> None:
    for order in ("", "sortby=-name&"):
        path = f"/collections/network_nodes/items?{order}limit=4"
        ids = [f["id"] for f in planner.get(path + "00").json()["features"]]
        page = planner.get(f"{path}&offset=6").json()
        assert [f["id"] for f in page["features"]] == ids[6:10]
        assert page["numberMatched"] == len(ids)
        around = {link["rel"]: link["href"] for link in page["links"]}
        assert "offset" not in around["next"] + around["prev"]
        following = planner.get(around["next"]).json()["features"]
        assert [f["id"] for f in following] == ids[10:14]
        before = planner.get(around["prev"]).json()["features"]
        assert [f["id"] for f in before] == ids[2:6]
        assert planner.get(f"{path}&offset=0").json()["features"][0]["id"] == ids[0]
        assert planner.get(f"{path}&offset=9999").json()["features"] == []
        assert planner.get(around["next"] + "&offset=1").status_code == 400
    rows = planner.get("/collections/network_nodes/items?f=csv&offset=3").text.splitlines()
    assert len(rows) == len(ids) - 3 + 1


def test_other_origins_read_what_is_public(public: TestClient, planner: TestClient) -> None:
    origin = {"Origin": "https://example.org"}
    items = "/collections/wards/items"
    for method in ("GET", "HEAD"):
        answer = public.request(method, f"{items}?limit=1", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Content-Crs" in answer.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in answer.headers
    asked = {**origin, "Access-Control-Request-Method": "GET"}
    allowed = public.options(items, headers=asked)
    assert allowed.status_code == 200
    assert {"GET", "HEAD", "OPTIONS"} <= set(allowed.headers["allow"].split(", "))
    assert "access-control-allow-origin" not in planner.get(items, headers=origin).headers


def test_an_item_is_a_page_too(planner: TestClient) -> None:
    feature = planner.get("/collections/fibre_links/items?limit=1").json()["features"][0]
    page = planner.get(f"/collections/fibre_links/items/{feature['id']}", headers=HTML)
    assert page.status_code == 200
    assert feature["properties"]["name"] in page.text
    assert feature["id"] in page.text


def test_titles_are_in_both_languages(planner: TestClient) -> None:
    for path in ("/", "/collections", "/collections/offices", "/conformance", "/api.html", "/maps"):
        english = planner.get(path, headers=HTML).text
        swahili = planner.get(f"{path}?lang=sw", headers=HTML).text
        assert _main(english) != _main(swahili), path


def _told(answer: Any, name: str) -> tuple[int, dict[str, Any]]:
    """An error with its name taken out, and with what differs between any two requests."""
    problem = answer.json()
    assert problem.pop("instance")
    assert problem.pop("name") == name
    problem["detail"] = problem["detail"].replace(f"'{name}'", "''")
    return answer.status_code, problem


def _main(page: str) -> str:
    return page[page.index("<main"):]

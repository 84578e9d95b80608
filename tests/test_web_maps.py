"""Maps over HTTP: list, page, files and data."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import mapbox_vector_tile  # type: ignore[import-untyped]
import pytest
from shapely import MultiPoint, hausdorff_distance
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.model.fields import LANGUAGES
from gis_service.model.tiles import BUFFER, Tile
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients
from tests.polylines import decoded

HTML = {"Accept": "text/html"}
MOST_BYTES = 90_000
"""Of everybody's map and all that it brings, as gzip sends it."""


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def public(clients: Clients) -> Iterator[TestClient]:
    with clients() as client:
        yield client


def test_maps_are_listed(public: TestClient) -> None:
    listed = public.get("/maps").json()["maps"]
    coverage = next(entry for entry in listed if entry["name"] == "coverage")
    assert coverage["title"]
    assert [link["type"] for link in coverage["links"]] == [
        "text/html", "application/pdf", "image/png"
    ]
    for link in coverage["links"]:
        answer = public.get(link["href"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == link["type"]
    assert coverage["title"] in public.get("/maps", headers=HTML).text


def test_a_page_brings_what_it_needs(public: TestClient) -> None:
    page = public.get("/maps/coverage", headers=HTML)
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert "http:" not in page.headers["content-security-policy"]
    files = _addresses(page.text, "/maps/coverage/files/")
    assert any(name.endswith(".js") for name in files)
    assert any(name.endswith(".css") for name in files)
    for href in files:
        answer = public.get(href)
        assert answer.status_code == 200, href
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        kind = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
        assert answer.headers["content-type"].startswith(kind[href.rpartition(".")[2]])


def test_everybodys_map_is_light(public: TestClient) -> None:
    for language in LANGUAGES:
        page = public.get(f"/maps/coverage?lang={language}", headers=HTML)
        named = _addresses(page.text, "/maps/coverage/")
        bodies = [page.content, *(
            public.get(each).content for each in named if "/files/" in each or "/data/" in each
        )]
        assert len(bodies) == 11
        assert sum(len(gzip.compress(each)) for each in bodies) <= MOST_BYTES
    largest = next(each for each in named if "/leaflet-" in each)
    with public.stream("GET", largest, headers={"Accept-Encoding": "gzip"}) as answer:
        assert len(b"".join(answer.iter_raw())) < 43_000


def test_the_short_form_tells_the_same(public: TestClient) -> None:
    for layer in ("wards", "roads", "fibre_links", "network_nodes", "offices"):
        features = public.get(f"/maps/coverage/data/{layer}.geojson").json()["features"]
        answer = public.get(f"/maps/coverage/data/{layer}.json")
        assert answer.headers["content-type"] == "application/json"
        short = answer.json()
        names = {name for each in features for name in each["properties"]}
        assert set(short["properties"]) == names
        for name in names:
            assert short["properties"][name] == [e["properties"].get(name) for e in features]
        assert short["count"] == len(features)
        if "areas" not in short:
            drawn, place = short.get("lines") or [short["points"]], [0, 0]
            shown = [[(x / short["perDegree"], y / short["perDegree"])
                      for x, y in decoded(text, place)] for text in drawn]
            whole = [each["geometry"]["coordinates"] for each in features]
            whole = whole if "lines" in short else [whole]
            for line, real in zip(shown, whole, strict=True):
                assert hausdorff_distance(MultiPoint(line), MultiPoint(real)) < 0.02
                assert line[0] == pytest.approx(real[0], abs=4e-5)
                assert line[-1] == pytest.approx(real[-1], abs=4e-5)
        tag = {"If-None-Match": answer.headers["etag"]}
        assert public.get(f"/maps/coverage/data/{layer}.json", headers=tag).status_code == 304
    assert public.get("/maps/coverage/data/faults.json").status_code == 404


def test_layers_are_asked_for_again_and_sent_once(public: TestClient) -> None:
    href = "/maps/coverage/data/wards.geojson?lang=en"
    first = public.get(href)
    assert first.headers["content-type"] == "application/geo+json"
    assert first.json()["type"] == "FeatureCollection"
    etag = first.headers["etag"]
    for tags in (etag, f'"other", W/{etag}'):
        again = public.get(href, headers={"If-None-Match": tags})
        assert again.status_code == 304
        assert not again.content
        assert again.headers["etag"] == etag
    assert public.get(href, headers={"If-None-Match": '"other"'}).status_code == 200
    assert public.head(href).headers["etag"] == etag


@pytest.mark.parametrize(
    "path",
    ["/maps/nope", "/maps/coverage/files/nope.js", "/maps/coverage/data/nope.geojson",
     "/maps/coverage/data/organisations.geojson", "/maps/coverage/files/..%2f..%2fapp.py",
     "/maps/%2e%2e%2fcoverage", "/maps/coverage.toml", "/maps/coverage/data/wards"],
)
def test_what_no_map_has_is_not_found(public: TestClient, path: str) -> None:
    answer = public.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_scripts_and_images_are_sent_whatever_is_accepted(public: TestClient) -> None:
    page = public.get("/maps/coverage", headers=HTML).text
    script = next(h for h in _addresses(page, "/maps/coverage/files/") if h.endswith(".js"))
    assert public.get(script, headers={"Accept": "image/webp"}).status_code == 200


def test_pages_speak_the_readers_language(public: TestClient) -> None:
    assert '<html lang="sw">' in public.get("/maps/coverage?lang=sw", headers=HTML).text
    swahili = public.get("/maps/coverage", headers={**HTML, "Accept-Language": "sw"})
    assert swahili.headers["content-language"] == "sw"


def _addresses(page: str, start: str) -> set[str]:
    pieces = page.replace('src="', 'href="').split('href="')[1:]
    return {href for piece in pieces if (href := piece.split('"')[0]).startswith(start)}


def test_staff_have_tools_that_the_public_has_not(clients: Clients, public: TestClient) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        page = planner.get("/maps/coverage", headers=HTML)
        assert page.status_code == 200
        files = _addresses(page.text, "/maps/coverage/files/")
        assert any("/desk-" in name and name.endswith(".js") for name in files)
        for href in files:
            assert planner.get(href).status_code == 200, href
    assert "desk" not in public.get("/maps/coverage", headers=HTML).text


def test_large_layers_are_told_from_afar_and_brought_by_box(
    clients: Clients, public: TestClient
) -> None:
    data = "/maps/coverage/data/{}.geojson"
    whole = {name: public.get(data.format(name)).json() for name in ("offices", "fibre_links")}
    with clients(map_whole=20) as large:
        _check_large(large, data, whole)


def _check_large(public: TestClient, data: str, whole: Any) -> None:
    offices = public.get(data.format("offices")).json()
    assert offices["features"] == []
    connections = [f["properties"]["connection"] for f in whole["offices"]["features"]]
    assert offices["counts"] == {each: connections.count(each) for each in set(connections)}
    gathered = [sum(numbers) for numbers in zip(*(c[2:] for c in offices["cells"]), strict=True)]
    assert dict(zip(offices["kinds"], gathered, strict=True)) == offices["counts"]
    links = public.get(data.format("fibre_links")).json()
    assert links["features"] == []
    one = whole["offices"]["features"][0]
    lon, lat = one["geometry"]["coordinates"]
    box = f"{lon - 0.01},{lat - 0.01},{lon + 0.01},{lat + 0.01}"
    answer = public.get(data.format("offices"), params={"bbox": box}).json()
    assert answer["lean"] is True
    near = {each["id"]: each for each in answer["features"]}
    assert len(near) < len(whole["offices"]["features"])
    assert near[one["id"]]["properties"].items() < one["properties"].items()
    assert {"name", "connection"} <= near[one["id"]]["properties"].keys()
    assert public.get(data.format("offices"), params={"id": one["id"]}).json()["features"] == [one]
    absent = {"id": "00000000-0000-0000-0000-000000000000"}
    assert public.get(data.format("offices"), params=absent).json()["features"] == []
    for wrong in ({"id": "x"}, {"bbox": "1,2"}, {"limit": "1"}):
        assert public.get(data.format("offices"), params=wrong).status_code == 400


def test_tiles_hold_the_shapes_of_all_and_nothing_else(
    public: TestClient, clients: Clients
) -> None:
    whole = public.get("/maps/coverage/data/offices.geojson").json()["features"]
    asked = "/maps/coverage/tiles/{}/12/2055/2443"
    reply = public.get(asked.format("offices"))
    assert reply.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    layer = mapbox_vector_tile.decode(reply.content)["offices"]
    west, south, east, north = Tile(12, 2055, 2443).box(buffer=BUFFER)
    drawn: dict[str, int] = {}
    for feature in layer["features"]:
        assert feature["properties"].keys() == {"kind"}
        places = feature["geometry"]["coordinates"]
        several = feature["geometry"]["type"] == "MultiPoint"
        drawn[feature["properties"]["kind"]] = len(places) if several else 1
    inside = [
        each["properties"]["connection"] for each in whole
        if west < each["geometry"]["coordinates"][0] < east
        and south < each["geometry"]["coordinates"][1] < north
    ]
    # Offices that fall on the same half pixel are drawn once.
    assert drawn == {kind: inside.count(kind) for kind in set(inside)}
    again = public.get(asked.format("offices"), headers={"if-none-match": reply.headers["etag"]})
    assert again.status_code == 304
    links = asked.format("fibre_links").replace("12/2055/2443", "{}")
    kinds = {}
    with clients(audience=Audience.PLANNER) as planner:
        for reader in (planner, public):
            found = mapbox_vector_tile.decode(reader.get(links.format("10/513/610")).content)
            kinds[reader] = {f["properties"]["kind"] for f in found["fibre_links"]["features"]}
        assert kinds[public] == {"operational"} < kinds[planner]
        assert planner.get(links.format("12/0/0")).content == b""
    for wrong in ("14/0/0", "3/9/0", "a/0/0", "12/0"):
        assert public.get(links.format(wrong)).status_code == 404
    assert public.get(asked.format("wards")).status_code == 404
    assert public.get(asked.format("equipment")).status_code == 404

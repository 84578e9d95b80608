"""The public's pages: the same facts for everybody, few bytes, in both languages."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.model.fields import LANGUAGES
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients

HTML = {"Accept": "text/html"}
FIRST_VIEW_BYTES = 25_000
FULL_MAP_BYTES = 90_000


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def public(clients: Clients) -> Iterator[TestClient]:
    with clients() as client:
        yield client


def page(client: TestClient, address: str, **parameters: str) -> str:
    answer = client.get(address, params=parameters, headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def told(text: str) -> str:
    """The words of a page."""
    body = text[text.index("<main"):text.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def test_answers_come_first(public: TestClient) -> None:
    """Counted by hand in data/sample: 17 ward offices, 7 connected, of one it is not known."""
    words = told(page(public, "/public", lang="en"))
    assert "7 of 16 ward offices are connected." in words
    assert "60 of 90 offices whose connection is known are connected." in words
    assert "Anyone may use public Wi-Fi at 7 places." in words
    assert "6 faults are open now." in words
    assert words.index("7 of 16") < words.index("Find my ward") < words.index("Ward by ward")
    kiswahili = told(page(public, "/public", lang="sw"))
    assert "Ofisi za wadi 7 kati ya 16 zimeunganishwa." in kiswahili
    assert "Nani ameunganishwa" in kiswahili


def test_the_picture_and_the_table_hold_the_same_facts(public: TestClient) -> None:
    text = page(public, "/public", lang="en")
    drawn = dict(re.findall(r"<title>([^<:]+): ([^<]+)</title></path>", text))
    table = text[text.index('class="facts wards"'):]
    rows = re.findall(
        r'<th scope="row"><a href="[^"]+">([^<]+)</a>.*?class="num strong">(.*?)</td>', table
    )
    assert len(drawn) == len(rows) == 45
    assert {name: re.sub("<[^>]*>", "", share) for name, share in rows} == drawn
    assert len(set(drawn.values())) > 4
    assert 'id="picture-desc">Map of 45 wards.' in text


def test_a_name_is_found_with_mistakes_and_leads_to_its_ward(public: TestClient) -> None:
    found = page(public, "/public", q="Kitutu Centrl", lang="en")
    found = found[found.index('id="found"'):]
    href = re.search(r'<a href="([^"]*/public/wards/[^"]+)">Kitutu Central</a>', found)
    assert href is not None
    ward = told(page(public, href[1]))
    assert "18 of 18 offices in Kitutu Central whose connection is known are connected." in ward
    assert "Connected" in ward
    wifi = told(page(public, "/public", q="Gusii Stadium Wi-Fi", lang="en"))
    assert "Gusii Stadium Wi-Fi Public Wi-Fi · Kitutu Central" in wifi
    assert "Please write at least three letters" in page(public, "/public", q="a", lang="en")
    nothing = page(public, "/public", q="<b>zzzzqqq", lang="en")
    assert "Nothing is called “&lt;b&gt;zzzzqqq”" in nothing


def test_what_is_near_is_told_with_its_ward(public: TestClient) -> None:
    words = told(page(public, "/public", lon="34.77", lat="-0.68", lang="en"))
    near = words[words.index("Nearest to you"):]
    assert near.index("Kitutu Central") < near.index("m away")
    for wrong in ({"lon": "34.7"}, {"lon": "x", "lat": "1"}, {"lon": "999", "lat": "1"}):
        answer = public.get("/public", params=wrong, headers=HTML)
        assert answer.status_code == 400


def test_staff_read_there_what_everybody_reads(clients: Clients, public: TestClient) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        for address in ("/public?lang=en", "/public/wards/1301?lang=en", "/embed?lang=en"):
            one, other = (page(each, address) for each in (public, planner))
            assert told(one) == told(other)


def test_only_the_frame_may_stand_in_other_sites(public: TestClient) -> None:
    answer = public.get("/embed", headers=HTML)
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors *" in policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    for address in ("/public", "/public/wards/1301", "/maps/coverage", "/login"):
        policy = public.get(address, headers=HTML).headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
    ward = told(page(public, "/embed", ward="1305", lang="sw"))
    assert "Katika Tabaka, ofisi 2 kati ya 3" in ward
    theme = told(page(public, "/embed", theme="connectedLegislator", lang="en"))
    assert "Connected Legislator: 7 of 13 offices" in theme
    assert public.get("/embed?ward=none").status_code == 404
    assert public.get("/embed?theme=none").status_code == 400
    assert public.get("/public/wards/none", headers=HTML).status_code == 404


def test_the_catalogue_names_every_published_collection(public: TestClient) -> None:
    answer = public.get("/public/catalog.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    catalog = answer.json()
    assert catalog["@type"] == "dcat:Catalog"
    assert catalog["dcterms:license"]["@id"].startswith("https://creativecommons.org/")
    assert catalog["dcterms:publisher"]["foaf:name"] == "Kisii Municipality"
    listed = {each["dcterms:identifier"] for each in catalog["dcat:dataset"]}
    collections = public.get("/collections").json()["collections"]
    assert listed == {each["id"] for each in collections}
    offices = next(
        each for each in catalog["dcat:dataset"] if each["dcterms:identifier"] == "offices"
    )
    assert "POLYGON((34.5" in offices["dcterms:spatial"]["dcat:bbox"]["@value"]
    for file in offices["dcat:distribution"]:
        got = public.get(file["dcat:downloadURL"]["@id"])
        assert got.status_code == 200
        assert file["dcat:mediaType"]["@id"].endswith(
            got.headers["content-type"].partition(";")[0]
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_view_is_small(public: TestClient, language: str) -> None:
    """With its style sheets, scripts and icon, as they travel."""
    assert weight(public, f"/public?lang={language}") <= FIRST_VIEW_BYTES
    ward = max(weight(public, f"/public/wards/{code}?lang={language}") for code in (1301, 1305))
    assert ward <= FIRST_VIEW_BYTES


def test_the_full_map_is_small(public: TestClient) -> None:
    """Without its data, which is as large as the place."""
    assert weight(public, "/maps/coverage") <= FULL_MAP_BYTES


def weight(client: TestClient, address: str) -> int:
    text = page(client, address)
    files = re.findall(r'<(?:link|script)[^>]+(?:href|src)="([^"]+)"', text)
    assert len(files) > 2
    assert all(each.startswith("/") for each in files)
    contents = [client.get(each).content for each in files]
    return sum(len(gzip.compress(each, 6)) for each in (text.encode(), *contents))

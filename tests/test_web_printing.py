"""Maps on paper over HTTP: what the page shows, as PDF and PNG, for each reader."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfReader
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conformance.clients import Clients, sample_clients
from tests.conftest import client_of, new_key


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def public(clients: Clients) -> Iterator[TestClient]:
    with clients() as client:
        yield client


def pages_of(content: bytes) -> list[str]:
    """The text of each page, with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(content)).pages]


def connected(client: TestClient, **asked: str) -> int:
    address = "/collections/offices/items"
    answer = client.get(address, params={"connection": "connected", "limit": "1", **asked})
    return int(answer.json()["numberMatched"])


def test_a_map_is_printed_with_its_numbers(public: TestClient) -> None:
    answer = public.get("/maps/coverage/print.pdf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="coverage.pdf"'
    sheet, tables = pages_of(answer.content)
    for words in ("Who is connected", "Kisii County", "Sample data", "Legend", "10 km", "N",
                  "Source: Kisii Municipality, ICT Directorate", "Scale 1 :", "No data"):
        assert words in sheet, words
    all_of_them = connected(public)
    legislators = connected(public, theme="connectedLegislator")
    assert f"{all_of_them} of 90 offices" in sheet
    assert f"Connected Legislator 54% {legislators} / 13" in sheet
    assert f"All offices 67% {all_of_them} 30 9" in tables
    assert "Sensi \N{EN DASH} 0 0 0" in tables


def test_it_is_printed_in_kiswahili_and_upright(public: TestClient) -> None:
    answer = public.get("/maps/coverage/print.pdf?lang=sw&orientation=portrait")
    assert answer.headers["content-language"] == "sw"
    sheet, *_ = pages_of(answer.content)
    assert "Nani ameunganishwa" in sheet
    assert "Data ya mfano" in sheet
    box = PdfReader(io.BytesIO(answer.content)).pages[0].mediabox
    assert box.height > box.width


def test_it_is_a_picture_too(public: TestClient) -> None:
    answer = public.get("/maps/coverage/print.png")
    assert answer.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.size == (1754, 1240), "A4 at 150 points per inch"
    colours = picture.convert("RGB").getcolors(1 << 20)
    assert colours is not None
    counts = {colour: count for count, colour in colours}
    assert counts.get((0x25, 0x79, 0x7F), 0) > 20_000, "the darkest class of wards"


def test_a_sheet_that_is_known_is_not_sent_again(public: TestClient) -> None:
    address = "/maps/coverage/print.pdf"
    first = public.get(address)
    assert public.get(address).content == first.content
    again = public.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content


def test_readers_get_what_they_may_see(planner: TestClient, public: TestClient) -> None:
    """Planned links and their signs are on the planner's sheet only."""
    staff = pages_of(planner.get("/maps/coverage/print.pdf").content)[0]
    assert "Proposed" in staff
    assert "Proposed" not in pages_of(public.get("/maps/coverage/print.pdf").content)[0]


@pytest.fixture(scope="module")
def planner(clients: Clients) -> Iterator[TestClient]:
    with clients(audience=Audience.PLANNER) as client:
        yield client


def coverage(client: TestClient, **inputs: str) -> dict[str, Any]:
    address = "/processes/coverage/execution"
    answer = client.get(address, params={"by": "ward", "shapes": "false", **inputs})
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_map_of_nothing_is_printed(
    databases: Any, database: Database, settings: Settings
) -> None:
    addresses = databases.with_logins(database)
    with client_of(addresses, settings, key=new_key(database)) as client:
        sheet = pages_of(client.get("/maps/coverage/print.pdf").content)[0]
        assert "connection is known yet" in sheet
        chosen = client.get("/maps/coverage/print.pdf?indicator=share_lit")
        assert "Share of offices with a way to a gateway: No data." in pages_of(chosen.content)[0]


def test_staff_print_what_they_chose_to_see(planner: TestClient) -> None:
    view = {"indicator": "share_redundant", "theme": "connectedCountyGovernment", "at": "planned"}
    answer = planner.get("/maps/coverage/print.pdf", params=view)
    assert answer.status_code == 200
    sheet, table = pages_of(answer.content)
    found = coverage(planner, theme="connectedCountyGovernment", plan="true")
    whole = found["whole"]["values"]["share_redundant"]
    assert f"Share of offices with two ways: {round(whole, 1):g}%." in sheet
    assert "Situation: All that is planned works." in sheet
    assert "Only offices of the theme Connected County Government." in sheet
    assert "two ways to two gateways" in table
    for each in found["features"]:
        value = each["properties"].get("share_redundant")
        text = "No data" if value is None else f"{round(value, 1):g}%"
        if each["properties"]["key"]:
            assert f"{each['properties']['title']} {text}" in table


def test_staff_print_a_comparison(planner: TestClient) -> None:
    view = {"indicator": "unconnected", "at": "now", "against": "2024-01-01"}
    sheet, table = pages_of(planner.get("/maps/coverage/print.pdf", params=view).content)
    now = coverage(planner)["whole"]["values"]["unconnected"]
    then = coverage(planner, day="2024-01-01")["whole"]["values"]["unconnected"]
    assert now < then
    less = f"\N{MINUS SIGN}{then - now:g}"
    assert f"Offices not connected (Change): {less}." in sheet
    assert "Change: Now, as recorded against" in sheet
    assert f"All {then:g} {now:g} {less}" in table


@pytest.mark.parametrize(
    ("view", "told"),
    [
        ({"indicator": "colour"}, "share_lit"),
        ({"theme": "none"}, "connectedCitizen"),
        ({"at": "yesterday"}, "the id of a scenario"),
        ({"against": "2024-13-01"}, "the id of a scenario"),
        ({"at": "00000000-0000-0000-0000-000000000000"}, ""),
    ],
)
def test_a_choice_that_is_not_offered_is_told(
    planner: TestClient, view: dict[str, str], told: str
) -> None:
    answer = planner.get("/maps/coverage/print.pdf", params=view)
    assert answer.status_code in (400, 404)
    assert told in answer.json()["detail"]


def test_for_the_public_there_are_no_choices(public: TestClient) -> None:
    told = [
        public.get("/maps/coverage/print.pdf", params={name: "x"}).json()["detail"]
        for name in ("indicator", "against", "nonsense")
    ]
    assert told[0].replace("indicator", "nonsense") == told[2]
    assert told[1].replace("against", "nonsense") == told[2]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/maps/nothing/print.pdf", 404),
        ("/maps/coverage/print.pdf?orientation=diagonal", 400),
        ("/maps/coverage/print.png?colour=red", 400),
        ("/maps/coverage/print.svg", 404),
    ],
)
def test_what_cannot_be_printed_is_told(public: TestClient, address: str, status: int) -> None:
    answer = public.get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"

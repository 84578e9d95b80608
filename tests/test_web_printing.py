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
from tests.conformance.clients import Clients, sample_clients


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


def test_readers_get_what_they_may_see(clients: Clients, public: TestClient) -> None:
    """Planned links and their signs are on the planner's sheet only."""
    with clients(audience=Audience.PLANNER) as planner:
        staff = pages_of(planner.get("/maps/coverage/print.pdf").content)[0]
    assert "Proposed" in staff
    assert "Proposed" not in pages_of(public.get("/maps/coverage/print.pdf").content)[0]


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

"""The home page: whom it leads where, and that its figures are what is published."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gis_service.errors import Unavailable
from gis_service.model.audience import Audience
from gis_service.services.public import PublicSite
from gis_service.settings import Settings
from gis_service.web.menu import FOOT, MENU
from gis_service.web.pages import words_of
from tests.conformance.clients import Clients, sample_clients

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


def test_its_figures_are_the_published_ones_for_staff_too(clients: Clients) -> None:
    with clients(audience=Audience.PLANNER) as planner, clients() as public:
        offices = public.get("/collections/offices/items?limit=1000").json()["features"]
        known = [f["properties"]["connection"] for f in offices]
        known = [c for c in known if c in ("connected", "unconnected")]
        wifi = public.get("/collections/network_nodes/items?public_wifi=true").json()
        faults = public.get("/collections/faults/items").json()
        assert planner.get(
            "/collections/network_nodes/items?public_wifi=true"
        ).json()["numberMatched"] > wifi["numberMatched"], "one of them does not work yet"
        told = f"{known.count('connected')} of {len(known)} offices whose connection is known"
        for client in (public, planner):
            text = _text(client.get("/", headers=HTML).text)
            assert told in text
            assert f"{words_of('en')['home_wifi']} {wifi['numberMatched']}" in text
            assert f"{words_of('en')['home_faults']} {faults['numberMatched']}" in text


def test_each_reader_is_led_to_their_pages_and_to_no_others(clients: Clients) -> None:
    staff = {"/dashboard", "/processes"}
    with clients() as public:
        page = public.get("/", headers=HTML).text
        links = set(re.findall(r'href="([^"?]*)', page))
        assert {"/maps", "/maps/coverage", "/collections", "/api.html", "/login"} <= links
        assert not staff & links
        paths = public.app.state.paths
        known = {e.path for e in (*MENU, *FOOT) if e.path in paths}
        assert {link for link in links if link in {e.path for e in (*MENU, *FOOT)}} <= known
        assert public.get("/", headers={"Accept": "application/json"}).json()["links"]
        assert public.get("/").headers["content-type"] == "application/json"
    with clients(audience=Audience.TECHNICIAN) as technician:
        page = technician.get("/?lang=sw", headers=HTML).text
        links = set(re.findall(r'href="([^"?]*)', page))
        assert staff <= links
        assert "/conflicts" not in links
        assert words_of("sw")["home_yours"] in html.unescape(page)
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script", page)


def test_every_entry_of_the_menu_has_its_words() -> None:
    for language in ("en", "sw"):
        assert {e.words for e in (*MENU, *FOOT)} <= words_of(language).keys()


def test_without_figures_it_still_leads_on(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_self: PublicSite) -> None:
        raise Unavailable("The database does not answer.")

    with clients() as public:
        monkeypatch.setattr(PublicSite, "facts", silent)
        answer = public.get("/", headers=HTML)
        assert answer.status_code == 200
        assert words_of("en")["home_no_figures"] in html.unescape(answer.text)
        assert 'href="/maps/coverage"' in answer.text


def _text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

"""The dashboard: whom it is for, and that its numbers are those of the services."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.web.pages import words_of
from tests.conformance.clients import Clients, sample_clients

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


def test_staff_see_the_numbers_that_the_processes_tell(clients: Clients) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        page = planner.get("/dashboard", headers=HTML)
        assert page.status_code == 200
        text = _text(page.text)
        cards = planner.get("/processes/scorecards/execution").json()["cards"]
        for card in cards:
            assert card["title"] in text
            for figure in card["figures"]:
                shown = "No data" if figure["value"] is None else f"{round(figure['value'], 1):g}"
                assert shown in text, figure["id"]
                assert figure["definition"] in text
        due = planner.get("/processes/certifications-due/execution").json()
        assert f"Overdue {due['overdue']}" in text
        assert f"Failed {due['failed']}" in text
        assert "Open now: 6." in text
        assert "network_nodes.geojson" in text or "scenarios.csv" in text
        assert words_of("en")["weak_points"] in text
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script", page.text)
        swahili = planner.get("/dashboard?lang=sw", headers=HTML).text
        assert '<html lang="sw">' in swahili
        assert words_of("sw")["dashboard"] in swahili


def test_a_technician_sees_no_weak_points_and_the_public_nothing(clients: Clients) -> None:
    with clients(audience=Audience.TECHNICIAN) as technician:
        page = technician.get("/dashboard", headers=HTML)
        assert page.status_code == 200
        assert words_of("en")["weak_points"] not in page.text
        assert "/dashboard" in technician.get("/api").json()["paths"]
    with clients() as public:
        assert public.get("/dashboard", headers=HTML).status_code in (401, 403)
        assert "dashboard" not in public.get("/", headers=HTML).text.lower()
        assert "/dashboard" not in public.get("/api").json()["paths"]


def _text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())

"""The conformance checker against a real process, both audiences, and behind a path prefix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conformance.checker import Verdict, every_check, run_one
from tests.conformance.clients import Clients, sample_clients
from tests.conformance.service import Service

CHECKS = list(every_check())
OF_VALUES = {"P3", "Q3", "Q4", "Q6", "Q7", "R6", "R7", "V3", "V5", "V9"}
"""Compare items with an own look at them; a prefix stands in addresses alone."""


@pytest.fixture(scope="module")
def clients(databases: Any, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def live(live_server: str) -> Iterator[Service]:
    with httpx.Client(timeout=60) as client:
        yield Service(live_server, client)


@pytest.mark.parametrize("id_", CHECKS)
def test_live(id_: str, live: Service) -> None:
    _passes(id_, live)


@pytest.mark.parametrize("id_", [id_ for id_ in CHECKS if id_[0] in "HPQW"])
def test_planner(id_: str, planner: Service) -> None:
    _passes(id_, planner)


@pytest.mark.parametrize("id_", [id_ for id_ in CHECKS if id_ not in OF_VALUES])
def test_behind_prefix(id_: str, prefixed: Service) -> None:
    _passes(id_, prefixed)


@pytest.fixture(scope="module")
def planner(clients: Clients) -> Iterator[Service]:
    """It may be written to: filters, schemas and edits depend on who asks, and are checked."""
    with clients(audience=Audience.PLANNER) as client:
        yield Service(f"{client.base_url}/", client, writable=True)


@pytest.fixture(scope="module")
def prefixed(clients: Clients) -> Iterator[Service]:
    with clients(base_url="http://127.0.0.1:8000/county/gis") as client:
        yield Service("http://127.0.0.1:8000/county/gis", client)


def test_a_proxy_may_strip_the_prefix(clients: Clients) -> None:
    with clients(base_url="https://example.org/gis") as client:
        kept: TestClient = client
        for path in ("/collections/wards", "/gis/collections/wards", "/gis/collections/wards/"):
            document = kept.get(f"https://example.org{path}").json()
            assert document["links"][0]["href"] == "https://example.org/gis/collections/wards"
        assert kept.get("https://example.org/gisx/collections").status_code == 404


def test_links_of_pages_keep_the_prefix(clients: Clients) -> None:
    with clients(base_url="http://127.0.0.1:8000/gis") as client:
        for path in ("/", "/collections", "/collections/wards/items?limit=2", "/api.html", "/nope"):
            page = client.get(f"http://127.0.0.1:8000/gis{path}", headers={"Accept": "text/html"})
            for piece in page.text.split('href="')[1:]:
                assert piece.startswith(("/gis", "#")), piece[:80]


def _passes(id_: str, service: Service) -> None:
    result = run_one(id_, service)
    assert result.verdict is not Verdict.FAILED, str(result)

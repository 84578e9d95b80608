"""Errors, headers and addresses, on services that only pretend."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from starlette.testclient import TestClient

from gis_service.cartography.links import Account
from gis_service.cartography.rendering import RenderedMap
from gis_service.errors import (
    ClusterError,
    ConfigurationError,
    Conflict,
    InvalidDefinition,
    InvalidParameter,
    NotFound,
    Unavailable,
)
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.services.health import HealthCheck, HealthReport
from gis_service.settings import Settings
from gis_service.web.app import create_app

SECRET = "SELECT password FROM gis.people -- /srv/gis/secrets.json"
BROWSER = {"Accept": "text/html,*/*;q=0.8"}


@dataclass
class Pretender:
    """Services that raise what a test wants, and remember who asked."""

    settings: Settings
    error: Exception | None = None
    origins: tuple[str, ...] = ()
    ok: bool = True
    crs: tuple[()] = ()
    replicas: None = None
    seen: list[Principal] = field(default_factory=list)

    @property
    def features(self) -> Pretender:
        return self

    @property
    def maps(self) -> Pretender:
        return self

    @property
    def health(self) -> Pretender:
        return self

    @property
    def gate(self) -> Pretender:
        return self

    @property
    def public(self) -> Pretender:
        return self

    async def facts(self) -> None:
        raise Unavailable(SECRET)

    async def holder(self, _key: str) -> Principal:
        return Principal(Audience.PLANNER)

    def definitions(self, principal: Principal) -> tuple[()]:
        self.seen.append(principal)
        if isinstance(self.error, InvalidDefinition):
            raise self.error
        return ()

    async def collections(self, principal: Principal) -> tuple[()]:
        self.seen.append(principal)
        if self.error is not None:
            raise self.error
        return ()

    async def page(
        self, _name: str, _principal: Principal, _language: str, *, account: Account, nav: object
    ) -> RenderedMap:
        return RenderedMap("<!doctype html><title>Map</title>", {}, self.origins)

    async def ready(self) -> HealthReport:
        return HealthReport((HealthCheck("database", self.ok, "Start it with ./gis up."),))


@contextmanager
def client_of(tmp_path: Path, **options: Any) -> Iterator[tuple[TestClient, Pretender]]:
    changed = {k: options.pop(k) for k in list(options) if k in Settings.model_fields}
    settings = Settings(_env_file=None, home=tmp_path, **changed)  # type: ignore[call-arg]
    services = Pretender(settings, **options)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Any]:
        yield services

    app = create_app(settings, opened)
    with TestClient(app, base_url=settings.public_base_url) as client:
        yield client, services


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (InvalidParameter("bbox", "x", "it must hold 4 numbers"), 400, True),
        (NotFound("offices has no item 1."), 404, True),
        (Conflict("Another change came first."), 409, True),
        (Unavailable(SECRET), 503, False),
        (InvalidDefinition("coverage.toml", [SECRET]), 500, False),
        (ConfigurationError(SECRET), 500, False),
        (ClusterError(SECRET), 500, False),
        (RuntimeError(SECRET), 500, False),
        (RecursionError(SECRET), 500, False),
    ],
)
@pytest.mark.parametrize("headers", [{}, BROWSER])
def test_errors(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    told: bool,
    headers: dict[str, str],
) -> None:
    with (
        caplog.at_level(logging.WARNING, "gis_service.web"),
        client_of(tmp_path, error=error) as (client, _),
    ):
        answer = client.get("/collections", headers=headers)
    assert answer.status_code == status
    request_id = answer.headers["x-request-id"]
    assert UUID(request_id)
    assert request_id in answer.text
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert (status == 503) == ("retry-after" in answer.headers)
    assert answer.headers["cache-control"] == "no-store"
    if not told:
        assert SECRET in caplog.text, "the log says what the reader is not told"
        assert request_id in caplog.text
    if headers:
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == status
        assert problem["instance"] == f"urn:uuid:{request_id}"
        assert problem["type"].startswith("urn:gis-service:problem:")
        assert (str(error) == problem["detail"]) is told


def test_text_from_the_address_stays_text(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        answer = client.get("/<img src=x onerror=alert(1)>", headers=BROWSER)
        assert answer.status_code == 404
        assert "<img src=x" not in answer.text
        assert "&lt;img src=x" in answer.text
        answer = client.get("/conformance?%22%3E%3Cscript%3E=1", headers=BROWSER)
        assert answer.status_code == 400
        assert "<script>" not in answer.text


def test_a_page_that_fails_leaves_the_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("gis_service.web.problems.page", broken)
    with client_of(tmp_path) as (client, _):
        answer = client.get("/nope", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_request_has_an_id_of_its_own(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        ids = {
            client.get("/conformance", headers={"X-Request-Id": "mine"}).headers["x-request-id"]
            for _ in range(5)
        }
    assert len(ids) == 5
    assert "mine" not in ids


def test_live_asks_nothing_of_anything(tmp_path: Path) -> None:
    with client_of(tmp_path, ok=False) as (client, _):
        assert client.get("/health/live").status_code == 200
        ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.headers["retry-after"]
    assert ready.headers["cache-control"] == "no-store"
    assert ready.json() == {
        "ok": False,
        "checks": [{"name": "database", "ok": False, "message": "Start it with ./gis up."}],
    }


def test_ready_when_every_check_is(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("settings", [{}, {"host": "0.0.0.0"}, {"base_url": "https://gis.example"}])
@pytest.mark.parametrize("headers", [{}, {"Host": "localhost:8000"}, {"X-Forwarded-For": "::1"}])
def test_without_a_key_everyone_is_the_public(
    tmp_path: Path, settings: dict[str, str], headers: dict[str, str]
) -> None:
    """Also at this machine: a proxy on it, or a name made to point at it, opens nothing."""
    with client_of(tmp_path, **settings) as (client, services):
        client.get("/collections", headers=headers)
    assert services.seen == [PUBLIC]


def test_other_origins_read_only_what_the_public_sees(tmp_path: Path) -> None:
    foreign = {"Origin": "https://evil.example"}
    with client_of(tmp_path) as (client, _):
        answer = client.get("/collections", headers=foreign)
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        preflight = client.options("/collections", headers=foreign)
        assert preflight.status_code == 200
        assert "GET" in preflight.headers["access-control-allow-methods"]
        assert "POST" not in preflight.headers["access-control-allow-methods"]
        assert answer.headers["cache-control"] == "no-cache"
        answer = client.get("/collections", headers={**foreign, "X-API-Key": "a planner's"})
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "private, no-cache"


def test_a_map_may_load_its_basemap_and_nothing_else(tmp_path: Path) -> None:
    with client_of(tmp_path, origins=("https://tiles.example",)) as (client, _):
        policy = client.get("/maps/coverage").headers["content-security-policy"]
        assert "img-src 'self' data: https://tiles.example;" in policy
        assert policy.count("https:") == 1
        assert "https:" not in client.get("/maps").headers["content-security-policy"]


def test_a_faulty_map_takes_no_other_page_down(tmp_path: Path) -> None:
    with client_of(tmp_path, error=InvalidDefinition("x.toml", [SECRET])) as (client, _):
        assert client.get("/", headers=BROWSER).status_code == 200
        assert client.get("/maps", headers=BROWSER).status_code == 500


def test_fastapi_describes_nothing_by_itself(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        for path in ("/redoc", "/openapi.json", "/docs/oauth2-redirect"):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd",
     "/static/%2e%2e%2f%2e%2e%2f%2e%2e%2fetc/passwd", "/static/..%5capp.py", "/static/",
     "/static", "/static/vendor", "/static/gis.css/x", "/static/%00"],
)
def test_static_files_stay_in_their_folder(tmp_path: Path, path: str) -> None:
    with client_of(tmp_path) as (client, _):
        answer = client.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"


def test_static_files_are_kept_by_their_hash(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        page = client.get("/maps", headers=BROWSER).text
        href = next(p.split('"')[0] for p in page.split('href="') if p.startswith("/static/ogc"))
        hashed = client.get(href)
        assert "immutable" in hashed.headers["cache-control"]
        plain = client.get("/static/ogc.css")
        assert plain.headers["cache-control"] == "no-cache"
        again = client.get("/static/ogc.css", headers={"If-None-Match": plain.headers["etag"]})
        assert again.status_code == 304
        assert not again.content


def test_shared_addresses_of_the_landing_page_carry_foreign_parameters(tmp_path: Path) -> None:
    with client_of(tmp_path) as (client, _):
        assert client.get("/?fbclid=1", headers=BROWSER).status_code == 200
        assert client.get("/?fbclid=1").status_code == 400

"""Other origins, frames, and what belongs to somebody else: cases 102 and 103 of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from starlette.routing import Route
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key
from tests.fieldwork import body, operation

ORIGINS = (
    "null", "https://evil.example", "http://127.0.0.1.evil.example", "http://evil127.0.0.1:8000",
    "http://127.0.0.1:8000.evil.example", "https://user@127.0.0.1:8000", "file://",
)


@dataclass(frozen=True)
class Site:
    """A service, and the keys of five people."""

    client: TestClient
    database: Database
    keys: dict[str, str]

    def ask(self, who: str | None, method: str, path: str, **options: Any) -> Any:
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers["authorization"] = f"Bearer {self.keys[who]}"
        return self.client.request(method, path, headers=headers, **options)


@pytest.fixture(scope="module")
def site(databases: Databases, sample_template: str, settings: Settings) -> Iterator[Site]:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    keys = {
        name: new_key(database, role, client=name)
        for name, role in (
            ("one", Audience.TECHNICIAN), ("planner", Audience.PLANNER), ("admin", Audience.ADMIN)
        )
    }
    for name, role in (("other", Audience.TECHNICIAN), ("second", Audience.PLANNER)):
        keys[name] = create_key(database, role=role, name=f"The {name}").text.shown()
    with client_of(addresses, settings) as client:
        yield Site(client, database, keys)
    databases.drop(database)


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_origin_is_trusted_with_more_than_the_public_sees(site: Site, origin: str) -> None:
    headers = {"origin": origin}
    told = site.ask(None, "GET", "/collections/offices", headers=headers).headers
    assert told["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in told
    preflight = site.ask(None, "OPTIONS", "/collections/offices/items", headers={
        **headers, "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-csrf-token",
    }).headers
    assert "authorization" not in preflight["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in preflight
    for who in ("one", "admin"):
        told = site.ask(who, "GET", "/collections/offices", headers=headers).headers
        assert "access-control-allow-origin" not in told
        assert told["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_session_changes_nothing_for_another_origin(site: Site, origin: str) -> None:
    token = site.client.get("/login").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "key": site.keys["admin"]}
    assert site.client.post("/login", data=form).status_code == 303
    page = site.client.get("/people", headers={"accept": "text/html"}).text
    inside = page.split('name="csrf_token" value="')[1].split('"')[0]
    wanted = {"csrf_token": inside, "name": "Mallory", "role": "admin"}
    answer = site.client.post("/people", data=wanted, headers={"origin": origin})
    assert answer.status_code == 403
    forged = site.client.post("/people", data=wanted | {"csrf_token": "x" * 43})
    assert forged.status_code == 403
    site.client.cookies.clear()
    with site.database.begin() as connection:
        made = connection.scalar(text("SELECT count(*) FROM internal.people WHERE name ~ 'Mall'"))
    assert made == 0


def test_no_page_but_the_frame_stands_in_a_frame(site: Site) -> None:
    routes = [r for r in site.client.app.router.routes if isinstance(r, Route)]  # type: ignore[attr-defined]
    plain = {r.path for r in routes if "{" not in r.path and "GET" in (r.methods or ())}
    assert {"/people", "/audit", "/privacy", "/login", "/embed"} <= plain
    for path in sorted(plain - {"/embed", "/field/sw.js"}):
        answer = site.ask("admin", "GET", path, headers={"accept": "text/html"})
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["referrer-policy"] == "same-origin", path


def test_operations_of_another_technician_are_unknown(site: Site) -> None:
    made = operation("create", target="faults", values={"summary": "mine"})
    sent = site.ask("one", "POST", "/field/operations", json=body(made))
    assert sent.status_code == 200
    (own,) = site.ask("one", "GET", f"/field/operations?ids={made['id']}").json()["results"]
    (told,) = site.ask("other", "GET", f"/field/operations?ids={made['id']}").json()["results"]
    (nothing,) = site.ask("other", "GET", f"/field/operations?ids={uuid4()}").json()["results"]
    assert told | {"id": ""} == nothing | {"id": ""}
    assert told != own


def test_a_job_of_another_looks_like_none(site: Site) -> None:
    with site.database.begin() as connection:
        job = connection.scalar(text(
            "INSERT INTO internal.jobs (kind, payload, person_id, state) SELECT 'export', '{}', "
            "person_id, 'done' FROM internal.api_keys WHERE client = 'planner' RETURNING id"
        ))
    assert site.ask("planner", "GET", f"/jobs/{job}").status_code == 200
    for who in ("second", "one", "other"):
        for method, path in (("GET", f"/jobs/{job}"), ("POST", f"/jobs/{job}/cancel")):
            answer = site.ask(who, method, path)
            nothing = site.ask(who, method, path.replace(str(job), str(uuid4())))
            assert (answer.status_code, nothing.status_code) == (404, 404)
        assert site.ask(who, "GET", "/jobs").json()["jobs"] == []


@pytest.mark.parametrize("given", [
    {"by": "00000000-0000-0000-0000-000000000000"}, {"person_id": "x"}, {"role": "admin"},
    {"version": 9}, {"updated_at": "2020-01-01T00:00:00Z"}, {"search_text": "x"},
    {"__proto__": {"role": "admin"}}, {"visibility": "secret"},
])
def test_nobody_assigns_what_is_not_theirs(site: Site, given: dict[str, Any]) -> None:
    feature = {"type": "Feature", "geometry": None, "properties": {"summary": "x"} | given}
    for who in ("one", "planner"):
        answer = site.ask(who, "POST", "/collections/faults/items", json=feature,
                          headers={"content-type": "application/geo+json"})
        assert answer.status_code in (400, 403), answer.text
    made = operation("create", target="faults", values={"summary": "x"} | given)
    sent = site.ask("one", "POST", "/field/operations", json=body(made))
    if sent.status_code == 200:
        (told,) = sent.json()["results"]
        assert told["outcome"] == "refused"
    assert site.ask("one", "POST", "/field/operations", json=body(role="admin")).status_code == 400


def test_what_is_for_admins_is_not_for_planners(site: Site) -> None:
    for who in (None, "one", "planner"):
        for path in ("/people", "/audit", "/audit.csv", "/audit.jsonl"):
            assert site.ask(who, "GET", path).status_code == 404

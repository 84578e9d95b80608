"""Logging a browser in and out: sessions, cookies, forged requests."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select, text, update
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from gis_service.bootstrap import open_services
from gis_service.errors import NotAllowed, TooManyAttempts, UnknownKey
from gis_service.installation import Addresses
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.keys import KeyText, sha256
from gis_service.services.keys import create_key, list_keys, revoke_key
from gis_service.services.people import erase_person
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.store.internal import API_KEYS, SESSIONS
from gis_service.web.app import create_app
from gis_service.web.login import (
    FAILURES,
    MOST_ADDRESSES,
    Failures,
    safe_address,
)
from gis_service.web.principal import require
from tests.conftest import Databases, client_of, new_key

STAFF_ONLY = "/collections/equipment"
BASE = "http://127.0.0.1:8000"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def addresses(databases: Databases, sample_database: Database) -> Addresses:
    return databases.with_logins(sample_database)


@pytest.fixture
def site(addresses: Addresses, settings: Settings) -> Iterator[TestClient]:
    with client_of(addresses, settings) as client:
        yield client


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return unescape(found[1])


def log_in(site: TestClient, key: str, *, following: str = "", **headers: str) -> Response:
    page = site.get("/login", params={"next": following} if following else {})
    assert page.status_code == 200
    fields = {"csrf_token": field(page.text, "csrf_token"), "next": field(page.text, "next")}
    return site.post("/login", data={**fields, "key": key}, headers=headers)


def session_token(site: TestClient) -> str:
    (token,) = [c.value for c in site.cookies.jar if c.name.endswith("gis_session")]
    return str(token)


def cookies_set(answer: Response) -> dict[str, list[str]]:
    """Attributes by cookie, the value first."""
    found = {}
    for header in answer.headers.get_list("set-cookie"):
        name, _, rest = header.partition("=")
        found[name] = rest.split("; ")
    return found


# --- logging in ------------------------------------------------------------------------------


def test_the_page_works_without_scripts_in_both_languages(site: TestClient):
    english, swahili = site.get("/login").text, site.get("/login?lang=sw").text
    assert "Log in" in english
    assert "Ufunguo wako" in swahili
    assert 'action="/login"' in english
    assert 'action="/login?lang=sw"' in swahili
    for page in (english, swahili):
        assert "<script" not in page
        assert 'type="password"' in page


def test_a_key_starts_a_session_that_reads_what_the_key_may(
    site: TestClient, sample_database: Database
):
    answer = log_in(site, new_key(sample_database, client="ipad-3"))
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    page = site.get(STAFF_ONLY, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["cache-control"] == "private, no-store"
    assert "ipad-3" in page.text
    assert "Log out" in page.text
    data = site.get("/collections/equipment/items", headers={"Accept": "application/json"})
    assert data.headers["cache-control"].startswith("private")
    assert "Cookie" in data.headers["vary"]
    assert "access-control-allow-origin" not in data.headers
    on_map = site.get("/maps/coverage")
    assert "ipad-3" in on_map.text
    assert field(on_map.text, "csrf_token") == field(page.text, "csrf_token")


def test_a_key_is_taken_with_the_spaces_of_a_careless_paste(
    site: TestClient, sample_database: Database
):
    key = new_key(sample_database)
    assert log_in(site, f"  {key[:30]}\n{key[30:]} \t").status_code == 303


def test_only_hashes_of_sessions_are_stored(site: TestClient, sample_database: Database):
    log_in(site, new_key(sample_database))
    token = session_token(site)
    with sample_database.begin() as connection:
        row = connection.execute(select(SESSIONS)).mappings().one()
        stored = connection.scalar(text("SELECT s::text FROM internal.sessions s"))
    assert bytes(row["token_sha256"]) == sha256(token)
    assert token not in stored
    assert len(token) == 43
    assert 11.9 < (row["expires_at"] - row["created_at"]).total_seconds() / 3600 <= 12


def test_cookies_are_for_this_host_and_not_for_scripts(
    addresses: Addresses, settings: Settings, sample_database: Database
):
    key = new_key(sample_database)
    with client_of(addresses, settings) as site:
        form = cookies_set(site.get("/login"))
        session = cookies_set(log_in(site, key))
        assert set(form) == {"gis_login"}
        assert set(session) == {"gis_session", "gis_login"}
        for attributes in (form["gis_login"], session["gis_session"]):
            assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(attributes)
            assert "Secure" not in attributes
            assert not [a for a in attributes if a.startswith("Domain")]
        (age,) = [int(a[8:]) for a in session["gis_session"] if a.startswith("Max-Age=")]
        assert 12 * 3600 - 60 <= age <= 12 * 3600
        assert "Max-Age=0" in session["gis_login"]
    https = settings.model_copy(update={"base_url": "https://gis.example.org"})
    with client_of(addresses, https) as site:
        session = cookies_set(log_in(site, key, Origin="https://gis.example.org"))
        assert "Secure" in session["__Host-gis_session"]
        assert "Path=/" in session["__Host-gis_session"]
        assert site.get(STAFF_ONLY).status_code == 200
        plain = {"Cookie": f"gis_session={session_token(site)}"}
        site.cookies.clear()
        assert site.get(STAFF_ONLY, headers=plain).status_code == 404


@pytest.mark.parametrize(("given", "held"), [({"tls_cert": Path("a.pem")}, True),
                                             ({"tls": True}, False)])
def test_browsers_are_held_to_https_by_the_admins_certificate_only(
    addresses: Addresses, settings: Settings, given: dict[str, object], held: bool
):
    with client_of(addresses, settings.model_copy(update=given)) as site:
        answer = site.get("/login")
        assert str(site.base_url).startswith("https://")
        assert ("strict-transport-security" in answer.headers) is held
        assert "Secure" in cookies_set(answer)["__Host-gis_login"]


def test_anonymous_readers_get_no_cookie(site: TestClient):
    for path in ("/", "/maps/coverage", "/collections", "/collections/offices/items",
                 "/static/gis.css", "/health/ready", "/no-such-page", STAFF_ONLY):
        for accept in ("text/html", "application/json"):
            answer = site.get(path, headers={"Accept": accept})
            assert "set-cookie" not in answer.headers, path
    page = site.get("/login")
    assert page.headers["cache-control"] == "private, no-store"
    assert "access-control-allow-origin" not in page.headers


def test_a_session_ends_with_the_earlier_of_its_hours_and_its_key(
    site: TestClient, sample_database: Database
):
    issued = create_key(sample_database, role=Audience.PLANNER, name="Jane")
    with sample_database.begin() as connection:
        connection.execute(
            update(API_KEYS).values(expires_at=func.now() + text("interval '5 minutes'"))
        )
    (attributes,) = [
        v for k, v in cookies_set(log_in(site, issued.text.shown())).items() if "session" in k
    ]
    (age,) = [int(a[8:]) for a in attributes if a.startswith("Max-Age=")]
    assert 280 < age <= 300


@pytest.mark.parametrize("how", ["revoked", "expired", "session expired", "person erased"])
def test_a_session_ends(site: TestClient, sample_database: Database, how: str):
    key = new_key(sample_database)
    log_in(site, key)
    assert site.get(STAFF_ONLY).status_code == 200
    past = func.now() - text("interval '1 second'")
    (record,) = list_keys(sample_database)
    if how == "revoked":
        revoke_key(sample_database, record.prefix)
    elif how == "person erased":
        erase_person(sample_database, record.person_id)
    else:
        ended = API_KEYS if how == "expired" else SESSIONS
        with sample_database.begin() as connection:
            connection.execute(update(ended).values(expires_at=past))
    deadline = time.monotonic() + 5
    while site.get(STAFF_ONLY).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    page = site.get("/collections", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "Log in" in page.text


def test_logging_in_again_ends_the_session_before(site: TestClient, sample_database: Database):
    log_in(site, new_key(sample_database, client="one"))
    before = session_token(site)
    stale = {"csrf_token": "x", "key": new_key(sample_database, client="two")}
    site.cookies.set("gis_login", "x", domain="127.0.0.1", path="/")
    assert site.post("/login", data=stale).status_code == 303
    assert session_token(site) != before
    with sample_database.begin() as connection:
        (left,) = connection.scalars(select(SESSIONS.c.token_sha256))
    assert bytes(left) == sha256(session_token(site))


def test_logging_out_ends_the_session(site: TestClient, sample_database: Database):
    log_in(site, new_key(sample_database))
    token = session_token(site)
    page = site.get("/login").text
    assert "You are logged in as" in page
    assert site.get("/logout").status_code == 405
    answer = site.post("/logout", data={"csrf_token": field(page, "csrf_token")})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Max-Age=0" in cookies_set(answer)["gis_session"]
    site.cookies.clear()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        forged = site.post("/logout", headers=headers)
        assert forged.status_code == 403
        assert "set-cookie" not in forged.headers
    assert "set-cookie" not in site.post("/logout").headers
    kept = {"Cookie": f"gis_session={token}"}
    assert site.get(STAFF_ONLY, headers=kept).status_code == 404
    with sample_database.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(SESSIONS)) == 0


# --- keys that are refused ---------------------------------------------------------------------


def test_wrong_keys_are_refused_alike_and_never_shown_again(
    site: TestClient, sample_database: Database
):
    revoked = create_key(sample_database, role=Audience.PLANNER, name="r")
    revoke_key(sample_database, revoked.record.prefix)
    pages = set()
    for key in (KeyText.new().shown(), revoked.text.shown(), "gis_x", "", "ключ", "<b>"):
        answer = log_in(site, key)
        assert answer.status_code == 401
        assert "gis_session" not in cookies_set(answer)
        if len(key) > 5:
            assert key not in answer.text
        pages.add(answer.text)
    assert len(pages) == 1


def test_failures_are_limited_by_address(
    addresses: Addresses, settings: Settings, sample_database: Database
):
    key = new_key(sample_database)
    with client_of(addresses, settings) as site:
        for _ in range(FAILURES):
            assert log_in(site, "gis_wrong").status_code == 401
        limited = log_in(site, key)
        assert limited.status_code == 429
        assert 1 <= int(limited.headers["retry-after"]) <= 60


def test_failures_are_forgotten_after_a_minute_and_take_bounded_memory():
    now = [0.0]
    failures = Failures(clock=lambda: now[0])
    for _ in range(FAILURES):
        failures.check("a")
        failures.add("a")
    with pytest.raises(TooManyAttempts) as refused:
        failures.check("a")
    assert refused.value.retry_after_s == 60
    now[0] = 60.1
    failures.check("a")
    for number in range(MOST_ADDRESSES + 100):
        failures.add(str(number))
    assert len(failures._at) == MOST_ADDRESSES


# --- where one goes after logging in -------------------------------------------------------------


@pytest.mark.parametrize("wanted", [
    "/maps/coverage", "/collections/offices/items?limit=5&lang=sw", "/",
    "/collections?bbox=34.7,-0.7,34.8,-0.6",
])
def test_one_goes_on_to_a_page_of_ours(site: TestClient, sample_database: Database, wanted: str):
    answer = log_in(site, new_key(sample_database), following=wanted)
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize("wanted", [
    "https://evil.example", "//evil.example", "///evil.example", "////evil.example",
    "///evil.example?x", "//?/../", "/\\evil.example",
    "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)",
    "http:evil.example", "evil.example", "/..//evil.example", "/x//evil.example",
    "/%5c\\evil.example", " /maps", "data:text/html,x", "/login", "/logout", "/login/",
    "/" + "a" * 3000, "/maps\r\nSet-Cookie: x=1", "/\x00", "/\ud800", "//[evil", "@evil.example",
])
def test_one_does_not_go_elsewhere(wanted: str):
    assert safe_address(wanted) is None


def test_an_address_below_another_path_is_not_ours():
    assert safe_address("/gis/maps", "/gis") == "/gis/maps"
    assert safe_address("/other", "/gis") is None
    assert safe_address("/gisx", "/gis") is None
    assert safe_address("/gis/login", "/gis") is None
    assert safe_address("/maps/ñ <script>") == "/maps/%C3%B1%20%3Cscript%3E"


def test_a_foreign_next_is_dropped_by_the_form_and_by_the_answer(
    site: TestClient, sample_database: Database
):
    page = site.get("/login?next=//evil.example").text
    assert "evil.example" not in re.findall(r'name="next" value="([^"]*)"', page)
    token = field(page, "csrf_token")
    data = {"csrf_token": token, "key": new_key(sample_database), "next": "https://evil.example/"}
    assert site.post("/login", data=data).headers["location"] == "/"


# --- forged requests ------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8000.evil.example"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
])
def test_another_site_cannot_log_in_nor_out(
    site: TestClient, sample_database: Database, headers: dict[str, str]
):
    key = new_key(sample_database)
    assert log_in(site, key, **headers).status_code == 403
    assert log_in(site, key, Origin=BASE, **{"Sec-Fetch-Site": "same-origin"}).status_code == 303
    token = field(site.get("/login").text, "csrf_token")
    assert site.post("/logout", data={"csrf_token": token}, headers=headers).status_code == 403
    assert site.get(STAFF_ONLY).status_code == 200


def test_a_login_needs_the_token_of_its_own_form(site: TestClient, sample_database: Database):
    key = new_key(sample_database)
    token = field(site.get("/login").text, "csrf_token")
    for data in ({"key": key}, {"key": key, "csrf_token": "x"}, {"key": key, "csrf_token": ""}):
        answer = site.post("/login", data=data)
        assert answer.status_code == 403
        assert "Try again" in answer.text
        assert "gis_session" not in cookies_set(answer)
    site.cookies.clear()
    assert site.post("/login", data={"key": key, "csrf_token": token}).status_code == 403


def test_a_login_is_a_short_form(site: TestClient):
    for body, kind in (
        (b"key=" + b"a" * 20_000, FORM["Content-Type"]),
        (b'{"key": "x"}', "application/json"),
        (b"&".join([b"a=b"] * 50), FORM["Content-Type"]),
    ):
        answer = site.post("/login", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 400


@pytest.fixture
def changing(addresses: Addresses, settings: Settings) -> Iterator[TestClient]:
    """A service with a route that changes something, and tells what it got."""

    async def change(request: Request) -> Response:
        require(request.state.principal, Audience.PLANNER)
        return Response(await request.body())

    app = create_app(settings, lambda: open_services(settings, addresses))
    app.router.routes.insert(0, Route("/change", change, methods=["POST", "PUT", "DELETE"]))
    with TestClient(app, base_url=BASE, follow_redirects=False) as client:
        yield client


def test_a_change_by_cookie_needs_the_sessions_token(
    changing: TestClient, sample_database: Database
):
    key = new_key(sample_database)
    log_in(changing, key)
    token = field(changing.get("/login").text, "csrf_token")
    other = log_in_elsewhere(changing, key)
    for method in ("POST", "PUT", "DELETE"):
        for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": other},
                        {"X-CSRF-Token": token, "Origin": "https://evil.example"}):
            assert changing.request(method, "/change", headers=headers).status_code == 403
        sent = {"X-CSRF-Token": token, "Origin": BASE}
        assert changing.request(method, "/change", headers=sent).status_code == 200
    body = urlencode({"a": "b" * 100_000})
    for content in ("", body, f"{body}&csrf_token={token}", f"csrf_token={other}",
                    f"csrf_token={token}&csrf_token={token}"):
        assert changing.post("/change", content=content, headers=FORM).status_code == 403
    with_token = f"csrf_token={token}&{body}"
    answer = changing.post("/change", content=with_token, headers=FORM)
    assert answer.status_code == 200
    assert answer.text == with_token
    in_parts = {"csrf_token": (None, token), "file": ("f.bin", b"\x00" * 300_000)}
    answer = changing.post("/change", files=in_parts)
    assert answer.status_code == 200
    assert len(answer.content) > 300_000
    assert changing.post("/change", files={"file": ("f.bin", b"x")}).status_code == 403
    as_text = {"Content-Type": "text/plain"}
    assert changing.post("/change", content=with_token, headers=as_text).status_code == 403


def log_in_elsewhere(site: TestClient, key: str) -> str:
    """The CSRF token of another session."""
    kept = dict(site.cookies)
    site.cookies.clear()
    log_in(site, key)
    token = field(site.get("/login").text, "csrf_token")
    site.cookies.clear()
    site.cookies.update(kept)
    return token


def test_a_change_by_key_needs_no_token(changing: TestClient, sample_database: Database):
    key = {"Authorization": f"Bearer {new_key(sample_database)}"}
    assert changing.post("/change", headers=key).status_code == 200
    log_in(changing, new_key(sample_database, client="b"))
    assert changing.post("/change", headers=key).status_code == 200
    wrong = {"Authorization": "Bearer gis_wrong"}
    assert changing.post("/change", headers=wrong).status_code == 401


def test_a_change_needs_the_right_role(changing: TestClient, sample_database: Database):
    assert changing.post("/change").status_code == 401
    key = new_key(sample_database, Audience.TECHNICIAN)
    answer = changing.post("/change", headers={"X-API-Key": key})
    assert answer.status_code == 403
    assert "planner" in answer.json()["detail"]


def test_a_cookie_given_twice_opens_nothing(site: TestClient, sample_database: Database):
    log_in(site, new_key(sample_database))
    token = session_token(site)
    site.cookies.clear()
    for cookie, status in ((f"gis_session={token}", 200),
                           (f"gis_session=other; gis_session={token}", 404),
                           (f"xgis_session={token}", 404), (f"GIS_SESSION={token}", 404)):
        assert site.get(STAFF_ONLY, headers={"Cookie": cookie}).status_code == status


def test_require_tells_no_key_from_too_small_a_key():
    require(Principal(Audience.ADMIN), Audience.PLANNER)
    with pytest.raises(UnknownKey):
        require(PUBLIC, Audience.TECHNICIAN)
    with pytest.raises(NotAllowed):
        require(Principal(Audience.TECHNICIAN), Audience.ADMIN)

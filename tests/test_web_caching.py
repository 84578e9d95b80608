"""Answers that a client has already, and answers in the encoding that it accepts."""

from __future__ import annotations

import gzip
import re
from typing import ClassVar

import pyarrow
import pytest
from httpx import Headers
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.services.features import Features
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.web import shortcut
from tests.conftest import Databases, client_of, new_key

NODES = "/collections/network_nodes/items"


def live(client: TestClient) -> None:
    """Wait until the service hears of changes."""
    for _ in range(200):
        if "etag" in client.get(NODES, params={"limit": 1}).headers:
            return
    raise AssertionError("the service does not hear of changes")


def rename(database: Database, name: str) -> None:
    with database.begin() as connection:
        connection.execute(
            text("UPDATE gis.network_nodes SET name = :name WHERE id = "
                 "(SELECT min(id::text)::uuid FROM gis.network_nodes "
                 "WHERE visibility = 'public' AND status = 'operational')"),
            {"name": name},
        )


def tag_of(client: TestClient, **parameters: str) -> str:
    return str(client.get(NODES, params=parameters).headers["etag"])


class TestPages:
    def test_a_page_is_known_until_the_collection_changes(
        self, app_client: TestClient, sample_database: Database
    ) -> None:
        live(app_client)
        etag = tag_of(app_client, limit="5")
        again = app_client.get(NODES, params={"limit": "5"}, headers={"If-None-Match": etag})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["etag"] == etag
        rename(sample_database, "Renamed")
        for _ in range(100):
            later = app_client.get(NODES, params={"limit": "5"}, headers={"If-None-Match": etag})
            if later.status_code == 200:
                break
        assert later.status_code == 200
        assert later.headers["etag"] != etag

    def test_a_page_that_is_known_needs_no_database(
        self, app_client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        live(app_client)
        etag = tag_of(app_client, limit="7")

        def never(*_args: object) -> None:
            raise AssertionError("the items were asked for")

        monkeypatch.setattr(Features, "page", never)
        known = app_client.get(NODES, params={"limit": "7"}, headers={"If-None-Match": etag})
        assert known.status_code == 304

    def test_what_staff_see_never_changes_the_tag_of_the_public(
        self, app_client: TestClient, sample_database: Database
    ) -> None:
        live(app_client)
        before = tag_of(app_client)
        with sample_database.begin() as connection:
            connection.execute(text(
                "UPDATE gis.network_nodes SET name = name || 'x' WHERE status = 'proposed'"
            ))
        after = {tag_of(app_client) for _ in range(5)}
        assert after == {before}

    def test_language_parameters_and_reader_each_have_a_tag(
        self, app_client: TestClient, databases: Databases, sample_database: Database,
        settings: Settings,
    ) -> None:
        live(app_client)
        tags = [tag_of(app_client), tag_of(app_client, limit="3"), tag_of(app_client, lang="sw"),
                tag_of(app_client, status="operational")]
        key = new_key(sample_database, Audience.PLANNER)
        with client_of(databases.with_logins(sample_database), settings, key=key) as planner:
            live(planner)
            tags.append(tag_of(planner))
        assert len(set(tags)) == len(tags)

    def test_the_editor_reads_the_edit_at_once(self, planner_client: TestClient) -> None:
        live(planner_client)
        first = planner_client.get(NODES, params={"limit": "1"}).json()["features"][0]
        address = f"{NODES}/{first['id']}"
        for turn in range(30):
            done = planner_client.patch(
                address, json={"properties": {"name": f"turn {turn}"}},
                headers={"Content-Type": "application/merge-patch+json"},
            )
            assert done.status_code in (200, 204), done.text
            assert planner_client.get(address).json()["properties"]["name"] == f"turn {turn}"
            page = planner_client.get(NODES, params={"limit": "1"}).json()
            assert page["features"][0]["properties"]["name"] == f"turn {turn}"


class TestItems:
    def test_an_item_is_known_by_its_tag(self, app_client: TestClient) -> None:
        first = app_client.get(NODES, params={"limit": "1"}).json()["features"][0]
        address = f"{NODES}/{first['id']}"
        etag = app_client.get(address).headers["etag"]
        for shown in (etag, f'"other", {etag}', "*", f"W/{etag}"):
            known = app_client.get(address, headers={"If-None-Match": shown})
            assert known.status_code == 304
        assert app_client.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


class TestEncodings:
    CHOICES: ClassVar[dict[str, str | None]] = {
        "gzip": "gzip", "br": "br", "gzip, br, zstd": "zstd", "gzip;q=1, zstd;q=0.5": "gzip",
        "*": "zstd", "identity": None, "": None, "zstd;q=0, gzip": "gzip", "deflate": None,
    }

    def test_the_client_chooses(self, app_client: TestClient) -> None:
        def page(accepted: str) -> tuple[Headers, bytes]:
            with app_client.stream(
                "GET", NODES, params={"limit": "50"}, headers={"Accept-Encoding": accepted}
            ) as answer:
                return answer.headers, b"".join(answer.iter_raw())

        _, plain = page("identity")
        unpack = {
            "gzip": gzip.decompress,
            "br": lambda raw: pyarrow.Codec("brotli").decompress(raw, len(plain), asbytes=True),
            "zstd": lambda raw: pyarrow.Codec("zstd").decompress(raw, len(plain), asbytes=True),
        }
        for accepted, encoding in self.CHOICES.items():
            headers, raw = page(accepted)
            assert headers.get("content-encoding") == encoding
            assert "Accept-Encoding" in headers["vary"]
            assert int(headers["content-length"]) == len(raw)
            if encoding is not None:
                assert len(raw) < len(plain) / 2
                raw = unpack[encoding](raw)
            assert raw[:200] == plain[:200]

    def test_small_answers_stay_as_they_are(self, app_client: TestClient) -> None:
        small = app_client.get("/health/live", headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in small.headers

    def test_a_packed_item_is_known_by_either_tag(self, planner_client: TestClient) -> None:
        wards = planner_client.get("/collections/wards/items", params={"limit": "1"}).json()
        address = f"/collections/wards/items/{wards['features'][0]['id']}"
        plain = planner_client.get(address, headers={"Accept-Encoding": "identity"})
        packed = planner_client.get(address, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'
        for etag in (plain.headers["etag"], packed.headers["etag"]):
            again = planner_client.get(address, headers={"If-None-Match": etag})
            assert again.status_code == 304
            edit = planner_client.patch(
                address, json={}, headers={
                    "If-Match": etag, "Content-Type": "application/merge-patch+json"},
            )
            assert edit.status_code in (200, 204), edit.text


class TestShortcut:
    ADDRESSES = (
        NODES, f"{NODES}?limit=3&bbox=34.7,-0.7,34.8,-0.6", f"{NODES}?limit=0", f"{NODES}/x",
        f"{NODES}/00000000-0000-0000-0000-000000000000", "/collections/nothing/items",
        f"{NODES}?f=html", f"{NODES}?unknown=1", f"{NODES}/", "/collections/equipment/items",
    )

    def test_answers_are_those_of_the_routes(
        self, app_client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def seen(method: str, address: str) -> tuple[int, str, dict[str, str]]:
            answer = app_client.request(method, address, headers={"Accept-Encoding": "identity"})
            own = {"x-request-id", "content-length"}
            shown = re.sub(r'"timeStamp":"[^"]*"', "", answer.text)
            shown = shown.replace(answer.headers["x-request-id"], "")
            return answer.status_code, shown, {
                k: v for k, v in answer.headers.items() if k not in own
            }

        live(app_client)
        asked = [
            (m, a) for m in ("GET", "HEAD", "OPTIONS", "POST") for a in self.ADDRESSES
        ]
        short = [seen(*each) for each in asked]
        monkeypatch.setattr(shortcut, "SHORTCUTS", ())
        for each, expected in zip(asked, short, strict=True):
            assert seen(*each) == expected, each

"""Personal data: the register, the notice, and what can be taken out and erased."""

from __future__ import annotations

import html
import re

from starlette.testclient import TestClient

from gis_service.model.fields import LANGUAGES
from gis_service.model.personal_data import REGISTER, personal_fields
from gis_service.store.history import METADATA_HISTORY
from gis_service.store.internal import METADATA_INTERNAL
from gis_service.store.people import carriers
from gis_service.store.published import published_collections


def test_the_register_names_places_that_there_are() -> None:
    list(carriers())  # declares the tables of history
    tables = {**METADATA_HISTORY.tables, **METADATA_INTERNAL.tables}
    columns = {f"{t.name}.{c.name}" for t in tables.values() for c in t.c}
    assert {place for each in REGISTER for place in each.places} <= columns


def test_no_personal_field_is_public_or_searched() -> None:
    found = {(collection.id, field.name) for collection, field in personal_fields()}
    assert {("offices", "contact"), ("faults", "reporter")} <= found
    for collection, field in personal_fields():
        assert not field.public, (collection.id, field.name)
        assert not field.searchable, (collection.id, field.name)
    named = {(c.id, f.name) for c in published_collections() for f in c.public_fields}
    assert not named & found


def test_the_notice_tells_the_whole_register_to_anybody(app_client: TestClient) -> None:
    told = app_client.get("/privacy?f=json").json()
    assert [each["id"] for each in told["kept"]] == [each.id for each in REGISTER]
    for language in LANGUAGES:
        page = app_client.get(f"/privacy?lang={language}", headers={"accept": "text/html"}).text
        shown = html.unescape(re.sub(r"\s+", " ", page))
        kept = app_client.get(f"/privacy?f=json&lang={language}").json()["kept"]
        for each in kept:
            for words in each.values():
                assert words == each["id"] or words in shown
                assert "{" not in words
        assert "odpc.go.ke" in shown
        for section in ("25", "26", "29", "30", "36", "38", "39", "40", "56"):
            assert re.search(rf"\b{section}\b", shown), section

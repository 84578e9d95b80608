"""The pages below /docs, for each reader."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from html import unescape
from io import StringIO

import pytest

from gis_service.cli import MODULES
from gis_service.model.audience import Audience, visible_collections, visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import LANGUAGES
from gis_service.settings import Settings, described
from gis_service.web.manual import CHAPTERS, source
from gis_service.web.pages import words_of
from tests.conformance.clients import Clients, sample_clients
from tests.conftest import Databases

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def clients(databases: Databases, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


def test_chapters_say_which_language_they_are_in(clients: Clients) -> None:
    with clients() as public:
        for language in LANGUAGES:
            words = words_of(language)
            contents = public.get(f"/docs?lang={language}", headers=HTML).text
            for id_ in CHAPTERS:
                assert f'href="/docs/{id_}?lang={language}"' in contents
                page = public.get(f"/docs/{id_}?lang={language}", headers=HTML).text
                translated = language == source(id_, language)[1]
                assert (words["docs_english"] in page) is not translated
                assert f'<article lang="{language if translated else "en"}">' in page
            book = public.get(f"/docs/book?lang={language}", headers=HTML).text
            assert re.findall(r'<article id="([^"]+)"', book) == list(CHAPTERS)
        assert " style=" not in book
        for path in ("/docs/none", "/docs/tests%2Fhostile_files", "/docs/../README"):
            assert public.get(path, headers=HTML).status_code == 404


def test_chapters_link_to_pages_that_are_for_the_reader(clients: Clients) -> None:
    with clients() as public:
        page = public.get("/docs/in-the-field", headers=HTML).text
        assert 'href="/paper"' not in page
        assert 'href="/public"' in public.get("/docs/what-the-map-shows", headers=HTML).text
    with clients(audience=Audience.PLANNER) as planner:
        assert 'href="/paper"' in planner.get("/docs/in-the-field", headers=HTML).text


def test_every_setting_and_every_command_has_its_place(clients: Clients) -> None:
    with clients() as public:
        page = public.get("/docs/settings", headers=HTML).text
        ids = re.findall(r'<div id="([^"]+)">', page)
        assert ids == [name for name, _, _ in described()]
        assert all(text in unescape(page) for _, _, text in described())
        commands = public.get("/docs/commands?lang=sw", headers=HTML).text
        assert re.findall(r'<section id="([^"]+)"', commands) == list(MODULES)
        assert "--accept-partial" in commands
        assert "./gis keys create --role planner" in commands


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.TECHNICIAN])
def test_the_dictionary_holds_what_the_reader_may_know(
    clients: Clients, audience: Audience
) -> None:
    expected = [
        (c.id, f.name) for c in visible_collections(audience) for f in visible_fields(c, audience)
    ]
    with clients(audience=audience) as client:
        told = client.get("/docs/data").json()["fields"]
        assert [(each["collection"], each["field"]) for each in told] == expected
        file = client.get("/docs/data?f=csv")
        assert file.headers["content-type"].startswith("text/csv")
        assert [dict(row) for row in csv.DictReader(StringIO(file.text))] == told
        for language in LANGUAGES:
            page = unescape(client.get(f"/docs/data?lang={language}", headers=HTML).text)
            for collection in visible_collections(audience):
                assert collection.description[language] in page
                for field in visible_fields(collection, audience):
                    assert field.description[language] in page
        lists = {each["codelist"] for each in told if each["codelist"]}
        codes = client.get("/docs/codelists").json()["codes"]
        assert {each["codelist"] for each in codes} == lists
        page = client.get("/docs/codelists", headers=HTML).text
        assert all(each["code"] in page and each["title_sw"] in unescape(page) for each in codes)
        if audience is Audience.PUBLIC:
            hidden = set(REGISTRY) - {c.id for c in visible_collections(audience)}
            assert hidden
            assert hidden.isdisjoint({each["references"] for each in told})

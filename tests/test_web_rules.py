"""The page of rules, and the quality of networks at the service's door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis_service.model.audience import Audience
from gis_service.model.fields import LANGUAGES
from gis_service.model.rules import RULE_GROUPS, RULES
from gis_service.services.received import received
from gis_service.settings import Settings
from gis_service.web.pages import words_of
from tests.conformance.clients import Clients, sample_clients
from tests.conftest import Databases

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def clients(databases: Databases, sample_template: str, settings: Settings) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


def test_each_rule_has_its_place_on_the_page_in_both_languages(clients: Clients) -> None:
    assert sum(map(len, RULE_GROUPS.values())) == len(RULES)
    with clients() as public:
        told = public.get("/rules").json()["rules"]
        assert [each["id"] for each in told] == list(RULES)
        for language in LANGUAGES:
            page = public.get(f"/rules?lang={language}", headers=HTML).text
            ids = re.findall(r'<div id="([^"]+)">', page)
            assert ids == [each.id for rules in RULE_GROUPS.values() for each in rules]
            assert RULES["crossing-links"].title[language] in page
            assert all(words_of(language)[f"rules_{group}"] for group in RULE_GROUPS)


def test_planners_see_what_is_wrong_with_a_network_and_nobody_else(clients: Clients) -> None:
    with clients(audience=Audience.PLANNER) as planner:
        (listed,) = planner.get("/quality").json()["networks"]
        assert listed["id"] == "kisii"
        report = planner.get("/quality?network=kisii").json()
        assert report["conforms"]
        assert {"KIS-R2", "KIS-C1"} <= {each["rule"] for each in report["counts"]}
        page = planner.get("/quality?network=kisii&lang=sw", headers=HTML).text
        for each in report["counts"]:
            assert f'/rules?lang=sw#{each["rule"]}"' in page
        items = re.findall(r'href="([^"]*/items\?external_id=[^"]*)"', page)
        found = planner.get(items[0].replace("&amp;", "&").replace("f=html", "f=json")).json()
        assert found["numberMatched"] == 1, "a finding leads to its item"
        assert planner.get("/quality?network=elsewhere").status_code == 404
    with clients(audience=Audience.TECHNICIAN) as technician:
        assert technician.get("/quality?network=kisii").status_code == 403
    with clients() as public:
        for address in ("/quality", "/quality?network=kisii", "/quality?network=elsewhere"):
            assert public.get(address).status_code == 401


@pytest.mark.shared
def test_anybodys_package_is_checked_and_nothing_of_it_stays(
    clients: Clients, settings: Settings, shared_data: Path
) -> None:
    nofbi = shared_data / "fibre/nofbi"
    pair = [("file", (f"a_{n}.geojson", (nofbi / f"ofds_NOFBI_Kenya_{n}.geojson").read_bytes()))
            for n in ("nodes", "spans")]
    with clients(audience=Audience.PLANNER) as planner:
        for files in ([("file", ("a.json", (nofbi / "ofds_NOFBI_kenya.json").read_bytes()))], pair):
            answer = planner.post("/quality?f=json", files=files)
            assert answer.status_code == 200, answer.text
            found = answer.json()["findings"]
            gaps = [f["details"]["gap_m"] for f in found if f["rule"] == "KIS-G2"]
            assert sum(gap > 100 for gap in gaps) == 174
        page = planner.post("/quality?f=html", files=pair).text
        assert 'href="/rules#KIS-G2"' in page
        assert 'href="data:application/json;base64,' in page
        assert "external_id=" not in page, "it is not held here"
        for name, content, says in (
            ("a.csv", b"a,b\n1,2\n", "no package of the Open"), ("a.json", b"", "no package"),
        ):
            answer = planner.post("/quality", files={"file": (name, content)})
            assert (answer.status_code, says in answer.text) == (400, True), answer.text
    left = [path for path in received(settings).rglob("*") if path.name.startswith("arriving-")]
    assert left == []
    with clients() as public:
        assert public.post("/quality", files=pair).status_code == 401

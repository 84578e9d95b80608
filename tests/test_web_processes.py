"""OGC API - Processes: every process is described, asked in three ways, and hidden from others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest

from gis_service.model.audience import Audience
from gis_service.model.processes import PROCESSES, visible_processes
from gis_service.ogc.processes import CONFORMANCE
from gis_service.settings import Settings
from tests.conftest import Databases, client_of, new_key

FREE = [p.id for p in PROCESSES.values()
        if not p.changes and not any(each.field.required for each in p.inputs)]
"""Processes of which no single input is needed."""
ONE_OF = {
    "trace": {"office": "Kisii County Headquarters"},
    "outage-impact": {"links": "KSI-L-027"},
    "loss-budget": {"links": "KSI-L-027"},
}
"""What they are asked with where one of several inputs is."""
NO_SUCH = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"


@pytest.fixture(scope="module")
def clients(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[tuple[Any, Any]]:
    """A planner's client and the public's, on one database that no test here changes."""
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)
    with client_of(addresses, settings, key=new_key(database)) as planner, \
            client_of(addresses, settings) as public:
        yield planner, public
    databases.drop(database)


@pytest.fixture
def planner(clients: tuple[Any, Any]) -> Any:
    return clients[0]


@pytest.fixture
def public(clients: tuple[Any, Any]) -> Any:
    return clients[1]


def test_the_landing_page_and_conformance_lead_to_them(planner: Any) -> None:
    links = planner.get("/", headers={"accept": "application/json"}).json()["links"]
    address = next(each["href"] for each in links
                   if each["rel"] == "http://www.opengis.net/def/rel/ogc/1.0/processes"
                   and each["type"] == "application/json")
    assert address.endswith("/processes")
    assert set(CONFORMANCE) <= set(planner.get("/conformance").json()["conformsTo"])


def test_each_process_is_listed_and_described(planner: Any) -> None:
    listed = planner.get("/processes").json()["processes"]
    assert [each["id"] for each in listed] == [p.id for p in visible_processes(Audience.PLANNER)]
    api = planner.get("/api").json()["paths"]
    for summary in listed:
        document = planner.get(f"/processes/{summary['id']}").json()
        for name in ("id", "title", "description", "version", "jobControlOptions",
                     "outputTransmission"):
            assert document[name] == summary[name]
        assert document["jobControlOptions"] == ["sync-execute"]
        rels = {each["rel"] for each in document["links"]}
        assert {"self", "alternate", "http://www.opengis.net/def/rel/ogc/1.0/execute"} <= rels
        process = PROCESSES[summary["id"]]
        assert set(document["inputs"]) == set(process.by_name)
        assert set(document["outputs"]) == {"result"}
        operations = api[f"/processes/{process.id}/execution"]
        assert set(operations) == ({"post"} if process.changes else {"get", "post"})


def test_in_kiswahili(planner: Any) -> None:
    for id_, process in PROCESSES.items():
        document = planner.get(f"/processes/{id_}", params={"lang": "sw"}).json()
        assert document["title"] == process.title.sw != process.title.en


@pytest.mark.parametrize("id_", FREE)
def test_an_address_a_body_and_a_page_give_the_same_answer(planner: Any, id_: str) -> None:
    path = f"/processes/{id_}/execution"
    inputs = ONE_OF.get(id_, {})
    asked = planner.get(path, params=inputs)
    assert asked.status_code == 200, asked.text
    kind = "application/geo+json" if PROCESSES[id_].geojson else "application/json"
    assert asked.headers["content-type"] == kind
    assert asked.headers["cache-control"] == "no-store"
    posted = planner.post(path, json={"inputs": inputs})
    assert posted.json() == asked.json()
    wrapped = planner.post(path, json={"inputs": inputs, "response": "document"})
    assert wrapped.headers["content-type"] == "application/json"
    assert wrapped.json() == {"result": {"value": asked.json(), "mediaType": kind}}
    if PROCESSES[id_].geojson:
        assert asked.json()["type"] == "FeatureCollection"
    for language in ("en", "sw"):
        page = planner.get(path, params=inputs | {"f": "html", "lang": language})
        assert page.status_code == 200
        assert PROCESSES[id_].title[language] in page.text


@pytest.mark.parametrize("id_", PROCESSES)
def test_what_is_not_an_input_or_no_body_is_refused(planner: Any, id_: str) -> None:
    path = f"/processes/{id_}/execution"
    if not PROCESSES[id_].changes:
        asked = planner.get(path, params={"no_such_input": "1"})
        assert asked.status_code == 400
        assert set(PROCESSES[id_].by_name) <= set(asked.json()["known"])
    for body in ({"inputs": {"no_such_input": 1}}, {"inputs": 3}, [], {"no": 1}):
        assert planner.post(path, json=body).status_code == 400, body
    assert planner.post(path, content=b"inputs=1").status_code == 415
    for each in PROCESSES[id_].inputs:
        if each.field.required:
            missing = planner.post(path, json={"inputs": {}})
            assert missing.status_code == 400


def test_a_process_that_changes_something_needs_a_body(planner: Any) -> None:
    for process in PROCESSES.values():
        if process.changes:
            answer = planner.get(f"/processes/{process.id}/execution")
            assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_the_public_finds_only_what_is_declared_for_it(public: Any) -> None:
    listed = {each["id"] for each in public.get("/processes").json()["processes"]}
    assert listed == {p.id for p in visible_processes(Audience.PUBLIC)}
    missing = public.get("/processes/no-such-process").json()
    assert missing["type"] == NO_SUCH
    for id_ in set(PROCESSES) - listed:
        answer = public.get(f"/processes/{id_}")
        assert answer.status_code == 404
        assert answer.json()["type"] == NO_SUCH
        assert public.post(f"/processes/{id_}/execution", json={}).status_code == 404
        assert f"/processes/{id_}" not in public.get("/api").json()["paths"]


def test_items_are_named_by_id_key_or_name(planner: Any) -> None:
    """Where several are called so, the answer says how many."""
    office = planner.get("/collections/offices/items", params={"limit": 1}).json()
    feature = office["features"][0]
    path = "/processes/cost-to-connect/execution"
    answers = [
        planner.get(path, params={"office": name}).json()
        for name in (feature["id"], feature["properties"]["external_id"],
                     feature["properties"]["name"])
    ]
    assert answers[0] == answers[1] == answers[2]
    unknown = planner.get(path, params={"office": "no such office"})
    assert unknown.status_code == 400
    assert unknown.json()["name"] == "office"


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the last form of a page."""
    form = page[page.rindex("<form"):]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


def test_a_plan_is_proposed_and_withdrawn_by_the_buttons_of_its_pages(
    databases: Databases, sample_template: str, settings: Settings
) -> None:
    """As a browser does it: the session's token is in each form, and without it nothing is done."""
    database = databases.fresh(sample_template)
    with client_of(databases.with_logins(database), settings) as site:
        login = site.get("/login").text
        site.post("/login", data={**hidden(login), "key": new_key(database)})
        plan = site.get("/processes/cost-to-connect/execution",
                        params={"f": "html", "budget_kes": "5000000"}).text
        fields = hidden(plan)
        assert fields["budget_kes"] == "5000000"
        path = "/processes/propose-connections/execution"
        forged = site.post(path, data={"name": "Phase 9"})
        assert forged.status_code == 403
        made = site.post(path, data={**fields, "name": "Phase 9"})
        assert made.status_code == 200
        proposed = {"phase": hidden(made.text)["phase"], "status": "proposed"}
        assert site.get("/collections/fibre_links/items", params=proposed).json()["features"]
        refused = site.post(path, data={**fields, "name": "Phase 9", "budget_kes": "x"})
        assert "budget_kes=" in refused.text
        assert 'role="alert"' in refused.text
        gone = site.post("/processes/withdraw-connections/execution", data=hidden(made.text))
        assert gone.status_code == 200
        left = site.get("/collections/fibre_links/items", params=proposed).json()["features"]
        assert left == []
    databases.drop(database)

"""Pages about field work: conflicts, the page of a label, labels and ward sheets."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from sqlalchemy import text as sql
from starlette.testclient import TestClient

from gis_service.cli import cli
from gis_service.model.audience import Audience
from gis_service.services.ward_lists import WardLists
from gis_service.services.ward_packages import rows_of
from gis_service.settings import Settings
from tests.conftest import Databases, new_key
from tests.editing import World, world
from tests.fieldwork import OPERATIONS, first, item, operation, send

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def place(databases: Databases, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def technician(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.TECHNICIAN) as client:
        yield client


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        yield client


def disagreement(technician: TestClient, planner: TestClient, wanted: Any) -> dict[str, Any]:
    """A planner changes the make of a device, and then what a phone saw before comes in."""
    device = first(planner, "equipment")
    answer = planner.patch(
        f"/collections/equipment/items/{device['id']}",
        json={"properties": {"make": f"Planned {wanted}"}},
        headers={"content-type": "application/merge-patch+json"},
    )
    assert answer.status_code == 204
    sent = operation(
        "update", target={"collection": "equipment", "id": device["id"]},
        values={"make": wanted}, base={"make": device["make"]},
    )
    [result] = send(technician, sent)
    assert result["outcome"] == "conflict"
    found = planner.get("/conflicts").json()["conflicts"]
    one = next(each for each in found if each["item"] == device["id"])
    return one | {"operation": sent["id"]}


def outcome(client: TestClient, id_: str) -> Any:
    return client.get(OPERATIONS, params={"ids": id_}).json()["results"][0]


def test_a_conflict_is_settled_once(technician: TestClient, planner: TestClient) -> None:
    one = disagreement(technician, planner, "Acme")
    [field] = one["fields"]
    assert field["stands"]["value"] == "Planned Acme"
    assert (field["wanted"]["value"], field["name"]) == ("Acme", "make")
    assert field["stands"]["person"]
    assert field["stands"]["at"]
    address = f"/conflicts/{one['id']}"
    take = {"version": one["version"], "fields": {"make": {"take": "wanted"}}}
    for wrong in (
        {}, [], {"fields": {}}, {"fields": {"make": {"take": "both"}}},
        {"fields": {"make": {"take": "wanted"}, "model": {"take": "wanted"}}},
        {"fields": {"make": {"value": {"a": 1}}}}, {"version": True, "fields": {}},
    ):
        assert planner.post(address, json=wrong).status_code == 400, wrong
    assert planner.post(address, json=take | {"version": 1}).status_code == 412
    assert technician.post(address, json=take).status_code == 403
    assert technician.get("/conflicts").status_code == 403
    assert planner.post(address, json=take).status_code == 200
    assert planner.post(address, json=take).status_code == 409
    assert item(planner, "equipment", one["item"])["make"] == "Acme"
    assert one["id"] not in planner.get("/conflicts").text
    told = outcome(technician, one["operation"])
    assert (told["outcome"], told["why"]) == ("merged", "A planner has taken your value.")


def test_a_planner_types_a_third_value_in_the_form(
    place: World, technician: TestClient, planner: TestClient
) -> None:
    one = disagreement(technician, planner, "<b>Bolt</b>")
    with place.clients() as browser:
        form = browser.get("/login", headers=HTML)
        token = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
        assert token is not None
        browser.post("/login", data={
            "csrf_token": token[1], "key": new_key(place.database), "next": "/conflicts"
        }, headers=HTML)
        page = browser.get("/conflicts", params={"lang": "sw"}, headers=HTML)
        assert "&lt;b&gt;Bolt&lt;/b&gt;" in page.text
        assert "Bakiza kilichopo" in page.text
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token is not None
        address = f"/conflicts/{one['id']}"
        typed = {"take.make": "other", "other.make": "Third", "version": str(one["version"])}
        refused = browser.post(address, data=typed, headers=HTML)
        assert refused.status_code == 403
        late = typed | {"csrf_token": token[1], "version": "1"}
        told = browser.post(address, data=late, headers=HTML)
        assert (told.status_code, 'role="alert"' in told.text) == (200, True)
        done = browser.post(address, data=typed | {"csrf_token": token[1]}, headers=HTML,
                            follow_redirects=False)
        assert done.status_code == 303
        assert 'role="status"' in browser.get(done.headers["location"], headers=HTML).text
    assert item(planner, "equipment", one["item"])["make"] == "Third"
    assert outcome(technician, one["operation"])["outcome"] == "merged"


def test_a_label_leads_staff_to_the_thing_and_the_public_nowhere(
    place: World, technician: TestClient
) -> None:
    device = first(technician, "equipment", lifecycle="inService")
    one = operation(
        "work", target={"collection": "equipment", "id": device["id"]},
        values={"kind": "inspection", "result": "passed", "notes": "<i>Dust</i>"},
    )
    broken = operation("fault", target=one["target"], values={"summary": "Fan is loud"})
    send(technician, one, broken)
    page = technician.get(f"/a/{device['asset_tag']}")
    assert page.status_code == 200
    for words in ("Inspection", "Passed", "&lt;i&gt;Dust", "Fan is loud", "geo:-0.", "#/a/"):
        assert words in page.text, words
    swahili = technician.get(f"/a/{device['asset_tag']}", params={"lang": "sw"}).text
    assert "Njia hadi lango lake" in swahili
    node = first(technician, "network_nodes")
    assert node["name"] in technician.get(f"/a/{node['external_id']}").text
    assert technician.get("/a/none-such").status_code == 404
    with place.clients() as public:
        shown, hidden = (
            public.get(f"/a/{tag}") for tag in (device["asset_tag"], "none-such")
        )
    assert shown.status_code == hidden.status_code == 200
    assert shown.text.replace(device["asset_tag"], "none-such") == hidden.text


def test_labels_are_printed_for_staff(place: World, technician: TestClient) -> None:
    ward = max(technician.get("/field/wards").json()["wards"], key=lambda each: each["equipment"])
    for size in ("63.5x38.1", "70x37", "99.1x38.1"):
        sheet = technician.get("/labels", params={"ward": ward["code"], "size": size})
        assert sheet.status_code == 200, sheet.text
        assert sheet.headers["content-type"] == "application/pdf"
        assert sheet.content.startswith(b"%PDF-")
    for wrong in ({}, {"ward": "none"}, {"ward": ward["code"], "size": "1x1"},
                  {"ward": ward["code"], "collection": "wards"}):
        assert technician.get("/labels", params=wrong).status_code in (400, 404)
    with place.clients() as public:
        assert public.get("/labels", params={"ward": ward["code"]}).status_code == 401


def test_a_ward_is_printed_with_its_map_and_lists(
    place: World, technician: TestClient
) -> None:
    """On paper stands what the phone takes along, by numbers that the map repeats."""
    wards = technician.get("/field/wards").json()["wards"]
    code = max(wards, key=lambda each: each["equipment"])["code"]
    package = technician.get(f"/field/wards/{code}").json()
    node = first(technician, "network_nodes")
    cut = operation("fault", target={"collection": "network_nodes", "id": node["id"]},
                    values={"summary": "Cabinet stands open"}, geometry=node["geometry"])
    send(technician, cut)
    texts = {}
    for language, title in (("en", "Ward sheet: "), ("sw", "Karatasi ya wadi: ")):
        sheet = technician.get(f"/wards/{code}/sheet.pdf", params={"lang": language})
        assert sheet.status_code == 200, sheet.text
        assert sheet.headers["content-type"] == "application/pdf"
        assert sheet.headers["cache-control"] == "private, no-store"
        document = PdfReader(io.BytesIO(sheet.content))
        assert {round(float(p.mediabox.height)) for p in document.pages} == {842}
        pages = [re.sub(r"\s+", " ", each.extract_text()) for each in document.pages]
        assert title + package["name"] in pages[0]
        texts[language] = "".join(pages).replace(" ", "")
    for name in ("nodes", "offices", "links", "equipment"):
        for row in rows_of(package[name]):
            tag = str(row.get("asset_tag") or row["external_id"]).replace(" ", "")
            assert all(tag in text for text in texts.values()), tag
    lists = WardLists(package, {}, "en")
    numbers = [each.number for each in (*lists.faults, *lists.nodes, *lists.offices)]
    assert numbers == list(range(1, len(numbers) + 1))
    with place.clients() as public:
        for there in (code, "none"):
            assert public.get(f"/wards/{there}/sheet.pdf").status_code == 401
        assert public.get("/paper", headers=HTML).status_code == 401
    assert technician.get("/wards/none/sheet.pdf").status_code == 404


def test_staff_are_led_to_what_is_printed(place: World, technician: TestClient) -> None:
    page = technician.get("/paper?collection=network_nodes&lang=sw", headers=HTML).text
    assert '<option value="network_nodes" selected>' in page
    sheets = re.findall(r'href="(/wards/[^"]+)"', page)
    assert len(sheets) == len(technician.get("/field/wards").json()["wards"])
    items = technician.get("/collections/equipment/items", headers=HTML).text
    assert "/paper?collection=equipment" in items
    assert "/paper" in technician.get("/", headers=HTML).text
    ward = first(technician, "wards")
    address = f"/collections/wards/items/{ward['id']}"
    link = f"/wards/{ward['code']}/sheet.pdf"
    assert link in technician.get(address, headers=HTML).text
    with place.clients() as public:
        assert link not in public.get(address, headers=HTML).text
        items = public.get("/collections/offices/items", headers=HTML).text
        assert "/paper" not in items


def test_the_command_line_writes_the_same(
    place: World, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIS_HOME", str(home))
    address = place.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("GIS_DATABASE_URL", address)

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(cli, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    ward, labels = tmp_path / "wadi.pdf", tmp_path / "labels.pdf"
    told = run("sheets", "--ward", "1344", "--language", "sw", "--out", str(ward))
    assert "not for the public" in told
    assert "Karatasi ya wadi" in PdfReader(ward).pages[0].extract_text()
    run("labels", "--collection", "network_nodes", "--out", str(labels))
    text = "".join(page.extract_text() for page in PdfReader(labels).pages)
    with place.database.begin() as connection:
        tags = connection.execute(sql("SELECT external_id FROM gis.network_nodes"))
        assert all(tag in text for tag in tags.scalars())
    again = CliRunner().invoke(cli, ["labels", "--out", str(labels)])
    assert "is there already" in again.output

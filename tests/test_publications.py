"""Publishing: what has moved since, who may withhold, and looking as the public does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from gis_service.store.database import Database
from tests.conftest import Databases, client_of, new_key
from tests.fieldwork import HERE, operation


@pytest.fixture(scope="module")
def database(databases: Databases, sample_template: str) -> Iterator[Database]:
    made = databases.fresh(sample_template)
    yield made
    databases.drop(made)


@pytest.fixture(scope="module")
def site(
    databases: Databases, database: Database, settings: Settings
) -> Iterator[TestClient]:
    with client_of(databases.with_logins(database), settings) as client:
        yield client


@pytest.fixture(scope="module")
def key(database: Database) -> str:
    return new_key(database)


def counts(page: str) -> dict[str, list[int]]:
    """Of each collection: public now; once published also new, changed, withdrawn."""
    body = page.split("<tbody>")[1].split("</tbody>", maxsplit=1)[0]
    return {
        title: [int(n.replace(",", "")) for n in re.findall(r'class="number">([\d,]+)<', rest)]
        for title, rest in re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', body)
    }


def test_what_moved_is_told_until_it_is_published(
    site: TestClient, database: Database, key: str
) -> None:
    staff = {"authorization": f"Bearer {key}", "accept": "text/html"}

    def page(**query: str) -> str:
        answer = site.get("/publish", headers=staff, params=query)
        assert answer.status_code == 200, answer.text
        return answer.text

    def post(path: str, **form: str) -> Any:
        return site.post(path, headers=staff, data={"note": "", **form})

    before = counts(page())["Offices"]  # nothing to compare with where none was published
    assert len(before) == 1
    assert before[0] > 10
    assert post("/publish", note="Looked at all of it").status_code == 303
    assert {tuple(row[1:]) for row in counts(page()).values()} == {(0, 0, 0)}
    assert "Nothing that the public sees has changed since" in page()

    with database.begin() as connection:
        first, second, hidden = connection.execute(text(
            "SELECT id::text FROM published.offices ORDER BY id LIMIT 3")).scalars()
        connection.execute(text("UPDATE gis.offices SET name = 'Zz renamed' WHERE id = :id"),
                           {"id": first})
        connection.execute(text("UPDATE gis.offices SET contact = 'x' WHERE id = :id"),
                           {"id": second})  # nothing public
    answer = post("/publish/visibility", collection="offices", id=hidden, visibility="staff")
    assert answer.status_code == 303
    assert site.get(f"/collections/offices/items/{hidden}").status_code == 404
    assert counts(page())["Offices"] == [before[0] - 1, 0, 1, 1]
    assert "Zz renamed" in page()
    assert "has changed since" in page()
    assert hidden in page(collection="offices", q="ffi")

    assert post("/publish").status_code == 303
    released = post("/publish/visibility", collection="offices", id=hidden, visibility="public")
    assert released.status_code == 303
    assert site.get(f"/collections/offices/items/{hidden}").status_code == 200
    assert counts(page())["Offices"] == [before[0], 1, 0, 0]
    with database.begin() as connection:
        kept = connection.execute(text(
            "SELECT p.number, n.note, n.person_id IS NOT NULL, n.counts -> 'offices' "
            "FROM published.publications p JOIN internal.publication_notes n USING (number) "
            "ORDER BY 1")).all()
    assert [tuple(row) for row in kept] == [
        (1, "Looked at all of it", True, {"added": before[0]}),
        (2, None, True, {"changed": 1, "withdrawn": 1}),
    ]


def test_what_the_field_adds_is_released_by_a_planner(
    site: TestClient, database: Database, key: str
) -> None:
    """What a technician adds is for staff; a planner finds it on top, and lets it be seen."""
    planner = {"authorization": f"Bearer {key}"}
    technician = {"authorization": f"Bearer {new_key(database, Audience.TECHNICIAN)}"}

    def sent(headers: dict[str, str], **members: Any) -> tuple[str, dict[str, Any]]:
        made = operation("create", **({"geometry": HERE} | members))
        answer = site.post("/field/operations", headers=headers, params={"lang": "sw"}, json={
            "device": "one", "sent_at": made["made_at"], "operations": [made]})
        (result,) = answer.json()["results"]
        assert result["outcome"] == "applied", result
        return made["item"], result

    with database.begin() as connection:
        some = connection.scalar(text("SELECT id FROM gis.network_nodes LIMIT 1"))
    office = {"target": {"collection": "offices"}, "values": {
        "name": "Dispensary of the field", "office_type": "health", "connection": "unknown"}}
    node = {"target": {"collection": "network_nodes"}, "values": {
        "name": "Cabinet of the field", "status": "operational"}}
    device = {"target": {"collection": "equipment"}, "geometry": None, "values": {
        "asset_tag": "FIELD-1", "category": "router", "lifecycle": "received",
        "node": str(some)}}
    added = [
        (collection, *sent(technician, **each))
        for collection, each in (("offices", office), ("network_nodes", node))
    ]
    assert all("mpangaji" in result["why"] for _, _, result in added)
    _, own = sent(technician, **device)
    assert own["why"] is None  # the public never sees equipment
    mine, result = sent(planner, **office)
    assert result["why"] is None
    assert site.get(f"/collections/offices/items/{mine}").status_code == 200

    html = planner | {"accept": "text/html"}
    page = site.get("/publish", headers=html).text
    listed = page.partition('id="field"')[2].partition('id="changed"')[0]
    assert re.findall(r'name="id" value="([^"]+)"', listed) == [
        id_ for _, id_, _ in reversed(added)]
    for collection, id_, _ in added:
        address = f"/collections/{collection}/items/{id_}"
        assert site.get(address).status_code == 404
        assert site.get(address, headers=technician).status_code == 200
        form = {"collection": collection, "id": id_, "visibility": "public"}
        assert site.post("/publish/visibility", headers=html, data=form).status_code == 303
        assert site.get(address).status_code == 200
    assert 'id="field"' not in site.get("/publish", headers=html).text


def test_who_may_not_publish_is_refused(site: TestClient, database: Database) -> None:
    technician = {"authorization": f"Bearer {new_key(database, Audience.TECHNICIAN)}"}
    for headers, status in (({}, 401), (technician, 403)):
        assert site.get("/publish", headers=headers).status_code == status
        assert site.post("/publish", headers=headers, data={"note": "x"}).status_code == status
        form = {"collection": "offices", "visibility": "staff",
                "id": "00000000-0000-0000-0000-000000000000"}
        answer = site.post("/publish/visibility", headers=headers, data=form)
        assert answer.status_code == status


def test_nonsense_is_told(site: TestClient, key: str) -> None:
    staff = {"authorization": f"Bearer {key}"}
    nobody = "00000000-0000-0000-0000-000000000000"
    for form, status in (
        ({"collection": "equipment", "id": nobody, "visibility": "staff"}, 404),
        ({"collection": "offices", "id": nobody, "visibility": "staff"}, 404),
        ({"collection": "offices", "id": "x", "visibility": "staff"}, 400),
        ({"collection": "offices", "id": nobody, "visibility": "x"}, 400),
    ):
        answer = site.post("/publish/visibility", headers=staff, data=form)
        assert answer.status_code == status, form
    assert site.post("/publish", headers=staff, data={"note": "x" * 301}).status_code == 400


def test_looking_as_the_public_does(site: TestClient, key: str) -> None:
    """Everything that the browser asks for is the public's, until it ends."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', site.get(
        "/login", headers={"accept": "text/html"}).text)
    assert token is not None
    assert site.post("/login", data={"key": key, "csrf_token": token[1]}).status_code == 303
    html = {"accept": "text/html"}
    try:
        assert site.get("/collections/equipment").status_code == 200
        begun = site.get("/collections?lang=sw&as=public", headers=html)
        assert begun.status_code == 303
        assert begun.headers["location"] == "/collections?lang=sw"
        page = site.get("/collections", headers=html)
        assert "You see this as the public does" in page.text
        assert "equipment" not in page.text
        assert page.headers["cache-control"] == "private, no-store"
        assert site.get("/collections/equipment").status_code == 404
        assert site.get("/maps/coverage/data/equipment.geojson").status_code == 404
        assert "You see this as the public does" in site.get("/maps/coverage", headers=html).text
        assert site.get("/publish", headers=html).status_code == 200  # with own eyes
        assert site.get("/collections?as=me", headers=html).status_code == 303
        assert site.get("/collections/equipment").status_code == 200
    finally:
        site.cookies.clear()
    assert site.get("/collections?as=public").status_code == 400  # a parameter of nobody else

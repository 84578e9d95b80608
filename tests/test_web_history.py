"""What happened to items, over HTTP: versions, times, comparisons, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as running
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.editing import GEOJSON, NODES, PATCH, World, made, node, world

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def place(databases: Any, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        client.headers["accept-encoding"] = "identity"  # a compressed answer's tag is another
        yield client


def moment() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def test_versions_tell_who_when_and_what(place: World, planner: TestClient) -> None:
    at, _ = made(planner, slack_m=1)
    planner.patch(at, json={"properties": {"slack_m": 2, "power": True}}, headers=PATCH)
    request = planner.patch(
        at, json={"geometry": {"type": "Point", "coordinates": [34.78, -0.68]}}, headers=PATCH
    ).headers["x-request-id"]
    planner.delete(at)
    answer = planner.get(f"{at}/versions")
    assert answer.status_code == 200, answer.text
    versions = answer.json()["versions"]
    assert [v["number"] for v in versions] == [1, 2, 3, 4]
    assert [v["operation"] for v in versions] == ["insert", "update", "update", "delete"]
    assert {c["property"]: (c["old"], c["new"]) for c in versions[1]["changes"]} == {
        "slack_m": (1.0, 2.0), "power": (None, True)
    }
    assert versions[2]["changes"] == []
    assert 1112 < versions[2]["geometry"]["moved_m"] < 1114
    assert versions[2]["request"] == request
    assert {v["person"]["id"] for v in versions} - {None}
    assert {v["person"]["name"] for v in versions} == {None}
    assert planner.get(at).status_code == 404
    for number, slack in ((1, 1.0), (2, 2.0), (4, 2.0)):
        then = planner.get(f"{at}/versions/{number}").json()
        assert then["properties"]["slack_m"] == slack
    assert planner.get(f"{at}/versions/1").json()["geometry"]["coordinates"] == [34.77, -0.68]
    for number in ("0", "5", "-1", "x", "9" * 400):
        assert planner.get(f"{at}/versions/{number}").status_code == 404
    assert planner.get(f"{NODES}/{uuid4()}/versions").status_code == 404
    with place.clients(audience=Audience.ADMIN) as admin:
        named = admin.get(f"{at}/versions").json()["versions"]
        assert {v["person"]["name"] for v in named} == {"Test"}


def test_versions_as_a_page(planner: TestClient) -> None:
    at, _ = made(planner, name="<script>alert(1)</script>")
    planner.patch(at, json={"properties": {"status": "operational"}}, headers=PATCH)
    page = planner.get(f"{at}/versions", headers=HTML)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>alert" not in page.text
    assert "Planned" in page.text
    assert "Operational" in page.text
    assert f"{at.partition('8000')[2]}/versions" in planner.get(at, headers=HTML).text
    assert "Historia" in planner.get(f"{at}/versions?lang=sw", headers=HTML).text


def test_a_collection_as_it_was(planner: TestClient) -> None:
    name = f"Mast {uuid4()}"
    before = moment()
    at, _ = made(planner, name=name, slack_m=1)
    first = moment()
    planner.patch(at, json={"properties": {"slack_m": 2}}, headers=PATCH)
    second = moment()
    planner.delete(at)
    third = moment()

    def slack(time: str) -> list[Any]:
        answer = planner.get(NODES, params={"datetime": time, "name": name})
        assert answer.status_code == 200, answer.text
        assert answer.json()["numberMatched"] == len(answer.json()["features"])
        return [f["properties"]["slack_m"] for f in answer.json()["features"]]

    assert [slack(t) for t in (before, first, second, third)] == [[], [1.0], [2.0], []]
    # In an interval: whatever stood at some moment of it, as it was last.
    assert slack(f"{before}/{first}") == [1.0]
    assert slack(f"{first}/{third}") == [2.0]
    assert slack(f"../{second}") == [2.0]
    assert slack(f"{second}/..") == [2.0]
    assert slack(f"{third}/..") == []
    assert slack("2100-01-01T00:00:00Z") == []


def test_the_past_is_filtered_sorted_and_paged(planner: TestClient) -> None:
    now = planner.get("/collections/offices/items?limit=1000").json()
    then = planner.get(
        "/collections/offices/items", params={"limit": 1000, "datetime": moment()}
    ).json()
    assert then["features"] == now["features"]
    query = {"datetime": moment(), "limit": 7, "sortby": "-name", "office_type": "health",
             "bbox": "34.6,-0.8,34.9,-0.5"}
    wanted = planner.get(
        "/collections/offices/items", params={**query, "limit": 1000}
    ).json()["features"]
    page = planner.get("/collections/offices/items", params=query).json()
    found = page["features"]
    while following := [link["href"] for link in page["links"] if link["rel"] == "next"]:
        page = planner.get(following[0]).json()
        found += page["features"]
    assert found == wanted
    assert len(found) > 7
    assert len({f["id"] for f in found}) == len(found)


def test_changes_between_two_times(planner: TestClient) -> None:
    old, _ = made(planner, name="Old", slack_m=1)
    gone, _ = made(planner, name="Gone")
    same, _ = made(planner, name="Same")
    since = moment()
    new, _ = made(planner, name="New")
    brief, _ = made(planner, name="Brief")
    planner.delete(brief)
    planner.delete(gone)
    planner.patch(old, json={"properties": {"slack_m": 2}}, headers=PATCH)
    for name in ("Else", "Same"):
        planner.patch(same, json={"properties": {"name": name}}, headers=PATCH)
    until = moment()
    made(planner, name="Later")
    path = "/collections/network_nodes/changes"
    answer = planner.get(path, params={"since": since, "until": until})
    assert answer.status_code == 200, answer.text
    changes = {c["id"]: c for c in answer.json()["changes"]}
    ids = {name: at.rpartition("/")[2] for name, at in
           (("old", old), ("gone", gone), ("new", new))}
    assert {name: changes[id_]["operation"] for name, id_ in ids.items()} == {
        "old": "update", "gone": "delete", "new": "insert"
    }
    assert set(changes) == set(ids.values())
    assert changes[ids["old"]]["changes"] == [{"property": "slack_m", "old": 1.0, "new": 2.0}]
    found, href = [], f"{path}?since={since}&until={until}&limit=1"
    while href:
        page = planner.get(href).json()
        found += page["changes"]
        href = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert found == answer.json()["changes"]
    for query in ("", "?since=x", f"?since={until}&until={since}", f"?since={since}&cursor=7"):
        assert planner.get(f"{path}{query}").status_code == 400, query


def test_the_past_is_for_planners(place: World, planner: TestClient) -> None:
    at, _ = made(planner)
    path = at.partition("/collections")[2]
    paths = [f"/collections{path}/versions", f"/collections{path}/versions/1",
             "/collections/network_nodes/changes?since=2020-01-01T00:00:00Z"]
    with place.clients() as public, place.clients(audience=Audience.TECHNICIAN) as technician:
        for each in paths:
            assert public.get(each).status_code == 404
            assert technician.get(each).status_code == 403
            assert planner.get(each).status_code == 200
        hidden = [public.get(p).json()["detail"] for p in (
            "/collections/equipment/changes", "/collections/nothing/changes")]
        assert hidden[0].replace("equipment", "nothing") == hidden[1]
        asked = {"datetime": "2020-01-01T00:00:00Z"}
        assert technician.get(NODES, params=asked).status_code == 403
        # To the public an item has no time, and matches any.
        everything = public.get(NODES).json()
        for time in ("2020-01-01T00:00:00Z", "../2020-01-01T00:00:00Z"):
            then = public.get(NODES, params={"datetime": time}).json()
            assert then["features"] == everything["features"]


_bodies = st.builds(
    node,
    name=st.sampled_from(("A", "B")),
    lon=st.sampled_from((34.77, 34.78)),
    slack_m=st.sampled_from((None, 1, 2.5)),
    type=st.sampled_from((None, ["pop"], ["pop", "cabinet"])),
    status=st.sampled_from(("planned", "operational", "nonsense")),
)
_patches = st.fixed_dictionaries(
    {}, optional={"slack_m": st.sampled_from((None, 3)), "name": st.sampled_from(("C", None))}
).map(lambda properties: {"properties": properties})
_steps = st.tuples(
    st.sampled_from(("POST", "PUT", "PATCH", "DELETE")),
    st.integers(0, 2), _bodies, _patches, st.sampled_from((None, "*", '"1-00"', '"2-00"')),
)


@running(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_steps, min_size=1, max_size=8))
def test_history_replays_to_the_table(
    place: World, planner: TestClient, steps: list[Any]
) -> None:
    """Whatever is edited, the versions lead to what stands, and no version comes twice."""
    ids = [str(uuid4()) for _ in range(3)]
    for method, slot, body, patch, match in steps:
        id_ = ids[slot]
        at = f"{NODES}/{id_}"
        type_ = PATCH if method == "PATCH" else GEOJSON
        headers = type_ | ({"If-Match": match} if match else {})
        before = planner.get(at)
        if method == "POST":
            answer = planner.post(NODES, json=body | {"id": id_}, headers=GEOJSON)
        else:
            sent = patch if method == "PATCH" else body
            answer = planner.request(
                method, at, headers=headers, **({} if method == "DELETE" else {"json": sent})
            )
        assert answer.status_code in (200, 201, 204, 400, 404, 409, 412), answer.text
        after = planner.get(at)
        if answer.is_error:
            assert after.status_code == before.status_code
            if after.is_success:
                assert after.content == before.content
        elif method == "DELETE":
            assert after.status_code == 404
        else:
            assert after.headers["etag"] == answer.headers["etag"]
    names = "id, name, status, slack_m, type, version, updated_at, geom"
    with place.database.begin() as connection:
        different = connection.scalar(
            text(
                f"""
                WITH latest AS (
                    SELECT DISTINCT ON (id) operation, {names} FROM history.network_nodes
                    WHERE id::text = ANY (:ids) ORDER BY id, seq DESC
                ), wanted AS (
                    SELECT ROW({names})::text AS row FROM latest WHERE operation <> 'delete'
                ), stands AS (
                    SELECT ROW({names})::text AS row FROM gis.network_nodes
                    WHERE id::text = ANY (:ids)
                )
                SELECT count(*) FROM ((TABLE wanted EXCEPT TABLE stands)
                    UNION ALL (TABLE stands EXCEPT TABLE wanted)) d
                """
            ),
            {"ids": ids},
        )
        rising = connection.scalar(
            text(
                """
                SELECT bool_and(version > before) FROM (
                    SELECT version, lag(version) OVER (PARTITION BY id ORDER BY seq) AS before
                    FROM history.network_nodes
                    WHERE id::text = ANY (:ids) AND operation <> 'delete') v
                WHERE before IS NOT NULL
                """
            ),
            {"ids": ids},
        )
    assert different == 0
    assert rising in (True, None)

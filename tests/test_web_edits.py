"""Items are created, replaced, updated and deleted over HTTP, by the rules of loading."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from starlette.testclient import TestClient

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.rights import Operation, field_rights, rights
from gis_service.settings import Settings
from gis_service.store.privileges import granted
from gis_service.store.roles import Login
from tests.editing import GEOJSON, NODES, PATCH, WHOLE, World, made, node, world

PRIVILEGES = {"POST": "INSERT", "PUT": "UPDATE", "PATCH": "UPDATE", "DELETE": "DELETE"}
OPERATIONS = dict(zip(PRIVILEGES, Operation, strict=True))
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@pytest.fixture(scope="module")
def place(databases: Any, sample_template: str, settings: Settings) -> Iterator[World]:
    yield from world(databases, sample_template, settings)


@pytest.fixture(scope="module")
def planner(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.PLANNER) as client:
        client.headers["accept-encoding"] = "identity"  # a compressed answer's tag is another
        yield client


@pytest.fixture(scope="module")
def admin(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.ADMIN) as client:
        yield client


@pytest.fixture(scope="module")
def technician(place: World) -> Iterator[TestClient]:
    with place.clients(audience=Audience.TECHNICIAN) as client:
        yield client


def first(client: TestClient, collection: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/collections/{collection}/items?limit=1").json()
    return dict(found["features"][0])


def rules(answer: Any) -> set[tuple[str, str]]:
    return {(fault["property"], fault["rule"]) for fault in answer.json()["faults"]}


def test_create(planner: TestClient) -> None:
    answer = planner.post(NODES, json=node(type=["pop"]), headers=WHOLE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["preference-applied"] == "return=representation"
    at = answer.headers["location"]
    seen = planner.get(at)
    assert seen.json() == answer.json()
    assert seen.headers["etag"].replace("-gzip", "") == answer.headers["etag"]
    assert seen.headers["etag"].startswith('"1-')
    assert seen.json()["properties"]["type"] == ["pop"]
    assert planner.delete(at).status_code == 204
    assert planner.get(at).status_code == 404
    assert planner.delete(at).status_code == 404


def test_replace_update_delete(planner: TestClient) -> None:
    at, etag = made(planner, slack_m=3)
    answer = planner.put(at, json=node("Other"), headers=WHOLE | {"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert answer.json()["properties"]["slack_m"] is None
    assert answer.json()["properties"]["version"] == 2
    answer = planner.put(at, json=node("Third"), headers=WHOLE | {"If-Match": etag})
    assert answer.status_code == 412, answer.text
    answer = planner.patch(at, json={"properties": {"slack_m": 4}}, headers=PATCH)
    assert answer.status_code == 204, answer.text
    seen = planner.get(at)
    assert seen.headers["etag"].replace("-gzip", "") == answer.headers["etag"]
    assert seen.headers["last-modified"] == answer.headers["last-modified"]
    assert (seen.json()["properties"]["name"], seen.json()["properties"]["slack_m"]) == ("Other", 4)
    assert planner.delete(at, headers={"If-Match": etag}).status_code == 412
    assert planner.delete(at, headers={"If-Match": seen.headers["etag"]}).status_code == 204


def test_the_client_may_choose_the_id(planner: TestClient) -> None:
    id_ = str(uuid4())
    answer = planner.post(NODES, json=node() | {"id": id_}, headers=GEOJSON)
    assert answer.headers["location"].endswith(id_)
    assert planner.post(NODES, json=node() | {"id": id_}, headers=GEOJSON).status_code == 409
    # A row number of the client's own says nothing; any other id is refused.
    assert planner.post(NODES, json=node() | {"id": 7}, headers=GEOJSON).status_code == 201
    assert planner.post(NODES, json=node() | {"id": "mast"}, headers=GEOJSON).status_code == 400


def test_an_item_that_comes_back_goes_on_counting(planner: TestClient) -> None:
    at, etag = made(planner)
    id_ = at.rpartition("/")[2]
    planner.patch(at, json={"properties": {"name": "B"}}, headers=PATCH)
    assert planner.delete(at).status_code == 204
    again = planner.post(NODES, json=node() | {"id": id_}, headers=GEOJSON)
    assert again.headers["etag"].startswith('"3-')
    assert planner.delete(at, headers={"If-Match": etag}).status_code == 412


def test_what_a_get_answered_can_be_put_back(planner: TestClient, place: World) -> None:
    """No version is made of it, not even of coordinates with more decimals than were answered."""
    for collection in ("network_nodes", "fibre_links", "offices", "equipment", "wards"):
        item = first(planner, collection)
        at = f"/collections/{collection}/items/{item['id']}"
        before = place.state()
        item["properties"].pop("visibility")
        answer = planner.put(at, json=item, headers=WHOLE)
        assert answer.status_code == 200, answer.text
        assert answer.json()["properties"]["version"] == item["properties"]["version"]
        assert place.state() == before, collection


def test_a_merge_patch_like_that_of_qgis(planner: TestClient) -> None:
    """QGIS sends the changed attributes alone, in either media type and without If-Match."""
    at, _ = made(planner, slack_m=1, technologies=["fibre"])
    for headers in (GEOJSON, PATCH):
        body = {"type": "Feature", "properties": {"name": str(headers), "slack_m": None}}
        assert planner.patch(at, json=body, headers=headers).status_code == 204
        seen = planner.get(at).json()
        assert seen["properties"]["name"] == str(headers)
        assert seen["properties"]["slack_m"] is None
        assert seen["geometry"]["coordinates"] == [34.77, -0.68]
    moved = {"geometry": {"type": "Point", "coordinates": [34.78, -0.69]}}
    assert planner.patch(at, json=moved, headers=PATCH).status_code == 204
    assert planner.get(at).json()["geometry"]["coordinates"] == [34.78, -0.69]
    assert planner.patch(at, json={"id": str(uuid4())}, headers=PATCH).status_code == 400
    assert planner.patch(at, json={"properties": {"name": None}}, headers=PATCH).status_code == 400


def test_coordinates_in_another_crs(planner: TestClient) -> None:
    """Authority order: EPSG:4326 has latitude first, UTM easting first."""
    body = node()
    for crs, coordinates in (
        ("http://www.opengis.net/def/crs/EPSG/0/4326", [-0.68, 34.77]),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", [3870578.704, -75699.037]),
    ):
        body["geometry"]["coordinates"] = coordinates
        answer = planner.post(NODES, json=body, headers=WHOLE | {"Content-Crs": f"<{crs}>"})
        assert answer.status_code == 201, answer.text
        assert answer.headers["content-crs"] == f"<{CRS84}>"
        x, y = answer.json()["geometry"]["coordinates"]
        assert (round(x, 5), round(y, 5)) == (34.77, -0.68)
    answer = planner.post(NODES, json=body, headers=GEOJSON | {"Content-Crs": "<http://no/crs>"})
    assert answer.status_code == 400


def test_faults_are_told_by_rule_and_property(planner: TestClient, place: World) -> None:
    before = place.state()
    body = node(status="maybe", slack_m="long", colour="red", owner=str(uuid4()), ward="x")
    body["geometry"]["coordinates"] = [36.0, 51.0]
    answer = planner.post(NODES, json=body, headers=GEOJSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert rules(answer) == {
        ("status", "unknown-code"), ("slack_m", "not-a-number"), ("colour", "unknown-property"),
        ("owner", "unknown-reference"), ("geometry", "outside-extent"),
        ("ward", "unknown-property"),
    }
    answer = planner.post(NODES, json=node(name=None) | {"geometry": None}, headers=GEOJSON)
    assert rules(answer) == {("name", "required"), ("geometry", "no-geometry")}
    assert place.state() == before


def test_what_the_service_fills_stays_its_own(planner: TestClient, place: World) -> None:
    item = first(planner, "fibre_links")
    at = f"/collections/fibre_links/items/{item['id']}"
    before = place.state()
    changed = {"properties": {"route_length_m": 1.0}}
    assert rules(planner.patch(at, json=changed, headers=PATCH)) == {
        ("route_length_m", "read-only")
    }
    for name, value in (("version", 99), ("updated_at", "2020-01-01T00:00:00Z")):
        answer = planner.patch(at, json={"properties": {name: value}}, headers=PATCH)
        assert answer.status_code == 409, answer.text
    answer = planner.patch(at, json={"properties": {"network": str(uuid4())}}, headers=PATCH)
    assert rules(answer) == {("network", "read-only")}
    assert place.state() == before


def test_the_editor_is_written_down(technician: TestClient, planner: TestClient) -> None:
    entry = {
        "type": "Feature", "geometry": None,
        "properties": {"kind": "inspection", "occurred_at": "2026-11-01T08:00:00+03:00",
                       "equipment": first(planner, "equipment")["id"]},
    }
    answer = technician.post("/collections/work_log/items", json=entry, headers=WHOLE)
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["by"]
    at = answer.headers["location"]
    for method in ("PUT", "PATCH", "DELETE"):
        refused = planner.request(method, at, json=entry, headers=GEOJSON)
        assert refused.status_code == 405, method
        assert refused.headers["allow"] == "GET, HEAD, OPTIONS"


def test_references_by_id_or_key(planner: TestClient) -> None:
    one, two = (planner.get(made(planner)[0]).json() for _ in range(2))
    link = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[34.77, -0.68], [34.78, -0.68]]},
        "properties": {"status": "planned", "start_node": one["id"],
                       "end_node": two["properties"]["external_id"]},
    }
    answer = planner.post("/collections/fibre_links/items", json=link, headers=WHOLE)
    assert answer.status_code == 201, answer.text
    assert answer.json()["properties"]["end_node"] == two["id"]
    refused = planner.delete(f"{NODES}/{one['id']}")
    assert refused.status_code == 409
    assert "fibre_links (1)" in refused.json()["detail"]
    assert planner.delete(answer.headers["location"]).status_code == 204
    assert planner.delete(f"{NODES}/{one['id']}").status_code == 204


def test_lists_of_references_are_watched_too(planner: TestClient) -> None:
    organisation = {
        "type": "Feature", "geometry": None, "properties": {"name": "A provider"},
    }
    answer = planner.post("/collections/organisations/items", json=organisation, headers=WHOLE)
    assert answer.status_code == 201, answer.text
    at, id_ = answer.headers["location"], answer.json()["id"]
    named, _ = made(planner, providers=[id_])
    assert planner.get(named).json()["properties"]["providers"] == [id_]
    assert planner.delete(at).status_code == 409
    assert planner.patch(named, json={"properties": {"providers": None}}, headers=PATCH).is_success
    assert planner.delete(at).status_code == 204


def test_who_publishes_sets_visibility(planner: TestClient, technician: TestClient) -> None:
    at, _ = made(planner, visibility="public")
    hide = {"properties": {"visibility": "staff"}}
    assert planner.patch(at, json=hide, headers=PATCH).status_code == 204
    assert planner.put(at, json=node("C"), headers=GEOJSON).status_code == 204
    assert planner.put(at, json=node("D", visibility="staff"), headers=GEOJSON).status_code == 204
    assert planner.get(at).json()["properties"]["visibility"] == "staff"
    fault = {"type": "Feature", "geometry": None, "properties": {
        "summary": "Dark", "started_at": "2026-01-01T00:00:00Z", "visibility": "staff"}}
    answer = technician.post("/collections/faults/items", json=fault, headers=GEOJSON)
    assert answer.status_code == 403


def test_a_key_is_taken_once(planner: TestClient, place: World) -> None:
    made(planner, external_id="only-one")
    before = place.state()
    answer = planner.post(NODES, json=node(external_id="only-one"), headers=GEOJSON)
    assert answer.status_code == 409
    assert "external_id" in answer.json()["detail"]
    assert place.state() == before


@pytest.mark.parametrize(
    "header",
    ['"9-00"', 'W/"1-00"', '"nonsense"', '"1"', '"9-00", "8-11"', '"01x-00"'],
)
def test_other_tags_match_nothing(planner: TestClient, header: str) -> None:
    at, _ = made(planner)
    assert planner.delete(at, headers={"If-Match": header}).status_code == 412


def test_conditions(planner: TestClient) -> None:
    at, etag = made(planner)
    gone = f"{NODES}/{uuid4()}"
    patch = {"properties": {"name": "B"}}
    compressed = etag[:-1] + '-gzip"'
    many = {"If-Match": f'"9-00" , {compressed}'}
    assert planner.patch(at, json=patch, headers=PATCH | many).status_code == 204
    assert planner.patch(at, json=patch, headers=PATCH | {"If-Match": "*"}).status_code == 204
    assert planner.put(gone, json=node(), headers=GEOJSON).status_code == 404
    assert planner.put(gone, json=node(), headers=GEOJSON | {"If-Match": "*"}).status_code == 412
    assert planner.delete(gone, headers={"If-Match": '"1-00"'}).status_code == 412
    assert planner.delete(at, headers={"If-Match": "1-00"}).status_code == 400
    long_ago = {"If-Unmodified-Since": "Sat, 01 Jan 2022 00:00:00 GMT"}
    assert planner.delete(at, headers=long_ago).status_code == 412
    assert planner.delete(at, headers={"If-Unmodified-Since": "yesterday"}).status_code == 400
    etag = planner.get(at).headers["etag"]
    for known in ("*", etag, f'"9-00", W/{etag}'):
        answer = planner.put(at, json=node("C"), headers=GEOJSON | {"If-None-Match": known})
        assert answer.status_code == 412
        assert planner.get(at).headers["etag"] == etag
    create = planner.put(gone, json=node(), headers=GEOJSON | {"If-None-Match": "*"})
    assert create.status_code == 404
    assert planner.delete(at, headers={"If-None-Match": "1-00"}).status_code == 400
    other = planner.put(at, json=node("C"), headers=GEOJSON | {"If-None-Match": '"1-00"'})
    assert other.status_code == 204
    now = {"If-Unmodified-Since": planner.get(at).headers["last-modified"]}
    assert planner.delete(at, headers=now).status_code == 204


def test_if_match_can_be_required(place: World) -> None:
    with place.clients(audience=Audience.PLANNER, require_if_match=True) as client:
        at, etag = made(client)
        assert client.put(at, json=node(), headers=GEOJSON).status_code == 428
        assert client.delete(at).status_code == 428
        assert client.delete(at, headers={"If-Match": etag}).status_code == 204


@pytest.mark.parametrize("audience", Audience)
def test_everyone_may_do_what_is_granted_and_no_more(place: World, audience: Audience) -> None:
    with place.database.begin() as connection:
        grants = {(g.login, g.table, g.privilege) for g in granted(connection) if g.schema == "gis"}
    with place.clients(audience=audience) as client:
        for collection in REGISTRY:
            items = f"/collections/{collection}/items"
            told: dict[str, set[str]] = {}
            for path in (items, f"{items}/{uuid4()}"):
                answer = client.options(path)
                told[path] = set(answer.headers.get("allow", "").split(", "))
            for method, privilege in PRIVILEGES.items():
                path = items if method == "POST" else f"{items}/{uuid4()}"
                status = client.request(method, path, json={}, headers=GEOJSON).status_code
                may = (Login.of(audience), collection, privilege) in grants
                operation = OPERATIONS[method]
                if may and operation not in rights(REGISTRY[collection], audience):
                    assert operation in field_rights(REGISTRY[collection], audience) | {
                        Operation.REPLACE
                    }, "granted for field operations"
                    may = False
                assert (status in (400, 404)) == may or status == 404, (collection, method, status)
                if may:
                    assert status in (400, 404), (collection, method, status)
                offered = told[items] if method == "POST" else set().union(*told.values())
                assert (method in offered) == may, (collection, method, offered)
                if not may and audience.is_staff:
                    assert status in (403, 405), (collection, method, status)
                if audience is Audience.PUBLIC:
                    hidden = REGISTRY[collection].public is None
                    assert status == (404 if hidden else 401), (collection, method, status)


def test_the_public_edits_nothing_and_learns_nothing(place: World, planner: TestClient) -> None:
    at, _ = made(planner)
    with place.clients() as public:
        answers = [
            public.put(f"{NODES}/{id_}", json=node(), headers=GEOJSON)
            for id_ in (at.rpartition("/")[2], uuid4())
        ]
        assert {a.status_code for a in answers} == {401}
        assert len({a.json()["detail"] for a in answers}) == 1
        assert public.post("/batch", json=[]).status_code == 401
        told = public.get("/api").json()["paths"]
        for reports in ("/open311/v2/requests.json", "/open311/v2/requests.xml"):
            assert set(told.pop(reports)) == {"get", "post"}, "citizens report faults"
        assert not [p for p, item in told.items() if set(item) - {"get"} or "/versions" in p]


HOSTILE: dict[str, tuple[bytes, set[int]]] = {
    "nan": (b'{"type":"Feature","geometry":null,"properties":{"slack_m":NaN}}', {400}),
    "infinity": (b'{"type":"Feature","properties":{"slack_m":Infinity}}', {400}),
    "1e400": (b'{"type":"Feature","properties":{"slack_m":1e400}}', {400}),
    "digits": (b'{"type":"Feature","id":' + b"9" * 5000 + b"}", {400}),
    "deep": (b"[" * 100_000 + b"]" * 100_000, {400}),
    "deep in an unfinished text": (b'{"a":"' + b'\\"' * 500_000, {400}),
    "deep objects": (b'{"properties":' * 1000 + b"1" + b"}" * 1000, {400}),
    "twice": (b'{"type":"Feature","type":"Feature","properties":{}}', {400}),
    "twice inside": (b'{"type":"Feature","properties":{"name":"a","name":"b"}}', {400}),
    "nothing": (b"", {400}),
    "null": (b"null", {400}),
    "a list": (b"[]", {400}),
    "a number": (b"7", {400}),
    "a collection": (b'{"type":"FeatureCollection","features":[]}', {400}),
    "not utf-8": (b'{"type":"\xff"}', {400}),
    "surrogate": (b'{"type":"Feature","properties":{"name":"\\ud800"}}', {400}),
    "more members": (b'{"type":"Feature","properties":{},"role":"admin"}', {400}),
    "crs member": (b'{"type":"Feature","properties":{},"crs":{}}', {400}),
    "10 MB": (b'{"type":"Feature","properties":{"name":"' + b"x" * 10_000_000 + b'"}}', {413}),
}
VALUES: dict[str, Any] = {
    "nul": {"name": "a\0b"},
    "control": {"name": "a\x01b"},
    "long": {"name": "x" * 20_000},
    "object for a text": {"name": {"a": 1}},
    "list for a text": {"name": ["a"]},
    "object for a number": {"slack_m": {}},
    "list for a number": {"slack_m": [1]},
    "truth for a number": {"slack_m": True},
    "a text for truth": {"gateway": "perhaps"},
    "objects for codes": {"type": [{"a": 1}]},
    "a number for codes": {"type": 7},
    "no uuid": {"owner": "'; DROP TABLE gis.network_nodes; --"},
    "references in objects": {"providers": [{"id": 1}]},
    "unknown, very long": {"y" * 5000: 1},
    "unknown and odd": {'"; --': 1, "é\u202e": 2},
    "negative": {"accuracy_m": -1},
    "unknown and null": {"colour": None},
}
SHAPES: dict[str, Any] = {
    "outside": {"type": "Point", "coordinates": [10, 10]},
    "beyond the world": {"type": "Point", "coordinates": [1e30, 1e300]},
    "a line": {"type": "LineString", "coordinates": [[34.7, -0.6], [34.8, -0.6]]},
    "no type": {"coordinates": [34.7, -0.6]},
    "unknown type": {"type": "Circle", "coordinates": [34.7, -0.6]},
    "no coordinates": {"type": "Point"},
    "empty": {"type": "Point", "coordinates": []},
    "one number": {"type": "Point", "coordinates": [34.7]},
    "words": {"type": "Point", "coordinates": ["a", "b"]},
    "nulls": {"type": "Point", "coordinates": [None, None]},
    "objects": {"type": "Point", "coordinates": {"x": 1}},
    "a text": "POINT(34.7 -0.6)",
    "a list": [34.7, -0.6],
    "several": {"type": "MultiPoint", "coordinates": [[34.7, -0.6], [34.8, -0.6]]},
    "ragged": {"type": "LineString", "coordinates": [[34.7, -0.6], [34.8]]},
    "nested": {"type": "GeometryCollection", "geometries": [
        {"type": "GeometryCollection", "geometries": []}]},
    "many": {"type": "LineString", "coordinates": [[34.7, -0.6]] * 50_001},
}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bodies(planner: TestClient, place: World, method: str, case: str) -> None:
    content, statuses = HOSTILE[case]
    path = NODES if method == "POST" else f"{NODES}/{first(planner, 'network_nodes')['id']}"
    before = place.state()
    answer = planner.request(method, path, content=content, headers=GEOJSON)
    assert answer.status_code in statuses, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    assert place.state() == before


@pytest.mark.parametrize("case", [*VALUES, *SHAPES])
def test_hostile_values(planner: TestClient, place: World, case: str) -> None:
    item = first(planner, "network_nodes")
    body = node(**VALUES.get(case, {}))
    if case in SHAPES:
        body["geometry"] = SHAPES[case]
    before = place.state()
    at = f"{NODES}/{item['id']}"
    # A merge patch takes what it does not name from the geometry that stands there.
    patches = case not in ("no type", "no coordinates")
    for method, path in (("POST", NODES), ("PUT", at), *((("PATCH", at),) if patches else ())):
        answer = planner.request(method, path, content=orjson.dumps(body), headers=GEOJSON)
        assert answer.status_code == 400, (method, answer.text[:300])
        assert "faults" in answer.json() or "member" in answer.text, answer.text
        assert len(answer.content) < 5000
    assert place.state() == before


def test_heights_are_left_out_as_when_loading(planner: TestClient) -> None:
    body = node()
    body["geometry"]["coordinates"].append(1700)
    answer = planner.post(NODES, json=body, headers=WHOLE)
    assert answer.json()["geometry"]["coordinates"] == [34.77, -0.68]


def test_media_types(planner: TestClient) -> None:
    content = orjson.dumps(node())
    for type_ in ("", "text/plain", "application/merge-patch+json", "multipart/form-data"):
        answer = planner.post(NODES, content=content, headers={"Content-Type": type_})
        assert answer.status_code == 415, type_
        assert "application/geo+json" in answer.headers["accept-post"]
    packed = GEOJSON | {"Content-Encoding": "gzip"}
    assert planner.post(NODES, content=content, headers=packed).status_code == 415
    plain = {"Content-Type": "application/json; charset=utf-8"}
    assert planner.post(NODES, content=content, headers=plain).status_code == 201
    assert planner.put(NODES, content=content, headers=plain).status_code == 405


def test_a_browser_needs_its_token(place: World, planner: TestClient) -> None:
    """A session's cookie alone changes nothing."""
    key = planner.headers["authorization"].partition(" ")[2]
    with place.clients() as browser:
        page = browser.get("/login", headers={"Accept": "text/html"}).text
        token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
        browser.post("/login", data={"key": key, "csrf_token": token})
        assert any("session" in name for name in browser.cookies)
        refused = browser.post(NODES, json=node(), headers=GEOJSON)
        assert refused.status_code == 403, refused.text


def test_the_document_tells_what_each_may_do(place: World) -> None:
    for audience in Audience:
        with place.clients(audience=audience) as client:
            paths = client.get("/api").json()["paths"]
            for collection in ("network_nodes", "faults"):
                path = f"/collections/{collection}/items"
                allowed = set(client.options(path).headers["allow"].lower().split(", "))
                assert allowed - {"head", "options"} == set(paths[path])
                one = set(client.options(f"{path}/{uuid4()}").headers["allow"].lower().split(", "))
                assert one - {"head", "options"} == set(paths[f"{path}/{{featureId}}"])

"""What the official test suite cannot fail on, or does not look at."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from jsonschema import Draft7Validator
from shapely.geometry import LinearRing, box, shape

from tests.conformance.checker import Skip, check
from tests.conformance.service import GEOJSON, HTML, Document, Service, linked, with_parameters

_DECIMALS = re.compile(r"-?\d+\.\d{8,}")

POSITION: Document = {
    "type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "number"}
}
GEOMETRY: Document = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"enum": ["Point", "LineString", "MultiPolygon", "MultiPoint",
                          "MultiLineString", "Polygon"]},
        "coordinates": {"type": "array"},
    },
    "allOf": [
        {"if": {"properties": {"type": {"const": "Point"}}},
         "then": {"properties": {"coordinates": POSITION}}},
        {"if": {"properties": {"type": {"const": "LineString"}}},
         "then": {"properties": {"coordinates": {"minItems": 2, "items": POSITION}}}},
        {"if": {"properties": {"type": {"const": "MultiPolygon"}}},
         "then": {"properties": {"coordinates": {"items": {"type": "array", "items": {
             "type": "array", "minItems": 4, "items": POSITION}}}}}},
    ],
}
FEATURE: Document = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": "string", "minLength": 1},
        "geometry": {"oneOf": [{"type": "null"}, GEOMETRY]},
        "properties": {"type": ["object", "null"]},
    },
}
"""What RFC 7946 asks of a feature."""


@check("V1", "Features are GeoJSON, and of the type that the API describes")
def features_valid(service: Service) -> None:
    for collection in service.feature_collections:
        page = service.page(collection, limit=100)
        described = _described_feature(service, collection)
        for feature in page["features"]:
            Draft7Validator(FEATURE).validate(feature)
            Draft7Validator(described).validate(feature)
            known = described["properties"]["properties"]["properties"]
            assert set(feature["properties"]) == set(known), f"{collection['id']}: other properties"


@check("V2", "timeStamp lies within the request")
def time_stamp(service: Service) -> None:
    for collection in service.feature_collections:
        before = datetime.now(UTC) - timedelta(seconds=2)
        page = service.page(collection, limit=1)
        stamp = datetime.fromisoformat(page["timeStamp"])
        assert before <= stamp <= datetime.now(UTC) + timedelta(seconds=2), page["timeStamp"]


@check("V3", "Every instant and interval matches items without a time; faulty ones are refused")
def datetime_honoured(service: Service) -> None:
    for collection in service.feature_collections:
        if "temporal" in collection.get("extent", {}):
            raise Skip(f"{collection['id']} has a time")
        everything = service.page(collection)["numberReturned"]
        for moment in ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z/..", "../2020-01-01T00:00:00Z",
                       "1990-01-01T00:00:00+03:00/2030-01-01T00:00:00Z", "2020-01-01"):
            page = service.page(collection, datetime=moment)
            assert page["numberReturned"] == everything, moment
        for moment in ("", "yesterday", "2020-13-01T00:00:00Z", "../..", "2021-01-01/2020-01-01",
                       "2020-01-01T00:00:00Z/x"):
            href = with_parameters(service.items_address(collection), datetime=moment)
            assert service.get(href, accept=GEOJSON).status_code == 400, moment


@check("V4", "Paging to the end meets numberMatched, every id once, in the same order again")
def paging(service: Service) -> None:
    for collection in service.feature_collections:
        for limit in (7, 10_000):
            pages = list(service.pages(collection, limit=limit))
            ids = [feature["id"] for page in pages for feature in page["features"]]
            assert len(ids) == len(set(ids)), f"{collection['id']}: an item twice"
            if "numberMatched" in pages[0]:
                assert len(ids) == pages[0]["numberMatched"], collection["id"]
            assert all(len(page["features"]) == limit for page in pages[:-1])
            if limit == 7:
                first = ids
        assert ids == first, f"{collection['id']}: the order changes with the limit"


@check("V20", "The way back by prev shows the pages of the way there, in any order")
def paging_back(service: Service) -> None:
    for collection in service.feature_collections:
        for asked in ({}, *({"sortby": order} for order in _orders(service, collection))):
            there = list(service.pages(collection, limit=9, **asked))[:4]
            assert not linked(there[0], "prev"), collection["id"]
            page = there[-1]
            for before in reversed(there[:-1]):
                href = linked(page, "prev")[0]["href"]
                page = service.document(href, accept=GEOJSON)
                assert _id_list(page) == _id_list(before), f"{collection['id']} {asked}"
            assert not linked(page, "prev"), collection["id"]


@check("V5", "bbox finds what an own look at every geometry finds, heights or not")
def bbox_complete(service: Service) -> None:
    for collection in service.feature_collections:
        everything = [f for page in service.pages(collection, limit=10_000)
                      for f in page["features"]]
        for bbox in _halves(collection):
            area = box(*bbox)
            expected = {
                f["id"] for f in everything
                if f["geometry"] is None or shape(f["geometry"]).intersects(area)
            }
            west, south, east, north = bbox
            for text in (f"{west},{south},{east},{north}", f"{west},{south},0,{east},{north},9000"):
                found = {f["id"] for page in service.pages(collection, bbox=text, limit=10_000)
                         for f in page["features"]}
                assert found == expected, f"{collection['id']}: {len(found ^ expected)} differ"


@check("V6", "Items without geometry match every bbox")
def bbox_without_geometry(service: Service) -> None:
    for collection in service.feature_collections:
        if "extent" in collection or service.page(collection)["numberReturned"] == 0:
            continue
        found = service.page(collection, bbox="100,10,101,11")["numberReturned"]
        assert found == service.page(collection)["numberReturned"], collection["id"]


@check("V7", "Boxes that are none are refused")
def bbox_refused(service: Service) -> None:
    bad = ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "0,0,inf,1", "1e400,0,1,1",
           "0,2,1,1", "-181,0,1,1", "0,-91,1,1", "1_0,0,11,1", "0,0,5,1,1,1")
    collection = service.feature_collections[0]
    for bbox in bad:
        href = with_parameters(service.items_address(collection), bbox=bbox)
        assert service.get(href, accept=GEOJSON).status_code == 400, bbox


@check("V8", "The extent holds every item and touches the outermost")
def extent_tight(service: Service) -> None:
    for collection in service.feature_collections:
        if "extent" not in collection:
            continue
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        bounds = [shape(f["geometry"]).bounds for page in service.pages(collection, limit=10_000)
                  for f in page["features"] if f["geometry"] is not None]
        found = (min(b[0] for b in bounds), min(b[1] for b in bounds),
                 max(b[2] for b in bounds), max(b[3] for b in bounds))
        apart = max(abs(a - b) for a, b in zip(found, (west, south, east, north), strict=True))
        assert apart < 1e-6, f"{collection['id']}: {found}"


@check("V9", "A property filter finds what an own look at every item finds")
def property_filters(service: Service) -> None:
    for collection in service.feature_collections:
        everything = [f for page in service.pages(collection, limit=10_000)
                      for f in page["features"]]
        asked = service.document(linked(collection, _QUERYABLES)[0]["href"])["properties"]
        for name in asked:
            values = [v for f in everything if (v := f["properties"].get(name)) is not None]
            if not values:
                continue
            value = values[0][0] if isinstance(values[0], list) and values[0] else values[0]
            if isinstance(value, list):
                continue
            expected = {f["id"] for f in everything if _holds(f["properties"].get(name), value)}
            page = service.page(collection, limit=10_000, **{name: _written(value)})
            found = {f["id"] for f in page["features"]}
            assert found == expected, f"{collection['id']}.{name}={value}"


@check("V10", "Polygons wind as RFC 7946 says, with at most seven decimals")
def winding(service: Service) -> None:
    for collection in service.feature_collections:
        answer = service.get(service.items_address(collection) + "?limit=100", accept=GEOJSON)
        for feature in answer.json()["features"]:
            coordinates = repr((feature["geometry"] or {}).get("coordinates"))
            assert not _DECIMALS.search(coordinates), f"{collection['id']}: too many decimals"
            for outer, *holes in _polygons(feature["geometry"]):
                assert LinearRing(outer).is_ccw, f"{collection['id']}: an outline runs clockwise"
                assert not any(LinearRing(hole).is_ccw for hole in holes)


@check("V11", "HEAD answers with the headers of GET and no body")
def head(service: Service) -> None:
    for href in _resources(service):
        got = service.request("GET", href, headers={"Accept-Encoding": "identity"})
        headed = service.request("HEAD", href, headers={"Accept-Encoding": "identity"})
        assert headed.status_code == got.status_code == 200, href
        assert not headed.content, href
        changing = {"date", "x-request-id", "content-length" if "/items" in href else ""}
        for name in set(got.headers) - changing:
            assert headed.headers.get(name) == got.headers[name], f"{href}: {name}"


@check("V12", "A trailing slash changes nothing and redirects nowhere")
def trailing_slash(service: Service) -> None:
    for href in _resources(service):
        plain, slashed = service.get(href), service.get(href + "/")
        assert slashed.status_code == plain.status_code == 200, href
        assert slashed.headers["content-type"] == plain.headers["content-type"]


@check("V13", "OPTIONS names the methods; others are refused with them")
def options(service: Service) -> None:
    for href in _resources(service):
        answer = service.request("OPTIONS", href)
        assert answer.status_code == 200, href
        allowed = {name.strip() for name in answer.headers["allow"].split(",")}
        assert {"GET", "HEAD", "OPTIONS"} <= allowed, href
        refused = service.request("DELETE", href)
        # 401 where staff may do what the public may not.
        told = {401: "www-authenticate", 405: "allow"}
        assert refused.status_code in told, href
        assert refused.headers[told[refused.status_code]], href


@check("V14", "The Accept header and f choose the format, and answers vary by it")
def negotiation(service: Service) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    for href in _resources(service):
        assert service.get(href, accept="*/*").headers["content-type"].find("json") > 0, href
        assert service.get(href, accept=browser).headers["content-type"].startswith(HTML), href
        assert service.get(f"{href}?f=html").headers["content-type"].startswith(HTML), href
        assert "json" in service.get(f"{href}?f=json", accept=HTML).headers["content-type"], href
        assert service.get(f"{href}?f=nope").status_code == 400, href
        assert service.get(href, accept="image/png").status_code == 406, href
        assert "accept" in service.get(href).headers["vary"].lower(), href


@check("V15", "Errors are problems without a trace of what lies behind")
def problems(service: Service) -> None:
    items = service.items_address(service.feature_collections[0])
    base = service.below("")
    for href, status in (
        (f"{base}/collections/nope", 404),
        (f"{base}/nope", 404),
        (f"{items}/nope", 404),
        (f"{items}/00000000-0000-4000-8000-000000000000", 404),
        (f"{items}?limit=-1", 400),
        (f"{items}?limit=0", 400),
        (f"{items}?cursor=nope", 400),
        (f"{items}?%00=1", 400),
        (f"{items}?bbox=%ED%A0%80", 400),
        (f"{items}?f=xml", 400),
        (f"{base}/collections/%00", 400),
        (f"{items}?x={'a' * 9000}", 400),
    ):
        answer = service.get(href)
        assert answer.status_code == status, f"{href[:100]}: {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json", href[:100]
        problem = answer.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["instance"].endswith(answer.headers["x-request-id"])
        assert not re.search(r"Traceback|SELECT|psycopg|asyncpg|\.py\b|gis_service/", answer.text)


@check("V16", "Links that answers give lead somewhere, and to the type they say")
def links_lead(service: Service) -> None:
    first = service.feature_collections[0]
    page = service.page(first, limit=1)
    documents = (service.landing, service.collections, first, page)
    for link in {link["href"]: link for d in documents for link in d["links"]}.values():
        answer = service.get(link["href"], accept=link["type"])
        assert answer.status_code == 200, link
        got = answer.headers["content-type"].partition(";")[0]
        assert got == link["type"].partition(";")[0], link


@check("V17", "Titles come in the reader's language")
def languages(service: Service) -> None:
    href = service.below("/collections")
    english, swahili = service.get(href), service.get(href, Accept_Language="fr, sw-KE;q=0.8")
    assert english.headers["content-language"] == "en"
    assert swahili.headers["content-language"] == "sw"
    assert english.json()["collections"][0]["title"] != swahili.json()["collections"][0]["title"]
    assert service.get(f"{href}?lang=sw").json()["collections"] == swahili.json()["collections"]
    assert service.get(f"{href}?lang=xx").status_code == 400


@check("V18", "Links come from the settings and never from Host or X-Forwarded headers")
def no_poisoning(service: Service) -> None:
    evil = "evil.example"
    for href in (service.address, service.below("/collections"), service.below("/api")):
        answer = service.get(
            href, X_Forwarded_Host=evil, X_Forwarded_Proto="https", X_Forwarded_For="203.0.113.9",
            Forwarded=f"host={evil}", X_Forwarded_Prefix="/evil", X_Original_URL="/evil",
        )
        assert answer.status_code == 200
        assert "evil" not in answer.text
        assert "evil" not in service.get(href, Host=evil).text


@check("V19", "Every answer carries the security headers")
def security_headers(service: Service) -> None:
    hrefs = [*_resources(service), service.below("/nope"), service.below("/health/live")]
    for href in hrefs:
        headers = service.get(href).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy, href
        assert "unsafe" not in policy, href
        assert headers["x-content-type-options"] == "nosniff"
        for name in ("referrer-policy", "permissions-policy", "x-request-id"):
            assert headers[name], name
        assert "access-control-allow-credentials" not in headers
        assert headers.get("access-control-allow-origin", "*") == "*"


_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


def _resources(service: Service) -> list[str]:
    """One address of each kind of resource."""
    first = service.feature_collections[0]
    alone = service.below(f"/collections/{first['id']}")
    feature = service.page(first, limit=1)["features"][0]
    return [service.below("/conformance"), service.below("/api"), service.below("/collections"),
            alone, f"{alone}/items", f"{alone}/items/{feature['id']}"]


def _described_feature(service: Service, collection: Document) -> Document:
    """The schema of the API document with its references resolved, as JSON Schema."""
    operation = service.api["paths"][f"/collections/{collection['id']}/items"]["get"]
    page = service.dereferenced(operation["responses"]["200"]["content"][GEOJSON]["schema"])
    schema: Document = _as_json_schema(service, page["properties"]["features"]["items"])
    return schema


def _as_json_schema(service: Service, node: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema says a second type."""
    if isinstance(node, list):
        return [_as_json_schema(service, inner) for inner in node]
    if not isinstance(node, dict):
        return node
    node = service.dereferenced(node)
    made = {k: _as_json_schema(service, v) for k, v in node.items() if k != "nullable"}
    if node.get("nullable") is True and "type" in made:
        made["type"] = [made["type"], "null"]
    return made


def _halves(collection: Document) -> list[tuple[float, float, float, float]]:
    boxes = collection.get("extent", {}).get("spatial", {}).get("bbox")
    if not boxes:
        return []
    west, south, east, north = boxes[0]
    x, y = (west + east) / 2, (south + north) / 2
    return [(west, south, x, y), (x, y, east, north), (x, south, east, y)]


def _polygons(geometry: Document | None) -> list[list[list[list[float]]]]:
    if geometry is None:
        return []
    if geometry["type"] == "Polygon":
        return [geometry["coordinates"]]
    return geometry["coordinates"] if geometry["type"] == "MultiPolygon" else []


def _holds(value: Any, wanted: Any) -> bool:
    return wanted in value if isinstance(value, list) else bool(value == wanted)


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _id_list(page: Document) -> list[str]:
    return [feature["id"] for feature in page["features"]]


def _orders(service: Service, collection: Document) -> list[str]:
    """By the first property that has values of text or number, both ways."""
    for feature in service.page(collection, limit=1)["features"]:
        for name, value in (feature["properties"] or {}).items():
            if isinstance(value, str | int | float) and not re.fullmatch(_UUID, str(value)):
                return [name, f"-{name}"]
    return []


_UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

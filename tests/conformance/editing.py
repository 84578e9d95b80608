"""
Part 4, create, replace, update and delete.

Only a service that is made for it is written to: `Service.writable`.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from tests.conformance.checker import Skip, check
from tests.conformance.service import GEOJSON, Document, Service

PART4 = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"
PATCH = "application/merge-patch+json"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@check("W1", "OPTIONS tells what this caller may do, and what it does not tell is refused")
def rights(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        items = service.items_address(collection)
        for href, methods in ((items, ("POST",)), (f"{items}/{UNKNOWN}",
                                                   ("PUT", "PATCH", "DELETE"))):
            answer = service.request("OPTIONS", href)
            assert answer.status_code == 200, href
            allowed = {name.strip() for name in answer.headers["allow"].split(",")}
            assert {"GET", "HEAD", "OPTIONS"} <= allowed
            for method, type_ in (("POST", GEOJSON), ("PATCH", PATCH)):
                if method in allowed:
                    taken = answer.headers[f"accept-{method.lower()}"]
                    assert type_ in taken.split(", "), f"{href}: {taken}"
            for method in methods:
                status = service.request(method, href, headers={"Accept": GEOJSON}).status_code
                if method not in allowed:
                    assert status in (401, 403, 405), f"{method} {href}: {status}"
                elif method == "DELETE":
                    assert status == 404, f"{method} {href}: {status}"
                else:  # there is neither a body nor its type
                    assert status in (404, 415), f"{method} {href}: {status}"


@check("W2", "A new item answers 201 with a Location where it is found")
def create(service: Service) -> None:
    _, _, body, answer = _created(service)
    at = service.resolved(answer.headers["location"])
    kept = service.document(at, accept=GEOJSON)
    assert at.endswith(kept["id"])
    assert kept["geometry"] == body["geometry"]
    sent = {k: v for k, v in body["properties"].items() if v is not None}
    assert {k: kept["properties"].get(k) for k in sent} == sent


@check("W3", "PUT replaces, whatever id the body names; a missing item is 404")
def replace(service: Service) -> None:
    items, at, body, answer = _created(service)
    href = service.resolved(at)
    other = {**body, "id": str(uuid4()), "properties": {**body["properties"], "name": "Other"}}
    changed = _send(service, "PUT", href, other, GEOJSON)
    assert changed.status_code in (200, 204), changed.text
    assert service.document(href, accept=GEOJSON)["id"] == href.rpartition("/")[2]
    assert _send(service, "PUT", f"{items}/{UNKNOWN}", body, GEOJSON).status_code == 404
    assert changed.headers["etag"] != answer.headers["etag"]


@check("W4", "PATCH merges: null takes away, what is not named stays, the id does not change")
def update(service: Service) -> None:
    items, at, body, _ = _created(service)
    href = service.resolved(at)
    before = service.document(href, accept=GEOJSON)["properties"]
    answer = _send(service, "PATCH", href, {"properties": {"name": "Changed"}}, PATCH)
    assert answer.status_code in (200, 204), answer.text
    after = service.document(href, accept=GEOJSON)
    assert after["properties"]["name"] == "Changed"
    assert after["geometry"] == body["geometry"]
    stay = set(before) & set(body["properties"]) - {"name"}
    assert {k: after["properties"][k] for k in stay} == {k: before[k] for k in stay}
    assert _send(service, "PATCH", href, {"id": str(uuid4())}, PATCH).status_code == 400
    assert _send(service, "PATCH", f"{items}/{UNKNOWN}", {}, PATCH).status_code == 404


@check("W5", "DELETE takes an item away; what is missing is 404")
def delete(service: Service) -> None:
    _, at, _, _ = _created(service)
    href = service.resolved(at)
    assert service.request("DELETE", href).status_code in (200, 204)
    assert service.get(href, accept=GEOJSON).status_code == 404
    assert service.request("DELETE", href).status_code == 404


@check("W6", "If-Match keeps changes apart: the ETag of GET and of each change is the newest")
def locking(service: Service) -> None:
    _, at, _, answer = _created(service)
    href = service.resolved(at)
    plain = {"Accept": GEOJSON, "Accept-Encoding": "identity"}
    first = service.request("GET", href, headers=plain).headers
    assert first["etag"] == answer.headers["etag"]
    assert "last-modified" in first
    named: Document = {"properties": {"name": "First"}}
    changed = _send(service, "PATCH", href, named, PATCH, {"If-Match": first["etag"]})
    assert changed.status_code in (200, 204), changed.text
    assert changed.headers["etag"] == service.request("GET", href, headers=plain).headers["etag"]
    for method, body, type_ in (("PATCH", named, PATCH), ("DELETE", None, None)):
        late = _send(service, method, href, body, type_, {"If-Match": first["etag"]})
        assert late.status_code == 412, f"{method}: {late.status_code}"
    past = {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}
    assert _send(service, "PATCH", href, named, PATCH, past).status_code == 412
    gone = _send(service, "DELETE", href, None, None, {"If-Match": changed.headers["etag"]})
    assert gone.status_code in (200, 204)


@check("W7", "A body of another type, CRS or grammar is refused, and nothing is kept of it")
def refused(service: Service) -> None:
    items, _, body, _ = _created(service)
    before = service.document(f"{items}?limit=1", accept=GEOJSON)["numberMatched"]
    crs = {"Content-Crs": "<http://www.opengis.net/def/crs/0/unsupported>"}
    for sent, type_, headers, statuses in (
        (body, "text/plain", {}, (415,)),
        (body, GEOJSON, crs, (400, 409, 415)),
        ({"type": "Feature"}, GEOJSON, {}, (400,)),
        ([], GEOJSON, {}, (400,)),
        ({**body, "properties": {"no_such_property": 1}}, GEOJSON, {}, (400,)),
    ):
        answer = _send(service, "POST", items, sent, type_, headers)
        assert answer.status_code in statuses, f"{type_} {headers}: {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json"
    assert service.document(f"{items}?limit=1", accept=GEOJSON)["numberMatched"] == before


def _declared(service: Service) -> None:
    if f"{PART4}create-replace-delete" not in service.classes:
        raise Skip("Part 4 is not declared")


def _created(service: Service) -> tuple[str, str, Document, httpx.Response]:
    """Items' address, Location, body and answer of a new item: a copy of one that is there."""
    _declared(service)
    if not service.writable:
        raise Skip("not written to")
    for collection in service.feature_collections:
        items = service.items_address(collection)
        if "POST" not in service.request("OPTIONS", items).headers["allow"]:
            continue
        schema = service.document(
            service.below(f"/collections/{collection['id']}/schema?type=create"),
            accept="application/schema+json",
        )
        for feature in service.page(collection, limit=5)["features"]:
            body = {
                "type": "Feature",
                "geometry": feature["geometry"],
                "properties": {
                    k: v for k, v in feature["properties"].items()
                    if k == "name" or k in schema.get("required", ())
                },
            }
            answer = _send(service, "POST", items, body, GEOJSON)
            if answer.status_code == 201 and "name" in body["properties"]:
                return items, answer.headers["location"], body, answer
    raise AssertionError("no collection takes a copy of one of its items")


def _send(
    service: Service, method: str, href: str, body: Any, type_: str | None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    sent = {"Accept": GEOJSON, "Accept-Encoding": "identity", **(headers or {})}
    if type_ is None:
        return service.request(method, href, headers=sent)
    return service.request(method, href, json=body, headers=sent | {"Content-Type": type_})

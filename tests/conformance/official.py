"""The assertions of the official test suite of OGC API - Features Part 1, restated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

from openapi_spec_validator import OpenAPIV30SpecValidator
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from tests.conformance.checker import check
from tests.conformance.service import (
    CORE,
    CRS84,
    GEOJSON,
    JSON,
    PAGE,
    Document,
    Service,
    linked,
    with_parameters,
)

MOST_GEOMETRIES = 100
MOST_MATCHED = 10_000


@check("G1", "The service speaks HTTP/1.1")
def http_version(service: Service) -> None:
    assert service.get(service.address).http_version == "HTTP/1.1"


@check("L1", "The landing page is JSON")
def landing_page(service: Service) -> None:
    answer = service.get(service.address)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(JSON)


@check("L2", "The landing page links to the API, to conformance and to the data")
def landing_links(service: Service) -> None:
    rels = {link["rel"] for link in service.landing["links"]}
    assert rels & {"service-desc", "service-doc"}
    assert {"conformance", "data"} <= rels
    _complete(service.landing["links"])


@check("A1", "The landing page links to an OpenAPI 3.0 document")
def api_link(service: Service) -> None:
    assert service.api_address


@check("A2", "The API document answers in that type")
def api_document(service: Service) -> None:
    answer = service.get(service.api_address, accept="application/vnd.oai.openapi+json;version=3.0")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")


@check("A3", "The API document is valid OpenAPI 3.0")
def api_valid(service: Service) -> None:
    assert service.api["openapi"].startswith("3.0.")
    OpenAPIV30SpecValidator(service.api).validate()


@check("A4", "The API describes conformance, collections and items")
def api_paths(service: Service) -> None:
    paths = service.api["paths"]
    for path in ("/conformance", "/collections"):
        assert "200" in paths[path]["get"]["responses"], path
    for collection in service.feature_collections:
        assert service.parameter(collection, "limit"), collection["id"]


@check("A5", "The API's server is the landing page's address, without a trailing slash")
def api_server(service: Service) -> None:
    servers = [server["url"] for server in service.api["servers"]]
    assert servers == [service.address.rstrip("/")], servers


@check("C1", "Conformance answers")
def conformance(service: Service) -> None:
    assert service.get(service.below("/conformance")).status_code == 200


@check("C2", "Conformance names the core")
def conformance_core(service: Service) -> None:
    assert all(isinstance(name, str) for name in service.classes)
    assert CORE in service.classes


@check("K1", "The collections answer")
def collections(service: Service) -> None:
    assert service.get(service.below("/collections")).status_code == 200


@check("K2", "The collections link to themselves")
def collections_self(service: Service) -> None:
    _complete(linked(service.collections, "self"), least=1)


@check("K3", "The collections link to every other media type")
def collections_alternates(service: Service) -> None:
    _, types = service.media_types
    own = linked(service.collections, "self")[0]["type"]
    alternates = {link["type"] for link in linked(service.collections, "alternate")}
    assert types - {own} <= alternates, types - {own} - alternates
    _complete(linked(service.collections, "alternate"))


@check("K6", "There are collections, each with links")
def collections_filled(service: Service) -> None:
    assert service.collections["links"]
    assert service.collections["collections"]
    for collection in service.collections["collections"]:
        _complete(collection["links"], least=1)
        assert collection.get("crs", [CRS84])[0] == CRS84


@check("S1", "Every collection answers by itself")
def single_collections(service: Service) -> None:
    for collection in service.feature_collections:
        assert service.get(service.below(f"/collections/{collection['id']}")).status_code == 200


@check("S2", "A collection says of itself what the list says")
def same_collection(service: Service) -> None:
    for listed in service.feature_collections:
        alone = service.document(service.below(f"/collections/{listed['id']}"))
        for key in ("id", "title", "description", "extent"):
            assert alone.get(key) == listed.get(key), f"{listed['id']}: {key}"


@check("S3", "Every collection links to its items as GeoJSON")
def items_links(service: Service) -> None:
    for collection in service.feature_collections:
        assert service.items_address(collection)


@check("I", "Items pass I1 to I8")
def items(service: Service) -> None:
    for collection in service.feature_collections:
        _check_page(service, collection, service.page(collection))


@check("M1", "The API describes limit")
def limit_described(service: Service) -> None:
    for collection in service.feature_collections:
        parameter = _described(service, collection, "limit")
        schema = parameter["schema"]
        assert schema["type"] == "integer"
        assert 0 <= schema["minimum"] <= schema["default"] <= schema["maximum"]
        assert schema["maximum"] >= (MOST_MATCHED - PAGE) / 4, "pages must reach numberMatched"


@check("M2", "Items keep to the limit")
def limit_kept(service: Service) -> None:
    for collection in service.feature_collections:
        schema = service.parameter(collection, "limit")["schema"]
        low, high = schema["minimum"], schema["maximum"]
        for limit in (low, min(100, low + (high - low) // 2)):
            page = service.page(collection, limit=limit)
            assert len(page["features"]) <= limit
            _check_page(service, collection, page)


@check("B1", "The API describes bbox")
def bbox_described(service: Service) -> None:
    for collection in service.feature_collections:
        schema = _described(service, collection, "bbox")["schema"]
        assert (schema["type"], schema["minItems"], schema["maxItems"]) == ("array", 4, 6)
        assert schema["items"]["type"] == "number"


@check("B3", "Items meet the box that was asked for")
def bbox_kept(service: Service) -> None:
    boxes = ((-1.5, 50, 1.5, 53), (-80, -5, -70, 5), (177, 65, -177, 70), (-180, 85, 180, 90),
             (-180, -90, 180, -85))
    for collection in _spatial(service):
        own = collection["extent"]["spatial"]["bbox"][0]
        assert len(own) == 4
        for bbox in (own, *boxes):
            page = service.page(collection, bbox=",".join(map(_java_number, bbox)))
            area = _area(*bbox)
            for geometry in _geometries(page):
                assert geometry.intersects(area), f"{collection['id']}: outside {bbox}"
            _check_page(service, collection, page)


@check("T1", "The API describes datetime")
def datetime_described(service: Service) -> None:
    for collection in service.feature_collections:
        assert _described(service, collection, "datetime")["schema"]["type"] == "string"


@check("E1", "A limit that is no number is a bad request")
def bad_limit(service: Service) -> None:
    for collection in service.feature_collections:
        href = with_parameters(service.items_address(collection), limit="unlimited")
        assert service.get(href, accept=GEOJSON).status_code == 400


@check("E2", "An unknown parameter is a bad request")
def unknown_parameter(service: Service) -> None:
    for collection in service.feature_collections:
        unknown = {f"unknownQueryParameter{uuid4().int % 100_000}": 1}
        href = with_parameters(service.items_address(collection), **unknown)
        assert service.get(href, accept=GEOJSON).status_code == 400


@check("F1", "An item answers by its id")
def item(service: Service) -> None:
    for href, feature in _first_items(service):
        answer = service.get(href, accept=GEOJSON)
        assert answer.status_code == 200
        assert answer.json()["id"] == feature["id"]


@check("F2", "An item links to itself, its other media types and its collection")
def item_links(service: Service) -> None:
    types, _ = service.media_types
    for href, _ in _first_items(service):
        feature = service.document(href, accept=GEOJSON)
        own = linked(feature, "self")
        _complete(own, least=1)
        _complete(linked(feature, "collection"), least=1)
        alternates = linked(feature, "alternate")
        _complete(alternates)
        assert types - {own[0]["type"]} <= {link["type"] for link in alternates}


def _check_page(service: Service, collection: Document, page: Document) -> None:
    """I1 to I8."""
    types, _ = service.media_types
    assert page["type"] == "FeatureCollection"
    own, alternates = linked(page, "self"), linked(page, "alternate")
    _complete(own, least=1)
    _complete(alternates)
    assert types - {own[0]["type"]} <= {link["type"] for link in alternates}
    if "timeStamp" in page:
        assert datetime.fromisoformat(page["timeStamp"]).tzinfo is not None
    if "numberReturned" in page:
        assert page["numberReturned"] == len(page["features"])
    if page.get("numberMatched", MOST_MATCHED + 1) <= MOST_MATCHED:
        found = _followed(service, collection, page)
        assert found == page["numberMatched"], f"{found} of {page['numberMatched']} reached"
    for geometry in _geometries(page):
        west, south, east, north = geometry.bounds
        assert -180 <= west <= east <= 180
        assert -90 <= south <= north <= 90


def _followed(service: Service, collection: Document, page: Document) -> int:
    """The official way of paging: the limit replaced, parameters added again, four more pages."""
    most = service.parameter(collection, "limit")["schema"]["maximum"]
    found = len(page["features"])
    for _ in range(4):
        following = linked(page, "next")
        if not following:
            break
        assert following[0]["href"].startswith("http"), "next must be absolute"
        page = service.document(
            with_parameters(following[0]["href"], limit=most), accept=GEOJSON
        )
        if not page["features"]:
            break
        found += len(page["features"])
    return found


def _described(service: Service, collection: Document, name: str) -> Document:
    parameter = service.parameter(collection, name)
    assert parameter["in"] == "query"
    assert not parameter.get("required", False)
    assert parameter["style"] == "form"
    assert not parameter.get("explode", False)
    return parameter


def _complete(links: list[Document], *, least: int = 0) -> None:
    assert len(links) >= least, "a link is missing"
    for link in links:
        assert link.get("href"), link
        assert link.get("rel"), link
        assert link.get("type"), link


def _first_items(service: Service) -> Iterator[tuple[str, Document]]:
    found = False
    for collection in service.feature_collections:
        for feature in service.page(collection)["features"][:1]:
            found = True
            yield f"{service.items_address(collection)}/{feature['id']}", feature
    assert found, "no collection has an item with an id"


def _spatial(service: Service) -> list[Document]:
    return [c for c in service.feature_collections if c.get("extent", {}).get("spatial")]


def _geometries(page: Document) -> list[BaseGeometry]:
    given = [f["geometry"] for f in page["features"] if f["geometry"] is not None]
    return [shape(geometry) for geometry in given[:MOST_GEOMETRIES]]


def _area(west: float, south: float, east: float, north: float) -> BaseGeometry:
    if west <= east:
        return box(west, south, east, north)
    return box(west, south, 180, north).union(box(-180, south, east, north))


def _java_number(value: float) -> str:
    """The suite writes numbers as `###.0000000`: half a degree is `.5000000`."""
    text = f"{value:.7f}"
    for start, short in (("0.", "."), ("-0.", "-.")):
        if text.startswith(start):
            return short + text[len(start):]
    return text

"""Part 5, schemas of features, and of what can be sorted by."""

from __future__ import annotations

from tests.conformance.checker import Skip, check
from tests.conformance.service import Document, Service, linked

CLASS = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"


@check("P1", "Every collection has a schema that names itself and all properties of its features")
def schemas(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        document = _linked(service, collection, "schema")
        geometries = {n for n, p in document["properties"].items() if _is_geometry(p)}
        ids = {n for n, p in document["properties"].items() if p.get("x-ogc-role") == "id"}
        assert len(ids) == 1, collection["id"]
        named = set(document["properties"]) - geometries - ids
        for feature in service.page(collection)["features"]:
            assert set(feature["properties"]) == named, collection["id"]
            assert feature["geometry"] is None or geometries, collection["id"]


@check("P2", "A schema says which geometry is the primary one, and of which type it is")
def geometries(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        found = [
            p for p in _linked(service, collection, "schema")["properties"].values()
            if _is_geometry(p)
        ]
        assert bool(found) == ("crs" in collection), collection["id"]
        primary = [p for p in found if p.get("x-ogc-role") == "primary-geometry"]
        assert len(primary) == len(found[:1]), collection["id"]
        for feature in service.page(collection)["features"]:
            if feature["geometry"] is not None:
                type_ = feature["geometry"]["type"].lower()
                assert type_ in primary[0]["format"] or "any" in primary[0]["format"]


@check("P3", "Items can be sorted by each sortable, both ways, and by nothing else")
def sortables(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        names = list(_linked(service, collection, "sortables")["properties"])
        for name in names:
            there = [_value(f, name) for f in service.page(collection, sortby=name)["features"]]
            known = [v for v in there if v is not None]
            assert there[: len(known)] == known, f"{collection['id']}: nulls before values"
            if not any(isinstance(v, str) for v in known):
                assert known == sorted(known), f"{collection['id']}: {name}"
            back = service.page(collection, sortby=f"-{name}")["features"]
            assert len(back) == len(there)
        href = f"{service.items_address(collection)}?sortby=no_such_property"
        assert service.get(href).status_code == 400


def _declared(service: Service) -> None:
    if CLASS not in service.classes:
        raise Skip("Part 5 is not declared")


def _linked(service: Service, collection: Document, kind: str) -> Document:
    link = linked(collection, f"{_REL}{kind}")[0]
    answer = service.get(link["href"], accept=link["type"])
    assert answer.status_code == 200, link["href"]
    assert answer.headers["content-type"].startswith("application/schema+json")
    document: Document = answer.json()
    assert document["$id"] == link["href"]
    return document


def _is_geometry(described: Document) -> bool:
    return str(described.get("format", "")).startswith("geometry")


def _value(feature: Document, name: str) -> object:
    return feature["id"] if name == "id" else feature["properties"].get(name)

"""
Part 3, filtering with CQL2.

The abstract tests ask of each queryable and operator that a condition and its
opposite share no item; that no test of theirs looks at the items themselves is
made good here.
"""

from __future__ import annotations

import json
import random
from itertools import combinations
from typing import Any

from tests.conformance.checker import Skip, check
from tests.conformance.service import GEOJSON, Document, Service, linked, with_parameters

CLASS = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"

_OPPOSITES = (("=", "<>"), ("<", ">="), (">", "<="))
_HOLDS = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b,
}


@check("Q1", "Every collection has queryables, and features hold what they say")
def queryables_described(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        link = linked(collection, QUERYABLES)[0]
        answer = service.get(link["href"], accept=link["type"])
        assert answer.headers["content-type"].startswith("application/schema+json")
        document = answer.json()
        assert document["type"] == "object"
        assert document["$id"] == link["href"]
        assert document["$schema"].startswith("https://json-schema.org/draft/")
        page = service.page(collection, limit=1)
        held = {name for f in page["features"] for name in f["properties"]}
        for name, each in document["properties"].items():
            assert "type" in each or "format" in each, f"{collection['id']}: {name}"
            assert name == "id" or not held or "format" in each or name in held, name


@check("Q2", "The API describes filter, filter-lang and filter-crs")
def filters_described(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        assert service.parameter(collection, "filter")["schema"]["type"] == "string"
        languages = service.parameter(collection, "filter-lang")["schema"]["enum"]
        for language in ("cql2-text", "cql2-json"):
            assert (f"{CQL2}{language}" in service.classes) == (language in languages)
        assert service.parameter(collection, "filter-crs")["schema"]


@check("Q3", "For each kind of queryable and operator the items are those that an own look finds")
def comparisons(service: Service) -> None:
    _declared(service)
    for collection, name, values in _of_each_kind(service):
        value = sorted(values.values())[len(values) // 2]
        for operators in _OPPOSITES:
            found = []
            for operator in operators:
                ids = _ids(service, collection, f"{name} {operator} {_literal(value)}")
                if operator in ("=", "<>") or not isinstance(value, str):
                    expected = {i for i, v in values.items() if _HOLDS[operator](v, value)}
                    assert ids == expected, f"{collection['id']}: {name} {operator} {value!r}"
                found.append(ids)
            assert not found[0] & found[1], f"{collection['id']}: {name} {operators}"
            assert found[0] | found[1] == set(values), f"{collection['id']}: {name} {operators}"
        absent = _ids(service, collection, f"{name} IS NULL")
        assert absent.isdisjoint(values)
        assert _ids(service, collection, f"{name} IS NOT NULL") == set(values)


@check("Q4", "CQL2 as JSON finds what CQL2 as text finds")
def json_as_text(service: Service) -> None:
    _declared(service)
    for collection, name, values in _of_each_kind(service):
        value = next(iter(values.values()))
        said = {"op": "=", "args": [{"property": name}, value]}
        found = _ids(service, collection, json.dumps(said), **{"filter-lang": "cql2-json"})
        assert found == _ids(service, collection, f"{name} = {_literal(value)}"), name


@check("Q5", "Faulty filters are refused: grammar, property, place, language, CRS")
def faulty(service: Service) -> None:
    _declared(service)
    spatial = next(c for c in service.feature_collections if "extent" in c)
    crs = "http://www.opengis.net/def/crs/0/unsupported"
    for condition, more in (
        ("", {}), ("name =", {}), ("no_such_property = 1", {}), ("no_such_function(1) = 1", {}),
        ("S_INTERSECTS(geometry, POINT(90 180))", {}), ("true", {"filter-lang": "sql"}),
        ("{", {"filter-lang": "cql2-json"}), ("true", {"filter-crs": crs}),
        ("(" * 500 + "true" + ")" * 500, {}),
    ):
        href = with_parameters(service.items_address(spatial), filter=condition, **more)
        answer = service.get(href, accept=GEOJSON)
        assert answer.status_code == 400, f"{condition[:60]} {more}: {answer.status_code}"
        assert answer.headers["content-type"] == "application/problem+json"


@check("Q6", "A box in a filter finds what the bbox parameter finds")
def boxes(service: Service) -> None:
    _declared(service)
    for collection in service.feature_collections:
        if "extent" not in collection:
            continue
        geometry = _geometry(service, collection)
        west, south, east, north = collection["extent"]["spatial"]["bbox"][0]
        for box in ((west, south, (west + east) / 2, (south + north) / 2), (150, -90, -150, 90)):
            text = ",".join(map(repr, box))
            required = {
                f["id"] for page in service.pages(collection, bbox=text, limit=10_000)
                for f in page["features"] if f["geometry"] is not None
            }
            found = _ids(service, collection, f"S_INTERSECTS({geometry}, BBOX({text}))")
            assert found == required, f"{collection['id']}: {text}"
            apart = _ids(service, collection, f"NOT S_INTERSECTS({geometry}, BBOX({text}))")
            assert not apart & found


@check("Q7", "Random conditions joined by AND, OR and NOT keep the laws of logic")
def joined(service: Service) -> None:
    _declared(service)
    chosen = random.Random(7)
    for collection in service.feature_collections:
        terms = [
            f"{name} {operator} {_literal(chosen.choice(list(values.values())))}"
            for _, name, values in _comparable(service, collection)
            for operator in ("=", ">")
        ]
        pairs = list(combinations(terms, 2))
        for one, other in chosen.sample(pairs, min(4, len(pairs))):
            both = _ids(service, collection, f"{one} AND {other}")
            either = _ids(service, collection, f"{one} OR {other}")
            first, second = (_ids(service, collection, t) for t in (one, other))
            assert both == first & second, f"{collection['id']}: {one} AND {other}"
            assert either == first | second, f"{collection['id']}: {one} OR {other}"
            assert _ids(service, collection, f"NOT ({one} OR {other})") == _ids(
                service, collection, f"NOT ({one}) AND NOT ({other})"
            )


def _declared(service: Service) -> None:
    if CLASS not in service.classes:
        raise Skip("Part 3 is not declared")


def _comparable(
    service: Service, only: Document | None = None
) -> list[tuple[Document, str, dict[str, Any]]]:
    """Queryables with texts, numbers or truth values, and the items' values that are not null."""
    found = []
    for collection in [only] if only else service.feature_collections:
        everything = [
            f for page in service.pages(collection, limit=10_000, skipGeometry="true")
            for f in page["features"]
        ]
        named = service.document(linked(collection, QUERYABLES)[0]["href"])["properties"]
        for name, each in named.items():
            plain = each.get("type") in ("string", "number", "integer") and (
                each.get("format") not in ("date", "date-time", "uuid")
            )
            values = {
                f["id"]: v for f in everything if (v := f["properties"].get(name)) is not None
            }
            if plain and values:
                found.append((collection, name, values))
    return found


def _of_each_kind(service: Service) -> list[tuple[Document, str, dict[str, Any]]]:
    """Of each collection the comparable queryable of each type that has the most values."""
    chosen: dict[tuple[str, str], tuple[Document, str, dict[str, Any]]] = {}
    for collection, name, values in _comparable(service):
        kind = (collection["id"], type(next(iter(values.values()))).__name__)
        if kind not in chosen or len(set(values.values())) > len(set(chosen[kind][2].values())):
            chosen[kind] = (collection, name, values)
    return list(chosen.values())


def _geometry(service: Service, collection: Document) -> str:
    named = service.document(linked(collection, QUERYABLES)[0]["href"])["properties"]
    return next(name for name, each in named.items() if "geometry" in each.get("format", ""))


def _ids(service: Service, collection: Document, condition: str, **more: object) -> set[str]:
    asked = {"filter": condition, "limit": 10_000, "skipGeometry": "true", **more}
    return {f["id"] for page in service.pages(collection, **asked) for f in page["features"]}


def _literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)

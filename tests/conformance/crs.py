"""
Part 2: coordinate reference systems by reference.

What the official suite asks (R1 to R9), and what it cannot fail on: whether
coordinates are right, in the order of the authority's axes (R6), and whether a
box of another CRS finds all that lies in it (R7).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry

from tests.conformance.checker import Skip, check
from tests.conformance.service import CRS84, GEOJSON, Document, Service, linked, with_parameters

CLASS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
UNSUPPORTED = "http://www.opengis.net/def/crs/0/unsupported"
IDENTIFIER = re.compile(r"http://www\.opengis\.net/def/crs/[^/]+/[^/]+/\w+|urn:ogc:def:crs:.+")


@check("R1", "Every CRS is a valid identifier, and every list is expanded")
def identifiers(service: Service) -> None:
    _declared(service)
    for crs in service.collections.get("crs", ()):
        assert IDENTIFIER.fullmatch(crs), crs
    for collection in service.feature_collections:
        alone = service.document(linked(collection, "self")[0]["href"])
        for crs in (*_listed(service, collection), *alone.get("crs", ()),
                    alone.get("storageCrs", CRS84)):
            assert IDENTIFIER.fullmatch(crs), crs


@check("R2", "CRS84 stands first in every list")
def crs84_first(service: Service) -> None:
    for collection in _spatial(service):
        assert _listed(service, collection)[0] == CRS84, collection["id"]
    assert service.collections.get("crs", [CRS84])[0] == CRS84


@check("R3", "The storage CRS is one of the list")
def storage(service: Service) -> None:
    for collection in _spatial(service):
        assert collection.get("storageCrs", CRS84) in _listed(service, collection)


@check("R4", "Items and an item answer in each CRS and say so in Content-Crs")
def content_crs(service: Service) -> None:
    for collection in _spatial(service):
        items = service.items_address(collection)
        features = service.page(collection)["features"]
        hrefs = [items, *(f"{items}/{f['id']}" for f in features[:1])]
        for href in hrefs:
            assert service.get(href, accept=GEOJSON).headers["content-crs"] == f"<{CRS84}>"
            for crs in _listed(service, collection):
                answer = service.get(with_parameters(href, crs=crs), accept=GEOJSON)
                assert answer.status_code == 200, f"{href} {crs}"
                assert answer.headers["content-crs"] == f"<{crs}>", href


@check("R5", "A CRS that is not supported is a bad request, on items and on an item")
def unsupported(service: Service) -> None:
    for collection in _spatial(service):
        items = service.items_address(collection)
        features = service.page(collection)["features"]
        for href in [items, *(f"{items}/{f['id']}" for f in features[:1])]:
            for crs in (UNSUPPORTED, "", "EPSG:99999", f"{CRS84}/"):
                answer = service.get(with_parameters(href, crs=crs), accept=GEOJSON)
                assert answer.status_code == 400, f"{href} {crs}"


@check("R6", "Coordinates are those of PROJ, in the authority's order of axes")
def coordinates(service: Service) -> None:
    compared = 0
    for collection in _spatial(service):
        usual = _shapes(_everything(service, collection, precision=9))
        for crs in _listed(service, collection):
            given = _shapes(_everything(service, collection, crs=crs, precision=9))
            assert set(given) == set(usual)
            tolerance = 1e-7 if _crs(crs).is_geographic else 0.01
            for id_, geometry in usual.items():
                expected = shapely.transform(geometry, _to(crs))
                apart = np.abs(shapely.get_coordinates(given[id_])
                               - shapely.get_coordinates(expected))
                assert apart.max() < tolerance, f"{collection['id']}/{id_} in {crs}: {apart.max()}"
                compared += len(apart)
    assert compared or not _spatial(service)


@check("R7", "A box of each CRS finds what an own look at every geometry finds")
def bbox_crs(service: Service) -> None:
    for collection in _spatial(service):
        usual = _everything(service, collection, precision=9)
        for crs in _listed(service, collection):
            placed = {f["id"]: _moved(f["geometry"], _to(crs)) for f in usual}
            bounds = [g.bounds for g in placed.values() if g is not None]
            low, high = np.min(bounds, axis=0)[:2], np.max(bounds, axis=0)[2:]
            middle = (low + high) / 2
            for one, other in ((low, middle), (middle, high)):
                area = box(*one, *other)
                edge = area.exterior.buffer(1e-7 if _crs(crs).is_geographic else 0.05)
                expected = {i for i, g in placed.items() if g is None or g.intersects(area)}
                unsure = {i for i, g in placed.items() if g is not None and g.intersects(edge)
                          and not g.intersects(area.difference(edge))}
                numbers = ",".join(str(float(n)) for n in (*one, *other))
                found = {f["id"] for f in _everything(service, collection, bbox=numbers,
                                                      **{"bbox-crs": crs})}
                wrong = (found ^ expected) - unsure
                assert not wrong, f"{collection['id']} in {crs}: {len(wrong)} differ"


@check("R8", "bbox-crs=CRS84 changes nothing")
def bbox_crs84(service: Service) -> None:
    for collection in _spatial(service):
        extent = collection["extent"]["spatial"]["bbox"][0]
        bbox = ",".join(map(str, extent))
        plain = service.page(collection, bbox=bbox)["features"]
        named = service.page(collection, bbox=bbox, **{"bbox-crs": CRS84})["features"]
        assert [f["id"] for f in plain] == [f["id"] for f in named]


@check("R9", "A bbox-crs that is not supported is a bad request")
def bbox_unsupported(service: Service) -> None:
    for collection in service.feature_collections:
        href = with_parameters(
            service.items_address(collection), bbox="5,49,6,50", **{"bbox-crs": UNSUPPORTED}
        )
        assert service.get(href, accept=GEOJSON).status_code == 400


@check("R10", "Links to other pages keep the CRS")
def next_keeps_crs(service: Service) -> None:
    for collection in _spatial(service):
        crs = _listed(service, collection)[-1]
        page = service.page(collection, crs=crs, limit=2)
        for link in linked(page, "next"):
            answer = service.get(link["href"], accept=GEOJSON)
            assert answer.headers["content-crs"] == f"<{crs}>"


def _declared(service: Service) -> None:
    if CLASS not in service.classes:
        raise Skip("Part 2 is not declared")


def _spatial(service: Service) -> list[Document]:
    _declared(service)
    found = [c for c in service.feature_collections if c.get("extent", {}).get("spatial")]
    assert found, "no collection has a spatial extent"
    return found


def _listed(service: Service, collection: Document) -> list[str]:
    listed: list[str] = []
    for crs in collection.get("crs", ()):
        listed += service.collections["crs"] if crs == "#/crs" else [crs]
    return listed


def _everything(service: Service, collection: Document, **asked: Any) -> list[Document]:
    pages = service.pages(collection, limit=10_000, **asked)
    return [feature for page in pages for feature in page["features"]]


def _shapes(features: list[Document]) -> dict[str, BaseGeometry]:
    return {f["id"]: shape(f["geometry"]) for f in features if f["geometry"] is not None}


@cache
def _crs(uri: str) -> CRS:
    authority, _, code = uri.rsplit("/", 3)[1:]
    return CRS.from_authority(authority, code)


@cache
def _to(uri: str) -> Callable[[Any], Any]:
    """From longitude and latitude to the CRS's own axes in their order."""
    move = Transformer.from_crs(_crs(CRS84), _crs(uri))
    return lambda points: np.column_stack(move.transform(points[:, 0], points[:, 1]))


def _moved(geometry: Document | None, to: Callable[[Any], Any]) -> BaseGeometry | None:
    return None if geometry is None else shapely.transform(shape(geometry), to)

"""Parameters of the OpenAPI document for what is asked beyond the standard: nearest, search."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.openapi_parameters import query_parameter

NEAREST_DEFAULT = 10
NEAREST_MOST = 1_000
NEAREST_SHARED = ("bbox", "bbox-crs", *FILTER)
"""Parameters that `nearest` takes over from the items."""
SEARCH_DEFAULT = 20
SEARCH_MOST = 100
FARTHEST_M = 20_100_000
"""More than half way round the earth."""


def nearest_parameters() -> list[Document]:
    """Where one stands, and how many items how far away."""
    return [
        query_parameter(
            "lon", "Longitude of the place, in degrees of WGS84.",
            {"type": "number", "minimum": -180, "maximum": 180}, required=True,
        ),
        query_parameter(
            "lat", "Latitude of the place, in degrees of WGS84.",
            {"type": "number", "minimum": -90, "maximum": 90}, required=True,
        ),
        query_parameter(
            "limit", "Most items; more than the maximum is answered with the maximum.",
            {"type": "integer", "minimum": 1, "maximum": NEAREST_MOST,
             "default": NEAREST_DEFAULT},
        ),
        query_parameter(
            "max_distance_m", "Items at most so many metres away, along the ground.",
            {"type": "number", "minimum": 0, "maximum": FARTHEST_M},
        ),
    ]


def search_parameters(known: Iterable[str]) -> list[Document]:
    """What to look for; `known` are the collections that the reader may search."""
    return [
        query_parameter(
            "q", "A name, asset tag, identifier or title, or nearly so, in either language.",
            {"type": "string", "minLength": 3, "maxLength": 100}, required=True,
        ),
        query_parameter(
            "limit", "Most hits; more than the maximum is answered with the maximum.",
            {"type": "integer", "minimum": 1, "maximum": SEARCH_MOST, "default": SEARCH_DEFAULT},
        ),
        query_parameter(
            "collections", "The only collections to search.",
            {"type": "array", "items": {"type": "string", "enum": list(known)}},
        ),
    ]


def search_hits() -> Document:
    """The schema of the answer: points, best first."""
    text, optional = {"type": "string"}, {"type": "string", "nullable": True}
    hit = {
        "type": "object",
        "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": text,
            "geometry": {"type": "object", "nullable": True},
            "properties": {
                "type": "object",
                "properties": {
                    "collection": text,
                    "collection_title": text,
                    "item": {**optional, "description": "Id of the item; null is the collection."},
                    "label": text,
                    "score": {"type": "number"},
                    "href": {"type": "string", "format": "uri"},
                },
            },
        },
    }
    return {
        "type": "object",
        "required": ["type", "features", "links"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "items": hit},
            "links": ref("schemas", "Links"),
            "numberReturned": {"type": "integer", "minimum": 0},
        },
    }


def nearest_page(page: Document) -> Document:
    """The schema of the answer: a page whose items say how far away they are."""
    measured = {
        "distance_m": {
            "type": "number", "minimum": 0,
            "description": "Metres along the ground (geodesic on WGS84).",
        },
        "bearing_deg": {
            "type": "number", "minimum": 0, "maximum": 360, "nullable": True,
            "description": "Direction in which to set out, in degrees clockwise from north; "
            "null where one stands already.",
        },
    }
    properties = {
        "type": "object",
        "required": list(measured),
        "properties": measured,
    }
    items = {"type": "object", "properties": {"properties": properties}}
    features = {"type": "object", "properties": {"features": {"type": "array", "items": items}}}
    return {"allOf": [page, features]}

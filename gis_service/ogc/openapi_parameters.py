"""Parameters of the OpenAPI document that do not depend on the registry."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model.fields import LANGUAGES
from gis_service.model.queries import ServedCrs
from gis_service.ogc.media import DOWNLOADS, Format
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.rendering import MOST_DECIMALS
from gis_service.ogc.sorting import MOST_TERMS

RENDERING = ("properties", "exclude-properties", "skipGeometry", "precision", "crs")
"""Parameters that say how an item is written."""
PAGE = ("limit", "offset", "bbox", "bbox-crs", "datetime", "sortby", "cursor")
"""Parameters of a page of items, besides those."""
MOST_OFFSET = 10_000
"""The largest `offset`."""


def refs(names: Iterable[str]) -> list[Document]:
    """References to parameters."""
    return [ref("parameters", name) for name in names]


def parameters(
    default_limit: int, max_limit: int, served: Iterable[ServedCrs]
) -> Document:
    """The parameters by name; a CRS is one of `served`."""
    crs = [each.uri for each in served]
    return {
        "lang": query_parameter(
            "lang", "Language of titles, stronger than the Accept-Language header.",
            {"type": "string", "enum": list(LANGUAGES)},
        ),
        "limit": query_parameter(
            "limit",
            "Most items on a page; more than the maximum is answered with the maximum. Without it "
            f"a file ({', '.join(each.name for each in DOWNLOADS)}) holds all items that match.",
            {"type": "integer", "minimum": 1, "maximum": max_limit,
             "default": min(default_limit, max_limit)},
        ),
        "offset": query_parameter(
            "offset",
            "Items to leave out at the start, for clients that count pages; not together with "
            "`cursor`. The links `next` and `prev` are faster and miss nothing.",
            {"type": "integer", "minimum": 0, "maximum": MOST_OFFSET, "default": 0},
        ),
        "bbox": query_parameter(
            "bbox",
            "Items that meet this box: west, south, east, north in degrees (CRS84), or six "
            "numbers with heights. West above east crosses the antimeridian. In another CRS "
            "(`bbox-crs`) the numbers stand in the order of its axes.",
            {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}},
        ),
        "datetime": query_parameter(
            "datetime",
            "Items of this time or interval (RFC 3339; `..` leaves an end open). "
            "Items without a time match every one.",
            {"type": "string"},
        ),
        "cursor": query_parameter(
            "cursor",
            "Where a page starts; taken from the `next` or `prev` link of another page of the "
            "same order.",
            {"type": "string"},
        ),
        "sortby": query_parameter(
            "sortby",
            "Properties to sort by, comma-separated; a minus sign before one turns its order "
            "round. Items without a value come last.",
            {"type": "array", "minItems": 1, "maxItems": MOST_TERMS, "items": {"type": "string"}},
        ),
        "properties": query_parameter(
            "properties", "The only properties to write, comma-separated.",
            {"type": "array", "items": {"type": "string"}},
        ),
        "exclude-properties": query_parameter(
            "exclude-properties", "Properties to leave out, comma-separated.",
            {"type": "array", "items": {"type": "string"}},
        ),
        "skipGeometry": query_parameter(
            "skipGeometry", "Whether to leave out the geometry.",
            {"type": "boolean", "default": False},
        ),
        "precision": query_parameter(
            "precision", "Decimals of a coordinate: 7 in degrees and 3 in metres by default.",
            {"type": "integer", "minimum": 0, "maximum": MOST_DECIMALS},
        ),
        "crs": query_parameter(
            "crs", "Coordinate reference system of the answer; its axes decide their order.",
            {"type": "string", "format": "uri", "enum": crs, "default": crs[0]},
        ),
        "bbox-crs": query_parameter(
            "bbox-crs", "Coordinate reference system of `bbox`.",
            {"type": "string", "format": "uri", "enum": crs, "default": crs[0]},
        ),
        "featureId": path_parameter(
            "featureId", "Id of the item.", {"type": "string", "format": "uuid"}
        ),
    }


def format_parameter(offered: Iterable[Format]) -> Document:
    """The parameter `f` of a resource that is offered in these formats."""
    names = [name for each in offered for name in (each.name, *each.also) if "/" not in name]
    return query_parameter(
        "f", "Format of the answer, stronger than the Accept header.",
        {"type": "string", "enum": list(dict.fromkeys(names))},
    )


def query_parameter(
    name: str, description: str, schema: Document, *, required: bool = False
) -> Document:
    """A parameter of the query string; several values are parted by commas."""
    return {
        "name": name,
        "in": "query",
        "description": description,
        "required": required,
        "style": "form",
        "explode": False,
        "schema": schema,
    }


def path_parameter(name: str, description: str, schema: Document) -> Document:
    """A parameter in the path."""
    return {
        "name": name,
        "in": "path",
        "description": description,
        "required": True,
        "schema": schema,
    }

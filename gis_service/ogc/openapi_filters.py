"""Filters, functions and schemas in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model.audience import Audience
from gis_service.model.fields import Collection
from gis_service.model.queries import ServedCrs
from gis_service.model.rights import Operation, rights
from gis_service.ogc.cql2 import LANGUAGES, MOST_BYTES
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_parameters import query_parameter

FILTER = ("filter", "filter-lang", "filter-crs")
"""Parameters of a page of items that filter it, besides its properties."""

_TYPES: Document = {
    "type": "array",
    "items": {"type": "string", "enum": ["boolean", "geometry", "number", "string"]},
}
FUNCTIONS_SCHEMA: Document = {
    "type": "object",
    "required": ["functions", "links"],
    "properties": {
        "functions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name", "returns"],
                "properties": {
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "returns": _TYPES,
                    "arguments": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {"title": {"type": "string"}, "type": _TYPES},
                        },
                    },
                },
            },
        },
        "links": ref("schemas", "Links"),
    },
}


def schema_parameters(collection: Collection, audience: Audience) -> list[Document]:
    """What the schema of a collection can be asked for by those who may change its items."""
    allowed = sorted(rights(collection, audience) - {Operation.DELETE})
    if not allowed:
        return []
    return [
        query_parameter(
            "type", "The schema of what the body of such an edit may hold.",
            {"type": "string", "enum": allowed},
        )
    ]


def filter_parameters(served: Iterable[ServedCrs]) -> Document:
    """The parameters by name; a CRS is one of `served`."""
    crs = [each.uri for each in served]
    return {
        "filter": query_parameter(
            "filter",
            "Items that fulfil a filter of CQL2 (OGC 21-065), such as "
            "`name LIKE 'K%' AND S_INTERSECTS(geometry,BBOX(34.7,-0.8,34.9,-0.6))`. Properties "
            "are those of the collection's queryables, functions those of `/functions`.",
            {"type": "string", "maxLength": max(MOST_BYTES.values())},
        ),
        "filter-lang": query_parameter(
            "filter-lang", "Language of the filter.",
            {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
        ),
        "filter-crs": query_parameter(
            "filter-crs",
            "Coordinate reference system of the coordinates in the filter, which stand in the "
            "order of its axes.",
            {"type": "string", "format": "uri", "enum": crs, "default": crs[0]},
        ),
    }

"""What operations answer: features, pages of them, and faults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gis_service.model.audience import Audience, visible_fields, visible_geometry
from gis_service.model.fields import Collection, Language
from gis_service.ogc.media import HTML, PROBLEM
from gis_service.ogc.openapi_components import ref
from gis_service.ogc.openapi_edits import RESPONSES
from gis_service.ogc.schemas import geometry_schema, property_schema

Document = dict[str, Any]


def shared_responses() -> Document:
    """Answers that tell of a fault, by name."""
    told = {
        "BadRequest": "The request cannot be understood; the answer says why.",
        "NotFound": "There is no such resource.",
        "NotAcceptable": "The resource is not offered in a format that was asked for.",
        "TooManyRequests": "The caller sent too many requests; try again later.",
        "ServerError": "The service failed; the answer carries the request's id.",
        "Unavailable": "The service cannot answer now; try again later.",
        **RESPONSES,
    }
    problem = {
        PROBLEM.media_type: {"schema": ref("schemas", "Problem")},
        HTML.media_type: {"schema": {"type": "string"}},
    }
    responses: Document = {
        name: {"description": description, "content": problem}
        for name, description in told.items()
    }
    # So the server says it of what is no request of HTTP, such as an address of 64 kB.
    responses["BadRequest"]["content"] = {**problem, "text/plain": {"schema": {"type": "string"}}}
    for name in ("TooManyRequests", "Unavailable"):
        responses[name]["headers"] = {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        }
    return responses


def feature_schemas(
    known: Iterable[Collection], audience: Audience, language: Language
) -> Document:
    """Of each collection a feature, and a page of features."""
    schemas: Document = {}
    for collection in known:
        properties = {
            field.name: property_schema(field, language)
            for field in visible_fields(collection, audience)
        }
        schemas[f"{collection.id}_feature"] = {
            "type": "object",
            "required": ["type", "id", "geometry", "properties"],
            "properties": {
                "type": {"type": "string", "enum": ["Feature"]},
                "id": {"type": "string", "format": "uuid"},
                "geometry": geometry_schema(visible_geometry(collection, audience)),
                "properties": {"type": "object", "nullable": True, "properties": properties},
                "links": ref("schemas", "Links"),
            },
        }
        schemas[f"{collection.id}_page"] = {
            "type": "object",
            "required": ["type", "features", "links"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {
                    "type": "array", "items": ref("schemas", f"{collection.id}_feature")
                },
                "links": ref("schemas", "Links"),
                "timeStamp": {"type": "string", "format": "date-time"},
                "numberMatched": {"type": "integer", "minimum": 0},
                "numberMatchedEstimate": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "About how many items match, in place of `numberMatched` "
                    "where they are too many to count.",
                },
                "numberReturned": {"type": "integer", "minimum": 0},
            },
        }
    return schemas

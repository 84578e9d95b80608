"""What the OpenAPI document says of editing and of history, as far as an audience may do it."""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model.audience import Audience, editable_fields
from gis_service.model.fields import Collection, Language
from gis_service.model.rights import Operation, reads_history, rights
from gis_service.ogc.media import GEOJSON, HTML, JSON, Format
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_parameters import (
    format_parameter,
    path_parameter,
    query_parameter,
    refs,
)
from gis_service.ogc.schemas import geometry_schema, property_schema

_STRING: Document = {"type": "string"}
_PATCH = "application/merge-patch+json"
_CONDITIONS = ("If-Match", "If-None-Match", "If-Unmodified-Since")
_FAULTS = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "406": "NotAcceptable",
    "409": "Conflict",
    "412": "PreconditionFailed",
    "413": "BodyTooLarge",
    "415": "UnsupportedMediaType",
    "422": "RepeatedKey",
    "428": "PreconditionRequired",
    "429": "TooManyRequests",
    "500": "ServerError",
    "503": "Unavailable",
}
RESPONSES = {
    "Unauthorized": "There is no key, or it opens nothing.",
    "Forbidden": "The role of the key may not do that.",
    "Conflict": "Another change came first, or other items depend on this one.",
    "PreconditionFailed": "The item is not as the change expects it.",
    "BodyTooLarge": "The body is longer than the service takes.",
    "UnsupportedMediaType": "The body is of a type that is not taken here.",
    "RepeatedKey": "The Idempotency-Key was used for another request.",
    "PreconditionRequired": "The change must say on which version it is based.",
}
"""Descriptions of the refusals that only changes meet."""


def edit_parameters() -> Document:
    """Headers of changes, by name."""
    told = {
        "If-Match": "Change the item only if its ETag is one of these.",
        "If-None-Match": "Change the item only if its ETag is none of these; * : only if there is "
        "no such item, so that nothing is overwritten.",
        "If-Unmodified-Since": "Change the item only if it was not changed after this time.",
        "Idempotency-Key": "A word of the client's own for this request: sent again with it, the "
        "request gets the same answer and is not carried out twice. Kept for 24 hours.",
        "Prefer": "`return=representation` has the item answered, `return=minimal` not.",
        "Content-Crs": "CRS of the body's coordinates as <URI>; CRS84 by default.",
    }
    return {
        name: {
            "name": name, "in": "header", "description": description, "required": False,
            "schema": _STRING,
        }
        for name, description in told.items()
    }


def add_editing(
    paths: Document, known: Iterable[Collection], audience: Audience, language: Language
) -> None:
    """Add to `paths` what this audience may change, and what it may know of the past."""
    for collection in known:
        may = rights(collection, audience)
        items = f"/collections/{collection.id}/items"
        for operation, path, method, made in (
            (Operation.CREATE, items, "post", _create),
            (Operation.REPLACE, f"{items}/{{featureId}}", "put", _replace),
            (Operation.UPDATE, f"{items}/{{featureId}}", "patch", _update),
            (Operation.DELETE, f"{items}/{{featureId}}", "delete", _delete),
        ):
            if operation in may:
                paths[path][method] = made(collection, language)
        if reads_history(audience):
            paths.update(_history(collection, language))
    if any(rights(collection, audience) for collection in known):
        paths["/batch"] = {"post": _batch()}


def edit_schemas(
    known: Iterable[Collection], audience: Audience, language: Language
) -> Document:
    """Bodies of changes, by name."""
    schemas: Document = {}
    for collection in known:
        if not rights(collection, audience):
            continue
        properties = {f.name: property_schema(f, language) for f in editable_fields(collection)}
        geometry = geometry_schema(collection.geometry)
        shape: Document = {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": {"type": "string", "format": "uuid"},
            "geometry": geometry,
            "properties": {
                "type": "object", "nullable": True, "additionalProperties": False,
                "properties": properties,
            },
        }
        schemas[f"{collection.id}_body"] = {
            "type": "object", "required": ["type", "geometry", "properties"], "properties": shape,
        }
        schemas[f"{collection.id}_patch"] = {
            "type": "object",
            "properties": {
                **shape,
                "properties": {k: v for k, v in shape["properties"].items() if k != "nullable"},
            },
        }
    return schemas


def _create(collection: Collection, language: Language) -> Document:
    return _change(
        collection, "create", f"{collection.title[language]}: add an item",
        body=(GEOJSON.media_type, f"{collection.id}_body"),
        # a body that is there for some only (`Prefer`) cannot be described
        answers={"201": "The item was added; Location says where it is."},
        parameters=("Idempotency-Key", "Prefer", "Content-Crs"),
        faults=("409",),
    )


def _replace(collection: Collection, language: Language) -> Document:
    return _change(
        collection, "replace", f"{collection.title[language]}: replace an item",
        body=(GEOJSON.media_type, f"{collection.id}_body"),
        answers={"200": "The item as it is now.", "204": "The item was replaced."},
        parameters=("featureId", *_CONDITIONS, "Idempotency-Key", "Prefer", "Content-Crs"),
        faults=("404", "409", "412", "428"),
    )


def _update(collection: Collection, language: Language) -> Document:
    return _change(
        collection, "update", f"{collection.title[language]}: change some of an item",
        body=(_PATCH, f"{collection.id}_patch"),
        answers={"200": "The item as it is now.", "204": "The item was changed."},
        parameters=("featureId", *_CONDITIONS, "Idempotency-Key", "Prefer", "Content-Crs"),
        faults=("404", "409", "412", "428"),
    )


def _delete(collection: Collection, language: Language) -> Document:
    return _change(
        collection, "delete", f"{collection.title[language]}: delete an item",
        body=None,
        answers={"204": "The item was deleted."},
        parameters=("featureId", *_CONDITIONS, "Idempotency-Key"),
        faults=("404", "409", "412", "428"),
    )


def _change(
    collection: Collection,
    verb: str,
    summary: str,
    *,
    body: tuple[str, str] | None,
    answers: Document,
    parameters: tuple[str, ...],
    faults: tuple[str, ...],
) -> Document:
    shown = {GEOJSON.media_type: {"schema": ref("schemas", f"{collection.id}_feature")}}
    document: Document = {
        "tags": [collection.id],
        "operationId": f"{verb}_{collection.id}",
        "summary": summary,
        "parameters": refs((*parameters, "lang")),
        "responses": {
            **{
                status: {
                    "description": description,
                    **({"content": shown} if status == "200" else {}),
                }
                for status, description in answers.items()
            },
            **refusals(("400", "401", "403", "422", "429", "500", "503", *faults)),
        },
    }
    if body is not None:
        type_, schema = body
        document["requestBody"] = {
            "required": True, "content": {type_: {"schema": ref("schemas", schema)}}
        }
        document["responses"].update(refusals(("413", "415")))
    return document


def _batch() -> Document:
    operation: Document = {
        "type": "object",
        "required": ["method", "collection"],
        "additionalProperties": False,
        "properties": {
            "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]},
            "collection": _STRING,
            "id": {"type": "string", "format": "uuid"},
            "body": {"type": "object"},
            "ifMatch": _STRING,
        },
    }
    result: Document = {
        "type": "object",
        "required": ["method", "collection", "id", "status"],
        "properties": {
            "method": _STRING, "collection": _STRING, "id": {"type": "string", "format": "uuid"},
            "status": {"type": "integer"}, "etag": _STRING, "location": _STRING,
            "feature": {"type": "object"},
        },
    }
    results = {"type": "object", "properties": {"results": {"type": "array", "items": result}}}
    return {
        "tags": ["Capabilities"],
        "operationId": "batch",
        "summary": "Many changes in one transaction: all of them or none",
        "parameters": refs(("Idempotency-Key", "Prefer", "Content-Crs", "lang")),
        "requestBody": {
            "required": True,
            "content": {
                JSON.media_type: {
                    "schema": {"type": "array", "minItems": 1, "items": operation}
                }
            },
        },
        "responses": {
            "200": {
                "description": "What became of each change.",
                "content": {JSON.media_type: {"schema": results}},
            },
            **refusals(
                ("400", "401", "403", "404", "409", "413", "415", "422", "428", "429", "500", "503")
            ),
        },
    }


def _history(collection: Collection, language: Language) -> Document:
    title = collection.title[language]
    item = f"/collections/{collection.id}/items/{{featureId}}"
    time: Document = {"type": "string", "format": "date-time"}
    return {
        f"{item}/versions": _past(
            collection, f"versions_{collection.id}", f"{title}: versions of an item",
            [(JSON, {"type": "object"}), (HTML, _STRING)], refs(("featureId",)),
        ),
        f"{item}/versions/{{number}}": _past(
            collection, f"version_{collection.id}", f"{title}: one version of an item",
            [(GEOJSON, ref("schemas", f"{collection.id}_feature"))],
            [
                *refs(("featureId",)),
                path_parameter(
                    "number", "Counted from 1.", {"type": "integer", "minimum": 1}
                ),
            ],
        ),
        f"/collections/{collection.id}/changes": _past(
            collection, f"changes_{collection.id}", f"{title}: what changed between two times",
            [(JSON, {"type": "object"})],
            [
                {**query_parameter("since", "The earlier time.", time), "required": True},
                query_parameter("until", "The later time; now by default.", time),
                *refs(("limit", "cursor")),
            ],
        ),
    }


def _past(
    collection: Collection,
    operation: str,
    summary: str,
    answers: list[tuple[Format, Document]],
    parameters: list[Document],
) -> Document:
    return {
        "get": {
            "tags": [collection.id],
            "operationId": operation,
            "summary": summary,
            "parameters": [*parameters, format_parameter(f for f, _ in answers), *refs(("lang",))],
            "responses": {
                "200": {
                    "description": summary,
                    "content": {f.media_type: {"schema": schema} for f, schema in answers},
                },
                **refusals(("400", "401", "403", "404", "406", "429", "500", "503")),
            },
        }
    }


def refusals(statuses: Iterable[str]) -> Document:
    """References to what refuses, by status."""
    return {status: ref("responses", _FAULTS[status]) for status in sorted(set(statuses))}

"""JSON Schemas (Draft 2020-12) of the standard, made from its declaration."""

from __future__ import annotations

from functools import cache
from typing import Any

from gis_service.model.ofds.codelists import closed_codes
from gis_service.model.ofds.versions import OfdsVersion
from gis_service.model.ofds.words import Kind, OfdsClass, Property

DIALECT = "https://json-schema.org/draft/2020-12/schema"
POSITION = {"type": "array", "items": {"type": "number"}, "minItems": 2}
"""Two numbers or more."""
_PLAIN: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string", "minLength": 1},
    Kind.CODE: {"type": "string", "minLength": 1},
    Kind.UUID: {"type": "string", "format": "uuid"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.IRI: {"type": "string", "format": "iri"},
    Kind.URI: {"type": "string", "format": "uri"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.POSITION: POSITION,
    Kind.LINE: {"type": "array", "items": POSITION, "minItems": 2},
    Kind.COORDINATES: {
        "type": "array", "items": {"type": ["number", "array"], "minItems": 1}, "minItems": 1,
    },
}


@cache
def network_schema(version: OfdsVersion) -> dict[str, Any]:
    """The schema of one network: what `links[0].href` points to."""
    schema = _object(version.class_named("Network"), version)
    schema["properties"]["links"]["prefixItems"] = [{
        "type": "object",
        "properties": {
            "href": {"type": "string", "const": version.schema_uri},
            "rel": {"type": "string", "const": "describedby"},
        },
    }]
    return {
        "$schema": DIALECT,
        "$id": version.schema_uri,
        **schema,
        "$defs": {
            c.name: _object(c, version) for c in version.classes if c.name != "Network"
        },
    }


@cache
def package_schema(version: OfdsVersion) -> dict[str, Any]:
    """
    The schema of a package, with that of its networks in `$defs`.

    A validator needs nothing else and opens no address.
    """
    link = _PLAIN[Kind.IRI]
    return {
        "$schema": DIALECT,
        "$id": version.package_schema_uri,
        "type": "object",
        "required": ["networks"],
        "properties": {
            "networks": {
                "type": "array", "minItems": 1, "items": {"$ref": version.schema_uri},
            },
            "links": {
                "type": "object",
                "properties": {"next": link, "prev": link},
                "minProperties": 1,
            },
        },
        "$defs": {"Network": network_schema(version)},
    }


def _object(class_: OfdsClass, version: OfdsVersion) -> dict[str, Any]:
    properties = version.properties(class_.name)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {p.name: _property(p, version) for p in properties},
    }
    required = [p.name for p in properties if p.required]
    if required:
        schema["required"] = required
    elif not class_.may_be_empty:
        schema["minProperties"] = 1
    if version.sealed(class_):
        schema["additionalProperties"] = False
    if forbidden := version.forbidden(class_):
        schema["propertyNames"] = {"not": {"enum": list(forbidden)}}
    return schema


def _property(property_: Property, version: OfdsVersion) -> dict[str, Any]:
    value = _value(property_, version)
    if not property_.array:
        return value
    return {"type": "array", "items": value, "minItems": 1, "uniqueItems": True}


def _value(property_: Property, version: OfdsVersion) -> dict[str, Any]:
    if property_.kind is Kind.OBJECT:
        return {"$ref": f"#/$defs/{property_.of}"}
    if property_.closed:
        return {"type": "string", "enum": list(closed_codes(property_.codelist, version.id))}
    value = dict(_PLAIN[property_.kind])
    if property_.const:
        value.pop("minLength", None)
        value["const"] = property_.const
    if property_.pattern:
        value["pattern"] = property_.pattern
    return value

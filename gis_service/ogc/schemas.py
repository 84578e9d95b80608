"""JSON Schema of fields, derived from the registry."""

from __future__ import annotations

from typing import Any

from gis_service.model.fields import Field, FieldType, GeometryType, Language

Schema = dict[str, Any]

_TYPES: dict[FieldType, Schema] = {
    FieldType.TEXT: {"type": "string"},
    FieldType.CODE: {"type": "string"},
    FieldType.CODES: {"type": "string"},
    FieldType.INTEGER: {"type": "integer"},
    FieldType.NUMBER: {"type": "number"},
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.DATE: {"type": "string", "format": "date"},
    FieldType.TIMESTAMP: {"type": "string", "format": "date-time"},
    FieldType.REFERENCE: {"type": "string", "format": "uuid"},
    FieldType.REFERENCES: {"type": "string", "format": "uuid"},
    FieldType.OBJECT: {"type": "object"},
    FieldType.PERSON: {"type": "string", "format": "uuid"},
}
SEVERAL = (FieldType.CODES, FieldType.REFERENCES)
"""Types whose values are several."""


def value_schema(field: Field) -> Schema:
    """One value of a field; of a field that holds several, one of them."""
    schema = dict(_TYPES[field.type])
    if field.codelist is not None and field.codelist.closed:
        schema["enum"] = list(field.codelist.values())
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    return schema


def queryable_schema(field: Field, language: Language) -> Schema:
    """A field as something to ask by."""
    schema: Schema = {
        "title": field.title[language],
        "description": field.description[language],
        **value_schema(field),
    }
    if field.unit is not None:
        schema["x-ogc-unit"] = field.unit
    return schema


def property_schema(field: Field, language: Language) -> Schema:
    """
    A field as a property of a feature, in the words of OpenAPI 3.0.

    A value may be absent whatever the rules for loading are: the reader may
    see less than the file had.
    """
    value = value_schema(field)
    about: Schema = {
        "title": field.title[language], "description": field.description[language]
    }
    if field.unit is not None:
        about["x-ogc-unit"] = field.unit
    if field.type in SEVERAL:
        return {**about, "type": "array", "nullable": True, "items": value}
    if field.type is FieldType.OBJECT:
        return {**about, "anyOf": [{**value, "nullable": True}, {"type": "array", "items": {}}]}
    if "enum" in value:
        value["enum"] = [*value["enum"], None]
    return {**about, **value, "nullable": True}


def geometry_schema(geometry: GeometryType | None) -> Schema:
    """A feature's geometry; null for a collection that has none."""
    if geometry is None:
        return {"type": "object", "nullable": True, "enum": [None]}
    position: Schema = {
        "type": "array", "minItems": 2, "maxItems": 3, "items": {"type": "number"}
    }
    coordinates = position
    for least in _NESTING[geometry]:
        coordinates = {"type": "array", "minItems": least, "items": coordinates}
    return {
        "type": "object",
        "nullable": True,
        "required": ["type", "coordinates"],
        "properties": {
            "type": {"type": "string", "enum": [geometry.value]},
            "coordinates": coordinates,
        },
    }


_NESTING: dict[GeometryType, tuple[int, ...]] = {
    GeometryType.POINT: (),
    GeometryType.LINE_STRING: (2,),
    GeometryType.MULTI_POLYGON: (4, 1, 1),
}

"""
A collection as JSON Schema, in the words of OGC API - Features, Part 5 (23-058r2).

Four documents of one shape: what it can be asked by, what it can be sorted by,
what its items hold, and what an edit may hold.
"""

from __future__ import annotations

from collections.abc import Iterable

from gis_service.model.fields import Collection, Field, FieldType, GeometryType, Language
from gis_service.model.queryables import GEOMETRY, GEOMETRY_TITLE, ID, Queryables
from gis_service.ogc.schemas import SEVERAL, Schema, value_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_GEOMETRIES: dict[GeometryType, str] = {
    GeometryType.POINT: "geometry-point",
    GeometryType.LINE_STRING: "geometry-linestring",
    GeometryType.MULTI_POLYGON: "geometry-multipolygon",
}


def queryables(asked: Queryables, language: Language, *, address: str) -> Schema:
    """
    What a collection can be asked by.

    Parameters
    ----------
    address
        Where the document stands.
    """
    properties = _properties(asked.fields.values(), asked.geometry, language)
    return _document(asked.collection, properties, language, address) | {
        "additionalProperties": False
    }


def sortables(
    collection: Collection, fields: Iterable[Field], language: Language, *, address: str
) -> Schema:
    """What a collection's items can be sorted by: `fields`."""
    return _document(collection, _properties(fields, None, language), language, address) | {
        "additionalProperties": False
    }


def returnables(
    collection: Collection,
    fields: Iterable[Field],
    geometry: GeometryType | None,
    language: Language,
    *,
    address: str,
    writable: frozenset[Field],
) -> Schema:
    """
    What the items of a collection hold for one reader.

    Parameters
    ----------
    fields
        Those that the reader sees.
    writable
        Those that this reader may write; the others are marked `readOnly`.
    """
    properties = _properties((ID, *fields), geometry, language)
    for field in (ID, *fields):
        if field not in writable:
            properties[field.name]["readOnly"] = True
    if geometry is not None and not writable:
        properties[GEOMETRY]["readOnly"] = True
    return _document(collection, properties, language, address)


def receivables(
    collection: Collection,
    fields: Iterable[Field],
    language: Language,
    *,
    address: str,
    whole: bool,
) -> Schema:
    """
    What the body of an edit may hold, as a flat list of properties and the geometry.

    Parameters
    ----------
    fields
        Those that may be written.
    whole
        Whether the body is an item as a whole, which must hold what is
        required; a change names only what changes.
    """
    listed = tuple(fields)
    document = _document(
        collection, _properties(listed, collection.geometry, language), language, address
    )
    if whole:
        document["required"] = [f.name for f in listed if f.required]
        if collection.geometry is not None and collection.geometry_required:
            document["required"].append(GEOMETRY)
    return document | {"additionalProperties": False}


def _document(
    collection: Collection, properties: Schema, language: Language, address: str
) -> Schema:
    return {
        "$schema": DIALECT,
        "$id": address,
        "type": "object",
        "title": collection.title[language],
        "description": collection.description[language],
        "properties": properties,
    }


def _properties(
    fields: Iterable[Field], geometry: GeometryType | None, language: Language
) -> Schema:
    """The properties by name, numbered in the order in which they are shown."""
    made: Schema = {field.name: _property(field, language) for field in fields}
    if geometry is not None:
        made[GEOMETRY] = {
            "title": GEOMETRY_TITLE[language],
            "format": _GEOMETRIES[geometry],
            "x-ogc-role": "primary-geometry",
        }
    for number, schema in enumerate(made.values(), start=1):
        schema["x-ogc-propertySeq"] = number
    return made


def _property(field: Field, language: Language) -> Schema:
    about: Schema = {
        "title": field.title[language], "description": field.description[language]
    }
    if field.unit is not None:
        about["x-ogc-unit"] = field.unit
    value = value_schema(field)
    if field is ID:
        value["x-ogc-role"] = "id"
    if field.references is not None:
        value |= {"x-ogc-role": "reference", "x-ogc-collectionId": field.references}
    if field.type in SEVERAL:
        return {**about, "type": "array", "items": value}
    if field.type is FieldType.OBJECT:
        return {**about, "type": ["object", "array"]}
    return {**about, **value}

"""What stands around the placemarks of a KML file (OGC 12-007r2)."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr  # nosec B406 # it parses nothing

from gis_service.model.fields import Collection, Field, FieldType

_TYPES = {FieldType.INTEGER: "int", FieldType.NUMBER: "double", FieldType.BOOLEAN: "bool"}

TAIL = b"</Document>\n</kml>\n"


def head(collection: Collection, fields: Iterable[Field]) -> bytes:
    """The start of a file, with a schema of the fields that its placemarks carry."""
    declared = "".join(
        f"<SimpleField name={quoteattr(field.name)} type=\"{_TYPES.get(field.type, 'string')}\">"
        f"<displayName>{escape(field.title.en)}</displayName></SimpleField>\n"
        for field in fields
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{escape(collection.title.en)}</name>\n"
        f"<Schema name={quoteattr(collection.id)} id={quoteattr(collection.id)}>\n"
        f"{declared}</Schema>\n"
    ).encode()

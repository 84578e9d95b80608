"""Schemas of the OpenAPI document that do not depend on the registry."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def ref(kind: str, name: str) -> Document:
    """A reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def _object(required: tuple[str, ...], **properties: Document) -> Document:
    return {"type": "object", "required": list(required), "properties": properties}


_STRING: Document = {"type": "string"}
_NUMBER: Document = {"type": "number"}
_ADDRESS: Document = {"type": "string", "format": "uri"}
_ADDRESSES: Document = {"type": "array", "items": _ADDRESS}
_LINKS: Document = ref("schemas", "Links")

COMPONENT_HEADERS: Document = {
    "Content-Crs": {
        "description": "The CRS of the coordinates, in angle brackets.",
        "schema": _STRING,
    },
}

COMPONENT_SCHEMAS: Document = {
    "Link": _object(
        ("href", "rel", "type"),
        href=_ADDRESS, rel=_STRING, type=_STRING, title=_STRING, hreflang=_STRING,
    ),
    "Links": {"type": "array", "items": ref("schemas", "Link")},
    "LandingPage": _object(
        ("title", "links"), title=_STRING, description=_STRING, links=_LINKS
    ),
    "Conformance": _object(("conformsTo",), conformsTo=_ADDRESSES),
    "Extent": _object(
        ("spatial",),
        spatial=_object(
            ("bbox",),
            bbox={
                "type": "array",
                "minItems": 1,
                "items": {"type": "array", "minItems": 4, "maxItems": 6, "items": _NUMBER},
            },
            crs=_STRING,
        ),
    ),
    "Collection": _object(
        ("id", "links"),
        id=_STRING,
        title=_STRING,
        description=_STRING,
        itemType=_STRING,
        extent=ref("schemas", "Extent"),
        crs=_ADDRESSES,
        storageCrs=_ADDRESS,
        links=_LINKS,
    ),
    "Collections": _object(
        ("links", "collections"),
        links=_LINKS,
        crs=_ADDRESSES,
        collections={"type": "array", "items": ref("schemas", "Collection")},
    ),
    "Maps": _object(
        ("maps", "links"),
        links=_LINKS,
        maps={
            "type": "array",
            "items": _object(("name", "title"), name=_STRING, title=_STRING, links=_LINKS),
        },
    ),
    "Health": _object(
        ("ok", "checks"),
        ok={"type": "boolean"},
        checks={
            "type": "array",
            "items": _object(
                ("name", "ok", "message"), name=_STRING, ok={"type": "boolean"}, message=_STRING
            ),
        },
    ),
    "Problem": _object(
        ("type", "title", "status"),
        type=_STRING,
        title=_STRING,
        status={"type": "integer"},
        detail=_STRING,
        instance=_STRING,
        faults={"type": "array", "items": {"type": "object"}},
        operations={"type": "array", "items": {"type": "object"}},
    ),
}

"""The document of the functions that a filter may call (OGC 19-079r2, clause 6.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gis_service.model.fields import Language
from gis_service.model.filters import Kind
from gis_service.model.functions import FUNCTIONS
from gis_service.ogc.links import Link, documents

_TYPES: dict[Kind, str] = {
    Kind.TEXT: "string",
    Kind.NUMBER: "number",
    Kind.BOOLEAN: "boolean",
    Kind.GEOMETRY: "geometry",
}


def functions(language: Language, *, links: Sequence[Link]) -> dict[str, Any]:
    """Every function with what it takes and what it gives."""
    return {
        "functions": [
            {
                "name": function.name,
                "description": function.description[language],
                "returns": [_TYPES[function.returns]],
                "arguments": [
                    {"title": argument.title[language], "type": [_TYPES[argument.kind]]}
                    for argument in function.arguments
                ],
            }
            for function in FUNCTIONS.values()
        ],
        "links": documents(links),
    }

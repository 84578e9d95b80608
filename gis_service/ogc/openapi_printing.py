"""Maps on paper in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.ogc.media import PDF, PNG
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_parameters import path_parameter, query_parameter, refs

_BINARY: Document = {"type": "string", "format": "binary"}


def printing_paths(*, get: Callable[..., Document]) -> Document:
    """
    The operations that print a map.

    Parameters
    ----------
    get
        Makes an operation.
    """
    parameters = [
        path_parameter("name", "Name of the map", {"type": "string"}),
        query_parameter(
            "orientation", "How the sheet of A4 lies.",
            {"type": "string", "enum": ["landscape", "portrait"], "default": "landscape"},
        ),
        *refs(("lang",)),
    ]
    paths: Document = {}
    for format_ in (PDF, PNG):
        operation = get(
            "Maps", f"printMap{format_.title}", f"One map on A4 ({format_.title})",
            [(format_, _BINARY)], parameters=parameters, formats=False, faults=("400", "404"),
        )
        operation["get"]["responses"]["200"]["headers"] = {
            "ETag": {"description": "Names the content.", "schema": {"type": "string"}}
        }
        operation["get"]["responses"]["304"] = {"description": "The sheet is the one known."}
        paths[f"/maps/{{name}}/print.{format_.suffix}"] = operation
    return paths

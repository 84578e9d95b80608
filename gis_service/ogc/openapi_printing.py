"""Maps on paper in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.model.audience import Audience
from gis_service.ogc.media import PDF, PNG
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_parameters import path_parameter, query_parameter, refs

_CIRCUMSTANCES = "`now`, `planned`, a day, or the id of a scenario"
_CHOICES = {
    "indicator": "Id of the indicator that colours the wards, from those that the map offers.",
    "theme": "Code of the theme whose offices alone count.",
    "at": f"The circumstances that are shown: {_CIRCUMSTANCES}.",
    "against": f"Circumstances to compare with: {_CIRCUMSTANCES}.",
}
"""What staff can choose to see, as the map's page has it in its address."""
_BINARY: Document = {"type": "string", "format": "binary"}


def printing_paths(audience: Audience, *, get: Callable[..., Document]) -> Document:
    """
    The operations that print a map.

    Parameters
    ----------
    get
        Makes an operation.
    """
    choices = _CHOICES if audience.is_staff else {}
    parameters = [
        path_parameter("name", "Name of the map", {"type": "string"}),
        query_parameter(
            "orientation", "How the sheet of A4 lies.",
            {"type": "string", "enum": ["landscape", "portrait"], "default": "landscape"},
        ),
        *(
            query_parameter(name, description, {"type": "string"})
            for name, description in choices.items()
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

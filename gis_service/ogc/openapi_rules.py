"""Rules, the data dictionary and the quality of networks in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.model.audience import Audience
from gis_service.model.rights import publishes
from gis_service.ogc.media import CSV, HTML, JSON
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_operations import as_json, operation, several, thing
from gis_service.ogc.openapi_parameters import query_parameter


def rule_paths(audience: Audience, *, get: Callable[..., Document]) -> Document:
    """
    The operations that tell rules and fields, and to planners what breaks the rules.

    Parameters
    ----------
    get
        Makes an operation.
    """
    paths = {
        "/rules": get(
            "Capabilities", "getRules", "Rules for data", [(JSON, _listed("rules")), (HTML, None)]
        ),
        "/docs/data": get(
            "Capabilities", "getDataDictionary", "Data dictionary",
            [(JSON, _listed("fields")), (HTML, None), (CSV, None)],
        ),
        "/docs/codelists": get(
            "Capabilities", "getCodelists", "Lists of codes",
            [(JSON, _listed("codes")), (HTML, None), (CSV, None)],
        ),
    }
    if publishes(audience):
        paths["/quality"] = get(
            "Capabilities", "getQuality", "Quality of a network",
            [(JSON, {"type": "object"}), (HTML, None)],
            parameters=[
                query_parameter(
                    "network", "Identifier or UUID of a network; without it they are listed.",
                    {"type": "string"},
                ),
            ],
            faults=("404",),
        ) | {"post": operation(
            "Capabilities", "checkPackage", "Quality of a package that is sent",
            {"200": as_json({"type": "object"})},
            body={"multipart/form-data": thing(
                ("file",), file=several({"type": "string", "format": "binary"})
            )},
            faults=("401", "403"),
        )}
    return paths


def _listed(name: str) -> Document:
    return {
        "type": "object", "required": [name],
        "properties": {name: {"type": "array", "items": {"type": "object"}}},
    }

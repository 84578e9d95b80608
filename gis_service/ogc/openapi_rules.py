"""Rules and the quality of networks in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.model.audience import Audience
from gis_service.model.rights import publishes
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_parameters import query_parameter


def rule_paths(audience: Audience, *, get: Callable[..., Document]) -> Document:
    """
    The operations that tell rules, and to planners what breaks them.

    Parameters
    ----------
    get
        Makes an operation.
    """
    listed = {
        "type": "object", "required": ["rules"],
        "properties": {"rules": {"type": "array", "items": {"type": "object"}}},
    }
    paths = {
        "/rules": get(
            "Capabilities", "getRules", "Rules for data", [(JSON, listed), (HTML, None)]
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
        )
    return paths

"""Data as files in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable

from gis_service.model.audience import Audience
from gis_service.ogc.media import HTML, JSON, NETWORKS
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_parameters import query_parameter, refs


def export_paths(audience: Audience, *, get: Callable[..., Document]) -> Document:
    """
    The operations that give whole networks.

    Parameters
    ----------
    get
        Makes an operation.
    """
    link = {"type": "array", "items": {"type": "object"}}
    listed = {
        "type": "object", "required": ["collections", "networks"],
        "properties": {"collections": link, "networks": link},
    }
    parameters = [
        query_parameter(
            "f", "Form and version of the Open Fibre Data Standard.",
            {"type": "string", "enum": [each.name for each in NETWORKS],
             "default": NETWORKS[0].name},
        ),
        *refs(("lang",)),
    ]
    if audience.is_staff:
        parameters.append(query_parameter(
            "network", "Identifiers or UUIDs of networks, joined by commas.", {"type": "string"},
        ))
    network = get(
        "Capabilities", "getNetwork", "A whole network as a package of OFDS",
        [
            (each, {"type": "object"} if each.media_type == JSON.media_type
             else {"type": "string", "format": "binary"})
            for each in {each.media_type: each for each in reversed(NETWORKS)}.values()
        ],
        parameters=parameters, formats=False, faults=("400", "404", "503"),
    )
    return {
        "/exports": get(
            "Capabilities", "getExports", "Data as files", [(JSON, listed), (HTML, None)]
        ),
        "/exports/network": network,
    }

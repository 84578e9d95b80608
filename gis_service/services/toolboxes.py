"""What the tools on a map may do for one reader."""

from __future__ import annotations

from gis_service.cartography.definition import MapDefinition
from gis_service.cartography.toolbox import Toolbox
from gis_service.model.audience import Audience, visible_collections
from gis_service.model.collections import REGISTRY
from gis_service.model.declarations.load_rules import LOAD_RULES
from gis_service.model.rights import Operation, receivable_fields, rights
from gis_service.ogc.media import DOWNLOADS


def toolbox_of(definition: MapDefinition, audience: Audience, prefix: str) -> Toolbox:
    """
    The tools of a map for an audience.

    Parameters
    ----------
    prefix
        The path below which the service lies.
    """
    shown = [layer.collection for layer in definition.layers]
    return Toolbox(
        items={
            each.id: f"{prefix}/collections/{each.id}/items"
            for each in visible_collections(audience)
        },
        writable={
            id_: receivable_fields(REGISTRY[id_], audience)
            for id_ in shown
            if rights(REGISTRY[id_], audience) == frozenset(Operation)
        },
        downloads=[(each.name, each.title) for each in DOWNLOADS],
        rules={rule.id: rule.title for rule in LOAD_RULES},
    )

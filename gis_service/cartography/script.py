"""What a map's own script is told: no data, only how to show it and where to fetch it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gis_service.cartography.assets import (
    BASE_SCRIPT,
    BASE_WORKER,
    icon_path,
    kept_script,
    large_scripts,
)
from gis_service.cartography.basemap import Basemap, VectorBasemap
from gis_service.cartography.definition import LayerDefinition, MapDefinition
from gis_service.cartography.desk import Desk, desk_config
from gis_service.cartography.indicators import INDICATORS
from gis_service.cartography.kinds import (
    CAPACITY_BREAKS_GBPS,
    LINK_LINES,
    OFFICE_KIND_FIELD,
    office_icon,
    visible_kinds,
)
from gis_service.cartography.layers import NEAR_ZOOM
from gis_service.cartography.legend import class_steps
from gis_service.cartography.links import PageLinks
from gis_service.cartography.wording import wording
from gis_service.model import codelists
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Field, Language

SCRIPT_PHRASES = (
    "map_label", "loading", "loading_failed", "try_again", "zoom_in", "zoom_out", "close",
    "search_count", "search_none", "no_data", "yes", "no", "unnamed", "items_here",
    "connected", "unconnected", "unknown", "share", "offices", "panel_open", "panel_close",
    "ward",
)


def script_config(
    definition: MapDefinition,
    layers: Sequence[LayerDefinition],
    language: Language,
    fields: Mapping[str, Sequence[Field]],
    links: PageLinks,
    *,
    basemap: Basemap | None = None,
    desk: Desk | None = None,
    tools: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """All that the script needs to know: words, signs, fields and addresses."""
    words = wording(language)
    config: dict[str, Any] = {
        "language": language,
        "title": definition.title[language],
        "words": {key: words[key] for key in SCRIPT_PHRASES},
        "extent": definition.extent,
        "embedded": links.embedded,
        "searchAddress": links.search,
        "layers": [
            _layer_config(layer, fields[layer.collection], language, links) for layer in layers
        ],
    }
    if links.tiles is not None:
        worker, large = large_scripts(in_files=links.embedded)
        config["worker"], config["large"] = links.assets + worker[0], links.assets + large[0]
    config["over_basemap"] = basemap is not None
    if isinstance(basemap, VectorBasemap):
        config["base"] = basemap.config | {
            "script": links.assets + kept_script("base.js", BASE_SCRIPT)[0],
            "worker": links.assets + kept_script("base_worker.js", BASE_WORKER)[0],
        }
    if desk is not None:
        config["desk"] = desk_config(
            definition, layers, desk, language, tools=tools or {}
        )
    return config


def _layer_config(
    layer: LayerDefinition, fields: Sequence[Field], language: Language, links: PageLinks
) -> dict[str, Any]:
    collection = REGISTRY[layer.collection]
    items = links.items(layer.collection)
    config: dict[str, Any] = {
        "id": layer.collection,
        "style": layer.style,
        "title": layer.title[language],
        "visible": layer.visible,
        "data": links.data(layer.collection),
        **({"compact": links.compact(layer.collection)} if links.compact else {}),
        **({"tiles": links.tiles(layer.collection)} if links.tiles else {}),
        **({"items": items, "itemsZoom": NEAR_ZOOM - 1} if items else {}),
        "label": collection.label,
        "key": collection.key,
        "fields": [_field_config(f, language) for f in fields if f.name != collection.label],
        "search": [f.name for f in fields if f.searchable],
    }
    if layer.style == "indicator":
        config["steps"] = class_steps(layer)
        config["indicator"] = INDICATORS[layer.indicator or ""].title[language]
        config["unit"] = INDICATORS[layer.indicator or ""].unit
    elif layer.style == "node":
        config["kinds"] = {
            kind.id: {"title": kind.title[language], "icon": icon_path(kind.id),
                      "major": kind.major}
            for kind in visible_kinds(fields)
        }
    elif layer.style == "office" and any(f.name == OFFICE_KIND_FIELD for f in fields):
        config["icons"] = {
            each.code: icon_path(office_icon(each.code)) for each in codelists.OFFICE_TYPE
        }
    elif layer.style == "link":
        config["lines"] = {
            status: {"dash": line.dash, "tone": line.tone, "hollow": line.hollow}
            for status, line in LINK_LINES.items()
        }
        config["capacityBreaks"] = CAPACITY_BREAKS_GBPS
    return config


def _field_config(shown: Field, language: Language) -> dict[str, Any]:
    config: dict[str, Any] = {
        "name": shown.name, "type": shown.type.value, "title": shown.title[language],
    }
    if shown.unit:
        config["unit"] = shown.unit
    if shown.references:
        config["references"] = shown.references
    if shown.codelist:
        config["codes"] = {code.code: code.title[language] for code in shown.codelist}
    return config

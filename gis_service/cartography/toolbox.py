"""The tools of staff that a map's page fetches when they are first used, and what they know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gis_service.cartography.assets import hashed_name, own_file
from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.wording import wording
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Field, FieldType, GeometryType, Language, Text

TOOLS: Mapping[str, tuple[str, ...]] = {
    "sketch": ("geodesy", "sketch", "coordinates"),
    "measure": ("measure",),
    "dig": ("dig",),
    "query": ("query",),
    "edit": ("options", "fields", "draft", "saving", "conflict", "figures", "editor"),
    "list": ("filters", "rows", "list"),
}
"""Files of `static/map/tools/` by the tool that they make, in the order of their need."""
_DRAWABLE = {GeometryType.POINT: "Point", GeometryType.LINE_STRING: "LineString"}
_EDITED_STYLES = ("node", "link", "office", "plain")
_PHRASES = "tool_"


@dataclass(frozen=True, slots=True)
class Toolbox:
    """
    What the tools may do for one reader.

    Parameters
    ----------
    items
        Address of a collection's items, by its id.
    writable
        The fields that the reader may fill, of collections whose items it may
        make, change and delete.
    downloads
        Name and title of each format in which items are taken away.
    rules
        What is wrong with a value that breaks a rule, by the rule's id.
    """

    items: Mapping[str, str] = field(default_factory=dict)
    writable: Mapping[str, Sequence[Field]] = field(default_factory=dict)
    downloads: Sequence[tuple[str, str]] = ()
    rules: Mapping[str, Text] = field(default_factory=dict)


def toolbox_config(
    layers: Sequence[LayerDefinition], toolbox: Toolbox, files: Mapping[str, str]
) -> dict[str, Any]:
    """What the page's script is told: where the tools are and what can be drawn."""
    return {
        "files": dict(files),
        "items": dict(toolbox.items),
        "editable": [
            layer.collection for layer in layers
            if layer.style in _EDITED_STYLES
            and layer.collection in toolbox.writable
            and REGISTRY[layer.collection].geometry in _DRAWABLE
        ],
    }


def toolbox_files(
    layers: Sequence[LayerDefinition],
    fields: Mapping[str, Sequence[Field]],
    toolbox: Toolbox,
    language: Language,
) -> dict[str, tuple[str, bytes]]:
    """By tool, the content-hashed name and the content of its file; none holds data."""
    contents = {
        f"{tool}.js": own_file(*(f"map/tools/{name}.js" for name in names))
        for tool, names in TOOLS.items()
    }
    contents["tools.css"] = own_file("map/tools/tools.css")
    contents["catalogue.json"] = orjson.dumps(_catalogue(layers, fields, toolbox, language))
    return {
        name.partition(".")[0]: (hashed_name(name, content), content)
        for name, content in contents.items()
    }


def _catalogue(
    layers: Sequence[LayerDefinition],
    fields: Mapping[str, Sequence[Field]],
    toolbox: Toolbox,
    language: Language,
) -> dict[str, Any]:
    """Words, and what the registry says of the collections and their fields."""
    named = {f.references for layer in layers for f in fields[layer.collection] if f.references}
    words = wording(language)
    return {
        "words": {key: text for key, text in words.items() if key.startswith(_PHRASES)},
        "downloads": [{"name": name, "title": title} for name, title in toolbox.downloads],
        "rules": {id_: title[language] for id_, title in toolbox.rules.items()},
        "labels": {id_: REGISTRY[id_].label for id_ in sorted(named)},
        "collections": {
            layer.collection: {
                "title": layer.title[language],
                "label": REGISTRY[layer.collection].label,
                "geometry": _DRAWABLE.get(_geometry(layer), "Polygon"),
                "fields": [
                    _field(each, toolbox.writable.get(layer.collection, ()), language)
                    for each in fields[layer.collection]
                ],
            }
            for layer in layers
        },
    }


def _geometry(layer: LayerDefinition) -> GeometryType:
    return REGISTRY[layer.collection].geometry or GeometryType.POINT


def _field(shown: Field, writable: Sequence[Field], language: Language) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": shown.name,
        "type": shown.type.value,
        "title": shown.title[language],
        "help": shown.description[language],
        "writable": shown in writable and shown.type is not FieldType.OBJECT,
        "required": shown.required,
    }
    for name in ("unit", "minimum", "maximum", "references"):
        if getattr(shown, name) is not None:
            told[name] = getattr(shown, name)
    if shown.codelist is not None:
        told["codes"] = {code.code: code.title[language] for code in shown.codelist}
        told["open"] = not shown.codelist.closed
    return told

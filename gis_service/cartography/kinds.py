"""Kinds of network node and widths of links: what the map tells apart by sign."""

from __future__ import annotations

from collections.abc import Collection as AnyOf
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gis_service.model import codelists
from gis_service.model.fields import Field, Text


@dataclass(frozen=True, slots=True)
class NodeKind:
    """
    A kind of node with a sign of its own.

    Parameters
    ----------
    id
        Also the name of its icon in `web/static/icons/`.
    field, values
        The node is of this kind when the field holds one of the values.
    major
        Whether it is drawn large and named early.
    """

    id: str
    title: Text
    field: str
    values: frozenset[object]
    major: bool = False


def _kind(
    id_: str, en: str, sw: str, field: str, *values: object, major: bool = False
) -> NodeKind:
    return NodeKind(id_, Text(en, sw), field, frozenset(values), major)


NODE_KINDS: tuple[NodeKind, ...] = (
    _kind("gateway", "Gateway", "Lango la mtandao", "gateway", True, major=True),
    _kind("pop", "Point of presence", "Kituo cha mtandao", "type", "pop", "ixp", major=True),
    _kind("aggregation", "Aggregation point", "Kituo cha kukusanya", "type", "aggregationPoint"),
    _kind("wifi", "Public Wi-Fi", "Wi-Fi ya umma", "public_wifi", True),
    _kind("closure", "Closure or splitter", "Kifungio au kigawanyaji", "infrastructure",
          "spliceClosure", "splitter"),
    _kind("cabinet", "Street cabinet", "Kabati la mtaani", "infrastructure", "cabinet"),
    _kind("manhole", "Manhole or handhole", "Shimo la kebo", "infrastructure", "cableWell"),
    _kind("pole", "Pole or tower", "Nguzo au mnara", "infrastructure", "pole", "pylon", "tower"),
    _kind("premises", "Customer premises", "Jengo la mteja", "infrastructure",
          "customerPremises"),
    _kind("building", "Equipment in a building", "Vifaa ndani ya jengo", "infrastructure",
          "building", "dataCentre", "exchange", "substation"),
    _kind("repeater", "Repeater site", "Kituo cha kurudia mawimbi", "type", "repeaterSite"),
    _kind("branch", "Add-drop site", "Kituo cha kugawa", "type", "addDropSite"),
    _kind("border", "Border crossing or cable landing", "Kivuko cha mpaka au cha kebo", "type",
          "borderCrossing", "cableLanding"),
)
"""In order of precedence: the first that fits is the node's kind."""

OTHER_NODE = NodeKind("node", Text("Network node", "Kituo cha mtandao"), "", frozenset())

OFFICE_KIND_FIELD = "office_type"


def office_icon(code: str) -> str:
    """The name of the icon of a type of office, drawn inside its sign from near."""
    known = any(code == each.code for each in codelists.OFFICE_TYPE)
    return f"office-{code}" if known else "office-other"


CAPACITY_BREAKS_GBPS: tuple[float, ...] = (10, 100)
"""A link is drawn wider from each of these capacities on."""


def visible_kinds(fields: Iterable[Field]) -> tuple[NodeKind, ...]:
    """The kinds that a reader of these fields can tell apart, the plain one last."""
    names = {field.name for field in fields}
    return (*(kind for kind in NODE_KINDS if kind.field in names), OTHER_NODE)


def node_kind(properties: Mapping[str, Any], kinds: Iterable[NodeKind]) -> str:
    """The kind of a node, told from the properties that the reader may see."""
    for kind in kinds:
        value = properties.get(kind.field)
        held: AnyOf[object] = value if isinstance(value, list | tuple) else (value,)
        if kind.values.intersection(held):
            return kind.id
    return OTHER_NODE.id


@dataclass(frozen=True, slots=True)
class LinkLine:
    """
    How a link of one status is drawn.

    Parameters
    ----------
    dash
        SVG dash pattern; empty for a whole line.
    tone
        Colour token: `link`, `future` or `gone`.
    hollow
        Whether only the line's edges are drawn.
    """

    dash: str = ""
    tone: str = "link"
    hollow: bool = False


LINK_LINES: dict[str, LinkLine] = {
    "operational": LinkLine(),
    "inactive": LinkLine(hollow=True),
    "underConstruction": LinkLine("11 5", "future"),
    "planned": LinkLine("5 5", "future"),
    "proposed": LinkLine("0.1 6", "future"),
    "decommissioned": LinkLine("2 7", "gone"),
}
"""By status; one that is not here is drawn as proposed."""

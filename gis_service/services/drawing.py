"""The layers of a map in the signs of paper: as the pages show them, in their light colours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from gis_service.cartography.assets import icon_path
from gis_service.cartography.colours import colour
from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.kinds import (
    CAPACITY_BREAKS_GBPS,
    LINK_LINES,
    NODE_KINDS,
    LinkLine,
    NodeKind,
    node_kind,
    visible_kinds,
)
from gis_service.cartography.legend import LegendGroup, LegendRow
from gis_service.model import codelists
from gis_service.model.fields import Field
from gis_service.printing.map_drawing import AreaLayer, Layer, LineLayer, PointLayer
from gis_service.printing.map_sheet import LegendPart
from gis_service.printing.signs import Fill, Mark, Sign, Stroke

TRUNK = ("A", "B")
"""Road classes that are drawn wider, as the pages do."""
_WIDTHS_MM = (0.45, 0.7, 1.0)
"""Widths of links by capacity, as many as `CAPACITY_BREAKS_GBPS` parts."""
_PX_MM = 0.12
"""A pixel of the pages' signs on paper."""


def drawn_layers(
    layer: LayerDefinition,
    frame: gpd.GeoDataFrame,
    *,
    fields: tuple[Field, ...],
    fills: Mapping[str, Fill],
) -> Iterator[Layer]:
    """
    A layer of a map, as layers of a drawing.

    Parameters
    ----------
    frame
        Its rows, in the metric CRS of the drawing.
    fills
        Of areas that an indicator colours, by code; one that is not there has no data.
    """
    shapes = frame.geometry.to_numpy()
    if layer.style in ("indicator", "outline"):
        yield _areas(layer, frame, fills)
    elif layer.style == "road":
        trunk = frame["road_class"].isin(TRUNK).to_numpy()
        for key, chosen in (("other", ~trunk), ("trunk", trunk)):
            yield LineLayer(shapes[chosen], road_stroke(key))
    elif layer.style == "link":
        yield from _links(frame)
    elif layer.style == "node":
        yield from _nodes(frame, visible_kinds(fields))
    elif layer.style == "office":
        known = [code.code for code in codelists.CONNECTION]
        given = frame["connection"].where(frame["connection"].isin(known), known[-1])
        for connection in reversed(known):
            yield PointLayer(shapes[(given == connection).to_numpy()], office_mark(connection))
    else:
        yield from _plain(shapes)


def legend_parts(
    groups: tuple[LegendGroup, ...], layers: Mapping[str, LayerDefinition],
    present: Mapping[str, set[str]], painted: LegendPart | None = None,
) -> Iterator[LegendPart]:
    """
    The legend of the layers that are shown, without signs that stand for nothing there.

    Parameters
    ----------
    layers
        By collection.
    present
        By collection: the keys of signs that its rows need; a collection that
        is not there shows all of its signs.
    painted
        In place of the part of the areas that an indicator colours.
    """
    for group in groups:
        layer = layers[group.layer]
        if not group.visible:
            continue
        if painted is not None and layer.indicator:
            yield painted
            continue
        keys = present.get(group.layer)
        rows = [
            row for row in group.rows
            if row.sign != "glyph" and (keys is None or row.key in keys)
        ]  # paper shows no kinds of office
        if rows:
            title = group.note or group.title
            yield LegendPart(title, tuple((sign_of(row, layer), row.title) for row in rows))


def sign_of(row: LegendRow, layer: LayerDefinition) -> Sign:
    """The sign that a row of a legend explains."""
    match row.sign:
        case "area":
            sign: Sign = area_fill(layer, int(row.key))
        case "nodata":
            sign = Fill(None)
        case "office":
            sign = office_mark(row.key)
        case "node":
            sign = node_mark(row.key)
        case "line" | "width":
            sign = link_stroke(row.line or LinkLine(), row.size * _PX_MM or _WIDTHS_MM[1])
        case "road":
            sign = road_stroke(row.key)
        case _:
            sign = Mark("disc", colour("accent"), 1.6)
    return sign


def area_fill(layer: LayerDefinition, step: int | None) -> Fill:
    """The fill of a step of the layer's palette; None is no data."""
    return Fill(None if step is None else colour(f"area-{step}", layer.palette))


def office_mark(connection: str) -> Mark:
    """The sign of an office."""
    shape = "ring" if connection == "unconnected" else "disc"
    return Mark(shape, colour(connection), 1.5 if connection == "unknown" else 1.7)


def node_mark(kind: str) -> Mark:
    """The sign of a network node; larger for those that matter most."""
    major = any(each.id == kind and each.major for each in NODE_KINDS)
    return Mark("square", colour("network"), 3.4 if major else 2.0, icon_path(kind))


def road_stroke(key: str) -> Stroke:
    """A road's line."""
    return Stroke(colour("road"), 0.5 if key == "trunk" else 0.25, casing=colour("road-casing"))


def link_stroke(line: LinkLine, width_mm: float) -> Stroke:
    """A fibre link's line."""
    return Stroke(
        colour(f"tone-{line.tone}"),
        width_mm,
        dash=tuple(float(part) * _PX_MM * 2 for part in line.dash.split()),
        core=colour("land") if line.hollow else "",
    )


def _areas(
    layer: LayerDefinition, frame: gpd.GeoDataFrame, fills: Mapping[str, Fill]
) -> AreaLayer:
    names = tuple(frame["name"]) if "name" in frame.columns else ()
    if layer.indicator is None:
        land = Fill(colour("land"))
        return AreaLayer(
            frame.geometry.to_numpy(), [land] * len(frame), names, Stroke(colour("outline"), 0.2)
        )
    chosen = [fills.get(str(code), Fill(None)) for code in frame["code"]]
    return AreaLayer(frame.geometry.to_numpy(), chosen, names)


def _links(frame: gpd.GeoDataFrame) -> Iterator[Layer]:
    shapes = frame.geometry.to_numpy()
    status = frame["status"].where(frame["status"].isin(list(LINK_LINES)), "proposed").to_numpy()
    width = np.zeros(len(frame), dtype=int)
    if "capacity_gbps" in frame.columns:
        width = np.digitize(frame["capacity_gbps"].fillna(0).astype(float), CAPACITY_BREAKS_GBPS)
    for each, line in reversed(LINK_LINES.items()):
        for size, width_mm in enumerate(_WIDTHS_MM):
            chosen = (status == each) & (width == size)
            if chosen.any():
                yield LineLayer(shapes[chosen], link_stroke(line, width_mm))


def _nodes(frame: gpd.GeoDataFrame, kinds: tuple[NodeKind, ...]) -> Iterator[Layer]:
    found = node_kinds(frame, kinds)
    shapes = frame.geometry.to_numpy()
    for kind in reversed(kinds):
        chosen = found == kind.id
        if chosen.any():
            yield PointLayer(shapes[chosen], node_mark(kind.id))


def node_kinds(frame: gpd.GeoDataFrame, kinds: tuple[NodeKind, ...]) -> NDArray[np.str_]:
    """The kind of each node, by id."""
    columns = list({kind.field for kind in kinds if kind.field in frame.columns})
    rows = frame[columns].to_dict("records")
    return np.array([node_kind(_held(row), kinds) for row in rows], dtype=str)


def _held(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in row.items()
    }


def _plain(shapes: Any) -> Iterator[Layer]:
    kinds = np.array(["" if s is None else s.geom_type for s in shapes])
    areas = np.char.endswith(kinds, "Polygon")
    lines = np.char.endswith(kinds, "LineString")
    points = np.char.endswith(kinds, "Point")
    tint = colour("accent")
    if areas.any():
        soft = Fill(colour("accent-soft"))
        yield AreaLayer(shapes[areas], [soft] * int(areas.sum()), (), Stroke(tint, 0.2))
    if lines.any():
        yield LineLayer(shapes[lines], Stroke(tint, 0.4))
    if points.any():
        yield PointLayer(shapes[points], Mark("disc", tint, 1.6))

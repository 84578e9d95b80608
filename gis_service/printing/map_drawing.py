"""
A map drawn for paper, as SVG.

One unit of the drawing is a millimetre. Shapes are cut at the frame and
simplified to what a printer can show, so that a drawing stays small however
much there is to see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape  # nosec B406 # it parses nothing

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import box

from gis_service.printing.map_frame import MapFrame, ScaleBar, scale_bar
from gis_service.printing.map_labels import LINE, Label, place_labels, text_width_mm
from gis_service.printing.signs import (
    FONT,
    Fill,
    Mark,
    Stroke,
    fill_of,
    hatching,
    mark_svg,
    stroke_svg,
)

Shapes = NDArray[Any]
"""Geometries in the metric CRS of the frame; empty and missing ones are left out."""

FINEST_MM = 0.08
"""What is nearer together cannot be told apart on paper."""
MOST_VERTICES = 200_000
"""Of more in a layer, the longest shapes are drawn."""
MOST_MARKS = 6_000
"""Of more points, those that fall upon another are drawn once."""
INK = "#17211f"
OUTLINE = Stroke("#ffffff", 0.2)


@dataclass(frozen=True, slots=True)
class AreaLayer:
    """Areas, each with its fill, and a name where it has one."""

    shapes: Shapes
    fills: Sequence[Fill]
    names: Sequence[str] = ()
    outline: Stroke = OUTLINE


@dataclass(frozen=True, slots=True)
class LineLayer:
    """Lines that are drawn alike."""

    shapes: Shapes
    stroke: Stroke


@dataclass(frozen=True, slots=True)
class PointLayer:
    """Points that are drawn alike."""

    shapes: Shapes
    mark: Mark


Layer = AreaLayer | LineLayer | PointLayer


def draw_map(layers: Sequence[Layer], frame: MapFrame) -> bytes:
    """
    The map as SVG, with a scale bar and an arrow to the north.

    Parameters
    ----------
    layers
        From the lowest to the topmost; names stand above all of them.

    Returns
    -------
    bytes
        UTF-8. Same arguments, same bytes. Lengths are in millimetres.
    """
    w, h = frame.width_mm, frame.height_mm
    seen = box(0, 0, w, h)
    bar = scale_bar(frame)
    parts = [f'<rect width="{w:g}" height="{h:g}" fill="#ffffff"/>']
    defs = [
        hatching("hatch"),
        f'<clipPath id="seen"><rect width="{w:g}" height="{h:g}"/></clipPath>',
    ]
    names: list[str] = []
    areas: list[Any] = []
    marks: list[Any] = []
    for number, layer in enumerate(layers):
        if isinstance(layer, AreaLayer):
            shapes, kept = _on_paper(layer.shapes, frame)
            parts.extend(_area_parts(shapes, [layer.fills[i] for i in kept], layer.outline))
            if layer.names:
                names.extend(layer.names[i] for i in kept)
                areas.extend(shapes)
        elif isinstance(layer, LineLayer):
            shapes, _ = _on_paper(layer.shapes, frame)
            if len(shapes):
                parts.append(stroke_svg(_path(shapes), layer.stroke))
        else:
            mark = f"mark{number}"
            defs.append(f'<g id="{mark}">{mark_svg(layer.mark)}</g>')
            places = _places(layer.shapes, frame, layer.mark)
            parts.extend(f'<use href="#{mark}" x="{x:g}" y="{y:g}"/>' for x, y in places)
            half = layer.mark.size_mm / 2
            marks.extend(box(x - half, y - half, x + half, y + half) for x, y in places)
    taken = [_bar_room(bar, h), _north_room(w)]
    visible = [shapely.intersection(area, seen) for area in areas]
    labels = place_labels(names, visible, box(0.5, 0.5, w - 0.5, h - 0.5), taken, marks)
    parts.extend(map(_label_svg, labels))
    parts.append(_bar_svg(bar, h))
    parts.append(_north_svg(w, frame.factors()[1]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:g}mm" height="{h:g}mm" '
        f'viewBox="0 0 {w:g} {h:g}"><defs>{"".join(defs)}</defs>'
        f'<g clip-path="url(#seen)">{"".join(parts)}</g>'
        f'<rect width="{w:g}" height="{h:g}" fill="none" stroke="{INK}" stroke-width="0.3"/></svg>'
    ).encode()


def _on_paper(shapes: Shapes, frame: MapFrame) -> tuple[Shapes, list[int]]:
    """Shapes in millimetres, and which they are of those that were given."""
    finest = FINEST_MM * frame.metres_per_mm
    present = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    kept = np.flatnonzero(present & shapely.intersects(shapes, box(*frame.bounds_m(2))))
    cut = shapely.clip_by_rect(shapes[kept], *frame.bounds_m(2))
    simple = shapely.simplify(cut, finest, preserve_topology=False)
    there = ~shapely.is_empty(simple)
    vertices = shapely.get_num_coordinates(simple)
    if vertices.sum() > MOST_VERTICES:
        order = np.argsort(-shapely.length(simple), kind="stable")
        there[order[vertices[order].cumsum() > MOST_VERTICES]] = False
    drawn = shapely.transform(simple[there], frame.on_paper)
    return drawn, kept[there].tolist()


def _area_parts(shapes: Shapes, fills: Sequence[Fill], outline: Stroke) -> Iterator[str]:
    for shape, fill in zip(shapes, fills, strict=True):
        yield (
            f'<path d="{_path([shape], closed=True)}" fill="{fill_of(fill, "hatch")}" '
            f'fill-rule="evenodd" stroke="{outline.colour}" stroke-width="{outline.width_mm:g}" '
            'stroke-linejoin="round"/>'
        )


def _path(shapes: Any, *, closed: bool = False) -> str:
    """SVG path data of the lines, or of the rings, of shapes on paper."""
    parts = shapely.get_parts(np.asarray(shapes, dtype=object))
    lines = shapely.get_rings(parts) if closed else parts
    places, of_line = shapely.get_coordinates(lines, return_index=True)
    texts = [f"{x:.2f} {y:.2f}" for x, y in places.tolist()]
    starts = np.flatnonzero(np.diff(of_line, prepend=-1)).tolist()
    end = "Z" if closed else ""
    ends = [*starts[1:], len(texts)]
    return "".join(
        "M" + "L".join(texts[a:b]) + end for a, b in zip(starts, ends, strict=True)
    )


def _places(shapes: Shapes, frame: MapFrame, mark: Mark) -> list[tuple[float, float]]:
    """Where marks stand: from north to south, so that the nearer one covers the farther."""
    points = shapely.get_coordinates(shapes)
    west, south, east, north = frame.bounds_m(mark.size_mm)
    inside = (
        (points[:, 0] > west) & (points[:, 0] < east)
        & (points[:, 1] > south) & (points[:, 1] < north)
    )
    places = frame.on_paper(points[inside])
    step = 0.01
    while len(places) > MOST_MARKS:
        step = 0.25 if step < 0.25 else step * 1.5
        places = np.unique(np.round(places / step) * step, axis=0)
    order = np.lexsort((places[:, 0], places[:, 1]))
    return [(float(x), float(y)) for x, y in np.round(places[order], 2)]


def _label_svg(label: Label) -> str:
    size = label.size_mm
    top = label.y_mm - (len(label.lines) - 1) * size * LINE / 2 + size * 0.32
    parts = []
    for number, line in enumerate(label.lines):
        place = f'x="{label.x_mm:.2f}" y="{top + number * size * LINE:.2f}"'
        parts.append(
            f'<text {place} font-family="{FONT}" font-size="{size:g}" text-anchor="middle" '
            f'fill="{INK}" stroke="#ffffff" stroke-width="0.6" stroke-opacity="0.85" '
            f'stroke-linejoin="round" paint-order="stroke">{escape(_printable(line))}</text>'
        )
    return "".join(parts)


def _printable(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(c for c in text if c.isprintable())


_BAR_LEFT, _BAR_UP = 4.0, 5.0


def _bar_room(bar: ScaleBar, height_mm: float) -> Any:
    right = _BAR_LEFT + bar.length_mm + text_width_mm(bar.label, 2.6) + 3
    return box(_BAR_LEFT - 2, height_mm - _BAR_UP - 5, right, height_mm - 2)


def _bar_svg(bar: ScaleBar, height_mm: float) -> str:
    """A bar in two halves, with its length at its end."""
    x, y, long = _BAR_LEFT, height_mm - _BAR_UP, bar.length_mm
    west, south, east, north = _bar_room(bar, height_mm).bounds
    text = f'font-family="{FONT}" font-size="2.4" fill="{INK}" text-anchor="middle"'
    return (
        f'<rect x="{west:g}" y="{south:g}" width="{east - west:g}" height="{north - south:g}" '
        'fill="#ffffff" fill-opacity="0.82" rx="0.8"/>'
        f'<rect id="scale-bar" x="{x:g}" y="{y:g}" width="{long:.4f}" height="1.2" '
        f'fill="#ffffff" stroke="{INK}" stroke-width="0.2"/>'
        f'<rect x="{x:g}" y="{y:g}" width="{long / 2:.4f}" height="1.2" fill="{INK}"/>'
        f'<text x="{x:g}" y="{y - 1:g}" {text}>0</text>'
        f'<text x="{x + long:.4f}" y="{y - 1:g}" {text}>{bar.label}</text>'
    )


def _north_room(width_mm: float) -> Any:
    return box(width_mm - 12, 2, width_mm - 2, 15)


def _north_svg(width_mm: float, bearing_deg: float) -> str:
    west, south, east, north = _north_room(width_mm).bounds
    x, y = (west + east) / 2, (south + north) / 2
    return (
        f'<rect x="{west:g}" y="{south:g}" width="{east - west:g}" height="{north - south:g}" '
        'fill="#ffffff" fill-opacity="0.82" rx="0.8"/>'
        f'<g id="north" transform="translate({x:g} {y:g}) rotate({bearing_deg:.3f})">'
        f'<path d="M0 -2.6L2 5L0 3.6L-2 5Z" fill="{INK}"/>'
        f'<text y="-3.1" font-family="{FONT}" font-size="3" text-anchor="middle" '
        f'fill="{INK}">N</text></g>'
    )

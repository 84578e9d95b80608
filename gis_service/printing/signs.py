"""The signs of printed maps: how areas, lines and points are drawn, and the same for legends."""

from __future__ import annotations

from dataclasses import dataclass

HATCH = "#b9b2a2"
NO_DATA = "#f7f5ef"

FONT = "Libertinus Serif, Georgia, serif"


@dataclass(frozen=True, slots=True)
class Fill:
    """
    The inside of an area.

    Parameters
    ----------
    colour
        `#rrggbb`; None hatches it, which means "no data".
    """

    colour: str | None


@dataclass(frozen=True, slots=True)
class Stroke:
    """
    A line.

    Parameters
    ----------
    dash
        Lengths of strokes and gaps in millimetres, as in SVG; empty for a whole line.
    casing
        Colour of a wider line below it; empty for none.
    core
        Colour of a narrower line upon it, which leaves its edges; empty for none.
    """

    colour: str
    width_mm: float
    dash: tuple[float, ...] = ()
    casing: str = ""
    core: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """
    A point.

    Parameters
    ----------
    shape
        `disc`, `ring`, `square` or `diamond`.
    size_mm
        Its width.
    glyph
        Drawing upon it, as SVG path data on a 24 x 24 grid; empty for none.
    number
        A number upon it; 0 for none.
    """

    shape: str
    colour: str
    size_mm: float
    glyph: str = ""
    halo: str = "#ffffff"
    number: int = 0


Sign = Fill | Stroke | Mark

_ROOM = {"diamond": 0.72}
"""How large a number can be upon a shape, by the size that it has on a disc."""

_NAMESPACE = "http://www.w3.org/2000/svg"


def hatching(id_: str) -> str:
    """The pattern that fills areas without data, as SVG."""
    return (
        f'<pattern id="{id_}" width="1.2" height="1.2" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate(45)"><rect width="1.2" height="1.2" fill="{NO_DATA}"/>'
        f'<rect width="0.25" height="1.2" fill="{HATCH}"/></pattern>'
    )


def fill_of(fill: Fill, hatch: str) -> str:
    """The value of SVG's `fill`; `hatch` is the id of the pattern."""
    return fill.colour or f"url(#{hatch})"


def stroke_svg(d: str, stroke: Stroke) -> str:
    """A line along the path data `d`, as SVG."""
    shared = f'<path d="{d}" fill="none" stroke-linecap="round" stroke-linejoin="round"'
    dash = " ".join(f"{each:g}" for each in stroke.dash)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    width = stroke.width_mm
    drawn = f'{shared} stroke="{stroke.colour}" stroke-width="{width:g}"{dashed}/>'
    if stroke.casing:
        drawn = f'{shared} stroke="{stroke.casing}" stroke-width="{width + 0.24:g}"/>' + drawn
    if stroke.core:
        drawn += f'{shared} stroke="{stroke.core}" stroke-width="{width * 0.45:g}"/>'
    return drawn


def mark_svg(mark: Mark) -> str:
    """A point around the origin, as SVG."""
    r = mark.size_mm / 2
    halo = f'stroke="{mark.halo}" stroke-width="0.2"'
    if mark.shape == "ring":
        drawn = (
            f'<circle r="{r:g}" fill="{mark.halo}"/><circle r="{r * 0.72:g}" fill="none" '
            f'stroke="{mark.colour}" stroke-width="{r * 0.42:g}"/>'
        )
    elif mark.shape == "square":
        drawn = (
            f'<rect x="{-r:g}" y="{-r:g}" width="{2 * r:g}" height="{2 * r:g}" rx="{r / 2:g}" '
            f'fill="{mark.colour}" {halo}/>'
        )
    elif mark.shape == "diamond":
        drawn = f'<path d="M0 {-r:g}L{r:g} 0L0 {r:g}L{-r:g} 0Z" fill="{mark.colour}" {halo}/>'
    else:
        drawn = f'<circle r="{r:g}" fill="{mark.colour}" {halo}/>'
    if mark.glyph:
        scale = mark.size_mm * 0.66 / 24
        drawn += (
            f'<path d="{mark.glyph}" transform="scale({scale:.5f}) translate(-12 -12)" '
            f'fill="none" stroke="{mark.halo}" stroke-width="2.6" stroke-linecap="round" '
            'stroke-linejoin="round"/>'
        )
    if mark.number:
        size = mark.size_mm * (0.72 if mark.number < 10 else 0.58)
        size *= _ROOM.get(mark.shape, 1.0)
        drawn += (
            f'<text y="{size * 0.34:.2f}" font-family="{FONT}" font-size="{size:.2f}" '
            f'font-weight="bold" text-anchor="middle" fill="{mark.halo}">{mark.number}</text>'
        )
    return drawn


def sign_svg(sign: Sign) -> bytes:
    """A sign by itself, for a legend: 7 x 4 mm."""
    if isinstance(sign, Fill):
        drawn = (
            f'<rect x="-2.6" y="-1.4" width="5.2" height="2.8" fill="{fill_of(sign, "hatch")}" '
            'stroke="#8b8577" stroke-width="0.1"/>'
        )
    elif isinstance(sign, Stroke):
        drawn = stroke_svg("M-2.9 0H2.9", sign)
    else:
        drawn = mark_svg(sign)
    return (
        f'<svg xmlns="{_NAMESPACE}" width="7mm" height="4mm" viewBox="-3.5 -2 7 4">'
        f"<defs>{hatching('hatch')}</defs>{drawn}</svg>"
    ).encode()

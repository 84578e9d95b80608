"""A MapLibre style (version 8) over the vector tiles, in the colours of the pages, light."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gis_service.cartography.colours import colour
from gis_service.cartography.kinds import LINK_LINES, LinkLine
from gis_service.cartography.styles import STYLES
from gis_service.model.fields import Collection, GeometryType

StyleLayer = dict[str, Any]

SOURCE = "network"
_ORDER = (GeometryType.MULTI_POLYGON, GeometryType.LINE_STRING, GeometryType.POINT)


def map_style(collections: Iterable[Collection], tilejson: str, title: str) -> dict[str, Any]:
    """
    The style document.

    It has no texts, since fonts would have to come from somewhere: names are in
    the tiles for programs that bring their own.

    Parameters
    ----------
    tilejson
        Address of the TileJSON of all collections.
    """
    placed = [c for kind in _ORDER for c in collections if c.geometry is kind]
    background = {
        "id": "ground", "type": "background", "paint": {"background-color": colour("ground")}
    }
    return {
        "version": 8,
        "name": title,
        "sources": {SOURCE: {"type": "vector", "url": tilejson}},
        "layers": [background, *(layer for c in placed for layer in _layers(c))],
    }


def _layers(collection: Collection) -> Iterator[StyleLayer]:
    status, connection = STYLES["link"].needs[0], STYLES["office"].needs[0]
    match collection.geometry:
        case GeometryType.MULTI_POLYGON:
            yield _layer(collection, "fill", {"fill-color": colour("land"), "fill-opacity": 0.6})
            yield _layer(
                collection, "line", {"line-color": colour("outline"), "line-width": 1},
                part="outline",
            )
        case GeometryType.LINE_STRING if status in collection.by_name:
            for code, line in LINK_LINES.items():
                yield _link(collection, status, code, line)
        case GeometryType.LINE_STRING:
            width = _growing(0.6, 5)
            casing = {"line-color": colour("road-casing"), "line-width": _growing(1, 7)}
            yield _layer(collection, "line", casing, part="casing")
            yield _layer(collection, "line", {"line-color": colour("road"), "line-width": width})
        case GeometryType.POINT:
            fill: Any = colour("network")
            if connection in collection.by_name:
                codes = collection.by_name[connection].codelist or ()
                pairs = [part for c in codes for part in (c.code, colour(c.code))]
                fill = ["match", ["get", connection], *pairs, colour("unknown")]
            yield _layer(collection, "circle", {
                "circle-color": fill,
                "circle-radius": _growing(1.5, 6),
                "circle-stroke-color": colour("halo"),
                "circle-stroke-width": 1,
            })


def _link(collection: Collection, status: str, code: str, line: LinkLine) -> StyleLayer:
    paint: dict[str, Any] = {
        "line-color": colour(f"tone-{line.tone}"), "line-width": _growing(0.8, 4)
    }
    if line.hollow:
        paint["line-gap-width"] = 1.5
    if line.dash:
        paint["line-dasharray"] = [float(part) / 2 for part in line.dash.split()]
    made = _layer(collection, "line", paint, part=code)
    made["filter"] = ["==", ["get", status], code]
    return made


def _layer(
    collection: Collection, kind: str, paint: dict[str, Any], *, part: str | None = None
) -> StyleLayer:
    return {
        "id": f"{collection.id}-{part}" if part else collection.id,
        "type": kind,
        "source": SOURCE,
        "source-layer": collection.id,
        "paint": paint,
    }


def _growing(far: float, near: float) -> list[Any]:
    return ["interpolate", ["exponential", 1.5], ["zoom"], 8, far, 18, near]

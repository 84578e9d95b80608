"""GPX as phones and hand receivers write it: waypoints, routes and tracks, a layer each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from gis_service.errors import UnreadableFile
from gis_service.formats.choosing import choose_layer
from gis_service.formats.geojson import feature_wkb
from gis_service.formats.rows import CRS84, GEOMETRY, Rows, arrow_column
from gis_service.formats.safe_xml import Element, parse_xml

_LAYERS = {"wpt": "waypoints", "rte": "routes", "trk": "tracks"}
_PROPERTIES = ("name", "cmt", "desc", "src", "sym", "type", "time", "ele", "number")
_POINTS = {"wpt", "rtept", "trkpt"}


def gpx_layers(content: bytes) -> tuple[str, ...]:
    """
    Those of waypoints, routes and tracks that the file holds.

    Raises
    ------
    UnreadableFile
        It is no whole XML, or no GPX.
    """
    return tuple(_parsed(content))


def read_gpx(content: bytes, *, layer: str | None) -> Rows:
    """
    One of the layers.

    Raises
    ------
    UnreadableFile
        It is no whole XML, no GPX, or the layer is not there or not named.
    """
    found = _parsed(content)
    layers = tuple(found)
    chosen = choose_layer(layer, layers)
    elements = found[chosen]
    faults: list[dict[str, Any]] = []
    shapes = [
        feature_wkb(row, {"type": "Feature", "geometry": _geometry(element)}, faults)
        for row, element in enumerate(elements, 1)
    ]
    columns = {name: [element.said(name) or None for element in elements] for name in _PROPERTIES}
    made = [
        arrow_column(name, values)
        for name, values in columns.items()
        if any(value is not None for value in values)
    ]
    made.append((pa.field(GEOMETRY, pa.binary()), pa.array(shapes, pa.binary())))
    return Rows(
        table=pa.Table.from_arrays([a for _, a in made], schema=pa.schema([f for f, _ in made])),
        layer=chosen,
        layers=layers,
        crs_assumed=CRS84,
        faults=faults,
    )


def _parsed(content: bytes) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}

    def taken(element: Element, around: Sequence[Element]) -> bool:
        if element.name in _LAYERS and len(around) == 2:
            found.setdefault(_LAYERS[element.name], []).append(element)
            return True
        return element.name == "extensions"

    root = parse_xml(content, taken)
    if root.child("gpx") is None:
        raise UnreadableFile("The file is XML but no GPX.")
    return {name: found[name] for name in _LAYERS.values() if name in found}


def _geometry(element: Element) -> dict[str, Any] | None:
    if element.name == "wpt":
        return {"type": "Point", "coordinates": _position(element)}
    if element.name == "rte":
        return {"type": "LineString", "coordinates": _line(element)}
    parts = [line for segment in element.children if segment.name == "trkseg"
             if (line := _line(segment))]
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts} if parts else None


def _line(element: Element) -> list[list[Any]]:
    return [_position(child) for child in element.children if child.name in _POINTS]


def _position(element: Element) -> list[Any]:
    """Longitude and latitude; text that is no number is left for the geometry's own rules."""
    values = [element.attributes.get(name, "") for name in ("lon", "lat")]
    try:
        return [float(value) for value in values]
    except ValueError:
        return values

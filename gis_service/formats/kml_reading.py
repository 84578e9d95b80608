"""
KML as Google Earth, phones and GIS programs write it (OGC 12-007r2).

Each placemark is a row. Its folders are a column, its extended data are
columns; what a placemark looks like, and what it links to, is left aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from gis_service.errors import UnreadableFile
from gis_service.formats.choosing import choose_layer
from gis_service.formats.geojson import BrokenGeometry, feature_wkb
from gis_service.formats.rows import CRS84, GEOMETRY, Rows, arrow_column
from gis_service.formats.safe_xml import Element, parse_xml

_PLAIN = ("name", "description", "address", "phoneNumber")
_TIMES = ("when", "begin", "end")
_FOLDERS = {"Folder", "Document"}
_GEOMETRIES = {
    "Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack", "Model",
}  # fmt: skip
_LEFT_ASIDE = {
    "NetworkLink": "network links (not followed)",
    "GroundOverlay": "ground overlays",
    "PhotoOverlay": "photo overlays",
    "ScreenOverlay": "screen overlays",
}


def read_kml(content: bytes, *, layer: str) -> Rows:
    """
    Placemarks of a KML document.

    Raises
    ------
    UnreadableFile
        It is no whole XML, or no KML.
    """
    return _rows(_reading(content), layer, (layer,))


def kmz_layers(documents: Mapping[str, bytes], *, name: str) -> tuple[str, ...]:
    """
    The documents of a KMZ that have placemarks; the main one has the file's name.

    Raises
    ------
    UnreadableFile
        One is no whole XML, or no KML.
    """
    return tuple(_layers(documents, name))


def read_kmz_layer(documents: Mapping[str, bytes], *, layer: str | None, name: str) -> Rows:
    """
    Placemarks of one document of a KMZ.

    Raises
    ------
    UnreadableFile
        One is no whole XML, or no KML, or the layer is not there or not named.
    """
    found = _layers(documents, name)
    layers = tuple(found)
    chosen = choose_layer(layer, layers)
    return _rows(found[chosen], chosen, layers)


def _layers(documents: Mapping[str, bytes], name: str) -> dict[str, _Reading]:
    readings: dict[str, _Reading] = {}
    for path, content in documents.items():
        plain = PurePosixPath(path).stem
        called = name if plain.lower() == "doc" or len(documents) == 1 else plain
        reading = _reading(content)
        if reading.rows:
            readings[path if called in readings else called] = reading
    return readings


def _reading(content: bytes) -> _Reading:
    reading = _Reading()
    if parse_xml(content, reading.taken).child("kml") is None:
        raise UnreadableFile("The file is XML but no KML.")
    return reading


def _rows(reading: _Reading, layer: str, layers: tuple[str, ...]) -> Rows:
    fields, arrays = [], []
    for name, values in reading.columns().items():
        field, array = arrow_column(name, values)
        fields.append(field)
        arrays.append(array)
    fields.append(pa.field(GEOMETRY, pa.binary()))
    arrays.append(pa.array(reading.shapes, pa.binary()))
    aside = ", ".join(f"{count:,} {_LEFT_ASIDE[name]}" for name, count in reading.aside.items())
    return Rows(
        table=pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        layer=layer,
        layers=layers,
        crs_assumed=CRS84,
        faults=reading.faults,
        notes=[f"Left aside: {aside}."] if aside else [],
    )


class _Reading:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.shapes: list[bytes | None] = []
        self.faults: list[dict[str, Any]] = []
        self.aside: dict[str, int] = {}

    def taken(self, element: Element, around: Sequence[Element]) -> bool:
        if element.name == "Placemark":
            self.rows.append(_properties(element, _folder(around)))
            self.shapes.append(self._shape(element))
            return True
        if element.name in _LEFT_ASIDE:
            self.aside[element.name] = self.aside.get(element.name, 0) + 1
            return True
        return element.name in _FOLDERS or element.name in {"Style", "StyleMap"}

    def columns(self) -> dict[str, list[Any]]:
        names = dict.fromkeys(name for row in self.rows for name in row)
        return {name: [row.get(name) for row in self.rows] for name in names}

    def _shape(self, placemark: Element) -> bytes | None:
        found = [child for child in placemark.children if child.name in _GEOMETRIES]
        if not found:
            return None
        row = len(self.rows)
        try:
            geometry = _geometry(found[0])
        except BrokenGeometry as error:
            self.faults.append({
                "row": row, "column": "geometry", "rule": "broken-geometry",
                "value": found[0].name, "message": str(error), "severity": "error",
            })  # fmt: skip
            return None
        feature = {"type": "Feature", "geometry": geometry}
        return feature_wkb(row, feature, self.faults)


def _folder(around: Sequence[Element]) -> str:
    """Names of the folders around a placemark, outermost first; the document is none."""
    names = [element.said("name") for element in around if element.name == "Folder"]
    return " / ".join(name for name in names if name)


def _properties(placemark: Element, folder: str) -> dict[str, str]:
    own = {name: text for name in _PLAIN if (text := placemark.said(name))}
    if "id" in placemark.attributes:
        own["id"] = placemark.attributes["id"]
    for name in _TIMES:
        for found in placemark.everywhere(name):
            own.setdefault(name, found.text.strip())
    if folder:
        own["folder"] = folder
    data = dict(_data(placemark))
    clashing = {name for name in own if name in data and data[name] != own[name]}
    return {f"@{name}" if name in clashing else name: text for name, text in own.items()} | data


def _data(placemark: Element) -> Iterator[tuple[str, str]]:
    """Extended data, typed or not."""
    for holder in placemark.children:
        if holder.name != "ExtendedData":
            continue
        for data in holder.everywhere("Data"):
            if name := data.attributes.get("name", "").strip():
                yield name, data.said("value")
        for data in holder.everywhere("SimpleData"):
            if name := data.attributes.get("name", "").strip():
                yield name, data.text.strip()


def _geometry(element: Element) -> dict[str, Any]:
    """A KML geometry as a GeoJSON one, whose rules then hold for it."""
    match element.name:
        case "Point":
            positions = _positions(element)
            if len(positions) != 1:
                raise BrokenGeometry(f"A point has {len(positions)} positions.")
            return {"type": "Point", "coordinates": positions[0]}
        case "LineString" | "LinearRing":
            return {"type": "LineString", "coordinates": _positions(element)}
        case "Polygon":
            rings = [
                _positions(ring)
                for side in ("outerBoundaryIs", "innerBoundaryIs")
                for boundary in element.children
                if boundary.name == side
                for ring in boundary.children
                if ring.name == "LinearRing"
            ]
            return {"type": "Polygon", "coordinates": _even(rings)}
        case "Track":
            return {"type": "LineString", "coordinates": _track(element)}
        case "MultiTrack":
            parts = [_track(child) for child in element.children if child.name == "Track"]
            return {"type": "MultiLineString", "coordinates": _even(parts)}
        case "MultiGeometry":
            inner = [_geometry(c) for c in element.children if c.name in _GEOMETRIES]
            return _gathered(inner)
        case _:
            raise BrokenGeometry(f"A {element.name} is no geometry of a map.")


def _gathered(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Parts of one kind as a multi-part geometry, others as a collection."""
    kinds = {part["type"] for part in parts}
    if len(parts) == 1:
        return parts[0]
    if len(kinds) == 1 and kinds <= {"Point", "LineString", "Polygon"}:
        coordinates = [part["coordinates"] for part in parts]
        return {"type": f"Multi{kinds.pop()}", "coordinates": coordinates}
    return {"type": "GeometryCollection", "geometries": parts}


def _positions(element: Element) -> list[list[float]]:
    """`lon,lat[,height]` with blanks between; blanks beside the commas are forgiven."""
    text = element.said("coordinates")
    pieces = ",".join(piece.strip() for piece in text.split(",")).split()
    return _numbers([piece.split(",") for piece in pieces])


def _track(element: Element) -> list[list[float]]:
    return _numbers([c.text.split() for c in element.children if c.name == "coord"])


def _numbers(texts: list[list[str]]) -> list[list[float]]:
    try:
        positions = [[float(number) for number in text if number] for text in texts]
    except ValueError:
        raise BrokenGeometry("A position holds text that is no number.") from None
    return _even([positions])[0]


def _even(parts: list[list[list[float]]]) -> list[list[list[float]]]:
    """Heights left out where some positions have none."""
    widths = {len(position) for part in parts for position in part}
    if widths == {2, 3}:
        return [[position[:2] for position in part] for part in parts]
    return parts

"""
GeoJSON, read feature by feature.

A broken feature is a fault of that feature and not of the file, so the
document is parsed here and not by GDAL, which gives up at the first one.
"""

from __future__ import annotations

import json
import struct
from itertools import chain
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from gis_service.errors import UnreadableFile
from gis_service.formats.decoding import decoded, told_encoding
from gis_service.formats.doubled_names import refuse_doubled_names
from gis_service.formats.json_sequences import json_sequence
from gis_service.formats.rows import CRS84, GEOMETRY, Rows, arrow_column

DEPTH = 4
"""Geometry collections inside of each other beyond this are refused."""
_CODES = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
_PART = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}
_Z = 0x80000000
_SEQUENCE = "sequence of texts"
_POSITIONS_PER_MB = 1_250
"""Of memory, while a document is parsed; measured with parsers and libraries loaded."""


class BrokenGeometry(Exception):
    """A geometry cannot be built; the message says why."""


def read_geojson(content: bytes, *, layer: str, encoding: str | None) -> Rows:
    """
    Features of a FeatureCollection or a sequence, one Feature, or bare geometries.

    Raises
    ------
    UnreadableFile
        The document is no GeoJSON.
    """
    document = _parsed(content, encoding)
    notes: list[str] = []
    features = _features(document, notes)
    faults: list[dict[str, Any]] = []
    shapes = [feature_wkb(number, feature, faults) for number, feature in enumerate(features, 1)]
    fields, arrays = _properties(features)
    fields.append(pa.field(GEOMETRY, pa.binary()))
    arrays.append(pa.array(shapes, pa.binary()))
    stated, silent = _crs(document)
    return Rows(
        table=pa.Table.from_arrays(arrays, schema=pa.schema(fields)),
        layer=layer,
        layers=(layer,),
        crs=stated,
        crs_assumed=CRS84 if silent else None,
        faults=faults,
        notes=notes,
        encoding=told_encoding(content, encoding),
    )


def refuse_too_many_positions(content: bytes, *, memory_mb: int) -> None:
    """
    Refuse a document that would fill the memory while it is parsed, where parsers crash.

    Raises
    ------
    UnreadableFile
        It has more brackets than fit.
    """
    most = memory_mb * _POSITIONS_PER_MB
    count = content.count(b"[")
    if count > most:
        raise UnreadableFile(
            f"The file holds some {count:,} positions; as GeoJSON at most {most:,} are read. Save "
            "it as a GeoPackage and load that, or split it."
        )


def _parsed(content: bytes, encoding: str | None) -> dict[str, Any]:
    text = decoded(content, encoding)
    try:
        document = orjson.loads(text)
        refuse_doubled_names(text, document)
    except orjson.JSONDecodeError:
        texts = json_sequence(text)
        if texts is not None:
            return {"type": _SEQUENCE, "features": texts}
        document = _parsed_leniently(text)
    if not isinstance(document, dict):
        raise UnreadableFile("The file is JSON but no GeoJSON: it holds no FeatureCollection.")
    return document


def _parsed_leniently(text: str) -> Any:
    """By the standard library, which lets NaN and Infinity through to be reported per feature."""
    try:
        document = json.loads(text)
        json.dumps(document, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise UnreadableFile(
            f"The file is not whole JSON: {error.msg} at line {error.lineno}, "
            f"column {error.colno}. It may have been cut short."
        ) from None
    except RecursionError:
        raise UnreadableFile("The file nests brackets too deeply to be GeoJSON.") from None
    except UnicodeEncodeError:
        raise UnreadableFile("The file holds half a character (a lone surrogate).") from None
    except ValueError as error:
        raise UnreadableFile(f"The file cannot be read as JSON: {error}.") from None
    return document


def _features(document: dict[str, Any], notes: list[str]) -> list[Any]:
    kind = document.get("type")
    if kind in {"FeatureCollection", _SEQUENCE} and isinstance(document.get("features"), list):
        features: list[Any] = document["features"]
        return [_as_feature(value) for value in features] if kind == _SEQUENCE else features
    if kind == "Feature":
        return [document]
    if kind == "GeometryCollection" and isinstance(document.get("geometries"), list):
        parts = document["geometries"]
        notes.append(f"The file is one geometry collection; each of its {len(parts):,} "
                     "geometries is a row.")
        return [_as_feature(part) for part in parts]
    if _is_kind(kind):
        return [_as_feature(document)]
    raise UnreadableFile(
        "The file is JSON but no GeoJSON: its type is neither FeatureCollection nor Feature."
    )


def _is_kind(value: Any) -> bool:
    return isinstance(value, str) and value in _CODES


def _as_feature(value: Any) -> Any:
    """A bare geometry as a feature; anything else as it is."""
    if isinstance(value, dict) and _is_kind(value.get("type")):
        return {"type": "Feature", "properties": {}, "geometry": value}
    return value


def _crs(document: dict[str, Any]) -> tuple[str | None, bool]:
    """The CRS of the old `crs` member, and whether the document is silent about it."""
    if "crs" not in document:
        return None, True
    member = document["crs"]
    name = None
    if isinstance(member, dict) and isinstance(member.get("properties"), dict):
        name = member["properties"].get("name")
    return (name if isinstance(name, str) else None), False


def _properties(features: list[Any]) -> tuple[list[pa.Field], list[pa.Array]]:
    rows = [
        f["properties"] if isinstance(f, dict) and isinstance(f.get("properties"), dict) else {}
        for f in features
    ]
    names = dict.fromkeys(chain.from_iterable(rows))
    columns = {name: [row.get(name) for row in rows] for name in names}
    ids = [f.get("id") if isinstance(f, dict) else None for f in features]
    if any(id_ is not None for id_ in ids):
        columns["id" if "id" not in columns else "@id"] = ids
    fields, arrays = [], []
    for name, values in columns.items():
        field, array = arrow_column(name, values)
        fields.append(field)
        arrays.append(array)
    return fields, arrays


def feature_wkb(number: int, feature: Any, faults: list[dict[str, Any]]) -> bytes | None:
    """A feature's geometry as well-known binary; what is wrong with it goes to `faults`."""

    def fault(rule: str, message: str, value: Any, severity: str = "error") -> None:
        shown = value if isinstance(value, str) else json.dumps(value, default=str)
        faults.append(
            {
                "row": number,
                "column": "geometry",
                "rule": rule,
                "value": shown[:120],
                "message": message,
                "severity": severity,
            }
        )

    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        fault("broken-geometry", "This is no Feature.", feature)
        return None
    geometry = feature.get("geometry")
    if geometry is None:
        return None
    texts: list[Any] = []
    try:
        wkb = _wkb(geometry, texts)
    except BrokenGeometry as error:
        fault("broken-geometry", str(error), geometry)
        return None
    if texts:
        fault(
            "coordinates-as-text",
            "The coordinates are written as text; they were read as the numbers they show.",
            texts[0],
            "warning",
        )
    return wkb


def _wkb(geometry: Any, texts: list[Any], depth: int = 1) -> bytes:
    """Well-known binary; positions that are texts of numbers are collected in `texts`."""
    if not isinstance(geometry, dict) or not _is_kind(geometry.get("type")):
        raise BrokenGeometry("The geometry has no type that GeoJSON knows.")
    kind = geometry["type"]
    if kind == "GeometryCollection":
        if depth > DEPTH:
            raise BrokenGeometry(f"Geometry collections are nested more than {DEPTH} deep.")
        parts = geometry.get("geometries")
        if not isinstance(parts, list):
            raise BrokenGeometry("The geometry collection has no list of geometries.")
        inner = [_wkb(part, texts, depth + 1) for part in parts]
        return struct.pack("<BII", 1, 7, len(inner)) + b"".join(inner)
    if "coordinates" not in geometry:
        raise BrokenGeometry("The geometry has no coordinates.")
    return _by_kind(kind, geometry["coordinates"], texts)


def _by_kind(kind: str, coordinates: Any, texts: list[Any]) -> bytes:
    if not isinstance(coordinates, list):
        raise BrokenGeometry("The coordinates are no list.")
    if kind == "Point":
        if not coordinates:
            return struct.pack("<BIdd", 1, 1, np.nan, np.nan)
        array = _positions([coordinates], texts)
        if np.isnan(array[0, :2]).all():
            raise BrokenGeometry("Both coordinates are NaN.")
        return struct.pack("<BI", 1, _code(kind, array)) + array.tobytes()
    if kind == "LineString":
        array = _positions(coordinates, texts)
        return struct.pack("<BII", 1, _code(kind, array), len(array)) + array.tobytes()
    if kind == "Polygon":
        return _polygon(coordinates, texts)
    parts = [_by_kind(_PART[kind], part, texts) for part in coordinates]
    return struct.pack("<BII", 1, _CODES[kind], len(parts)) + b"".join(parts)


def _polygon(rings: list[Any], texts: list[Any]) -> bytes:
    arrays = [_positions(ring, texts) for ring in rings]
    for array in arrays:
        if len(array) < 4:
            raise BrokenGeometry(f"A ring has {len(array)} positions; it needs 4 or more.")
        if not np.array_equal(array[0], array[-1], equal_nan=True):
            raise BrokenGeometry("A ring is not closed: its last position is not its first.")
    dimensions = {array.shape[1] for array in arrays}
    if len(dimensions) > 1:
        raise BrokenGeometry("Some rings have heights and others none.")
    code = _code("Polygon", arrays[0]) if arrays else 3
    packed = [struct.pack("<I", len(array)) + array.tobytes() for array in arrays]
    return struct.pack("<BII", 1, code, len(arrays)) + b"".join(packed)


def _code(kind: str, array: np.ndarray[Any, Any]) -> int:
    return _CODES[kind] | (_Z if array.shape[1] == 3 else 0)


def _positions(positions: Any, texts: list[Any]) -> np.ndarray[Any, Any]:
    """Positions as an array of floats, two or three wide."""
    if not isinstance(positions, list):
        raise BrokenGeometry("The positions are no list.")
    if not positions:
        return np.empty((0, 2))
    try:
        array = np.array(positions)
    except ValueError:
        raise BrokenGeometry("The positions differ in how many numbers they have.") from None
    if array.ndim != 2 or not 2 <= array.shape[1] <= 4:
        raise BrokenGeometry("A position is not a pair of numbers (longitude, latitude).")
    if array.dtype.kind == "U":
        texts.append(positions[0])
    elif array.dtype.kind not in "fi":
        raise BrokenGeometry("A position holds something that is no number.")
    try:
        numbers = array.astype("<f8")
    except (ValueError, TypeError, OverflowError):
        raise BrokenGeometry("A position holds text that is no number.") from None
    return np.ascontiguousarray(numbers[:, :3])

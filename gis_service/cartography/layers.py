"""
The data of a layer: GeoJSON with the fields that the reader may see, no more.

What the map computes (a ward's class, a node's kind, where a label stands)
travels beside the properties, in the foreign member `computed` of each feature.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.indicators import INDICATORS, class_of, value_of
from gis_service.cartography.kinds import NodeKind, node_kind, visible_kinds
from gis_service.cartography.styles import STYLES
from gis_service.crs import to_wgs84
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import Counts, CoverageTable
from gis_service.model.fields import Field

DECIMALS = 6
LEAN_DECIMALS = 5
LEAN_TOLERANCE_DEG = 1e-5
"""About a metre: what lean shapes may be off."""
NEAR_ZOOM = 14
"""From this zoom on the items of a layer with too many of them are asked for by box."""
TILES_ZOOM = {"office": 12, "node": 12}
"""By style, the zoom from which tiles are drawn; others are drawn by tiles from the first on."""

_Computed = Callable[[dict[str, Any], Any], dict[str, Any]]


def layer_payload(
    layer: LayerDefinition,
    frame: gpd.GeoDataFrame,
    *,
    fields: Sequence[Field],
    coverage: CoverageTable | None = None,
    lean: bool = False,
) -> bytes:
    """
    A layer's rows as a GeoJSON FeatureCollection (RFC 7946).

    Parameters
    ----------
    frame
        Rows that this reader may see, in any known CRS; `id`, or else the
        index, names them.
    fields
        The fields that this reader may see; other columns stay behind.
    coverage
        What wards are coloured by.
    lean
        Only what is drawn: shapes to about a metre, and no more than `lean_fields`;
        what comes of it says so in the member `lean`.

    Returns
    -------
    bytes
        UTF-8. Positions are longitude and latitude with 6 decimals; empty
        properties and rows without geometry are left out.
    """
    frame = drawn_rows(frame)
    geometries = frame.geometry.to_numpy()
    if lean:
        geometries = shapely.simplify(geometries, LEAN_TOLERANCE_DEG, preserve_topology=False)
        fields = [field for field in fields if field.name in lean_fields(layer, fields)]
    geometries = _rounded(geometries, LEAN_DECIMALS if lean else DECIMALS)
    values = values_of(frame, fields)
    computed = computed_of(layer, fields, coverage, values, geometries)
    document: dict[str, Any] = {
        "type": "FeatureCollection",
        **({"lean": True} if lean else {}),
        "features": list(_features(frame, geometries, values, computed)),
    }
    if layer.style in ("indicator", "outline") and len(geometries):
        lines = _rounded(np.array([shapely.multilinestrings(outline_of(geometries))]))
        document["outline"] = orjson.Fragment(shapely.to_geojson(lines)[0])
    return orjson.dumps(document)


def drawn_rows(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows that have a geometry, in EPSG:4326."""
    frame = to_wgs84(frame)
    return frame[~(frame.geometry.isna() | frame.geometry.is_empty)]


def overview_payload(
    layer: LayerDefinition,
    *,
    fields: Sequence[Field],
    counts: Sequence[tuple[Mapping[str, Any], int]],
    cells: Sequence[tuple[float, float, Mapping[str, int]]] = (),
    major: bytes | None = None,
) -> bytes:
    """
    What a layer with too many items shows from afar, besides its tiles.

    Parameters
    ----------
    counts
        How many items there are of each combination of the fields of `told_apart`.
    cells
        Of points: mean position and number by kind in each cell.
    major
        The items that stand out, as `layer_payload` has them.

    Returns
    -------
    bytes
        A FeatureCollection with the members `overview` (the zoom from which items
        are asked for by `bbox`), `tiles` (the zoom from which tiles are drawn before
        that), `counts` by kind, `kinds`, and `cells`: longitude, latitude, and a number for
        each of the kinds.
    """
    kinds = visible_kinds(fields)
    by_kind: Counter[str] = Counter()
    for values, count in counts:
        by_kind[_kind_of(layer, values, kinds)] += count
    in_cells = sorted({kind for _, _, counted in cells for kind in counted})
    return orjson.dumps({
        "type": "FeatureCollection",
        "overview": NEAR_ZOOM,
        "tiles": TILES_ZOOM.get(layer.style, 0),
        "counts": by_kind,
        "kinds": in_cells,
        "cells": [
            (lon, lat, *(counted.get(kind, 0) for kind in in_cells))
            for lon, lat, counted in cells
        ],
        "features": orjson.loads(major)["features"] if major else [],
    })


def told_apart(layer: LayerDefinition, fields: Sequence[Field]) -> tuple[str, ...]:
    """The fields by which a layer's signs differ, of those that the reader may see."""
    names = [field.name for field in fields]
    wanted = {
        "office": STYLES["office"].needs,
        "link": STYLES["link"].needs,
        "node": tuple(kind.field for kind in visible_kinds(fields)),
    }.get(layer.style, ())
    return tuple(name for name in dict.fromkeys(wanted) if name in names)


def drawn_by(layer: LayerDefinition, fields: Sequence[Field]) -> str | None:
    """The field by whose value the shapes in a layer's tiles are told apart; None for none."""
    names = () if layer.style == "node" else told_apart(layer, fields)
    return names[0] if names else None


def major_values(
    layer: LayerDefinition, fields: Sequence[Field]
) -> dict[str, frozenset[object]]:
    """By field, the values of which an item holds one when it stands out from afar."""
    if layer.style != "node":
        return {}
    return {kind.field: kind.values for kind in visible_kinds(fields) if kind.major}


def lean_fields(layer: LayerDefinition, fields: Sequence[Field]) -> frozenset[str]:
    """The fields that a layer's signs, names and widths are made from."""
    collection = REGISTRY[layer.collection]
    more = STYLES[layer.style].tells
    return frozenset((*told_apart(layer, fields), collection.label, collection.key, *more))


def _kind_of(
    layer: LayerDefinition, values: Mapping[str, Any], kinds: Sequence[NodeKind]
) -> str:
    if layer.style == "node":
        return node_kind(values, kinds)
    return next((str(value) for value in values.values() if value is not None), "")


def data_script(layer_id: str, payload: bytes) -> bytes:
    """A layer's data as a script, for pages that are opened from `file://`."""
    return b"(globalThis.gisMapData ??= {})[%s] = %s;\n" % (orjson.dumps(layer_id), payload)


def values_of(frame: gpd.GeoDataFrame, fields: Sequence[Field]) -> list[dict[str, Any]]:
    """Of each row what the reader may see, as JSON holds it, without what is missing."""
    shown = [field.name for field in fields if field.name in frame.columns]
    columns = [[_json_value(value) for value in frame[name].to_list()] for name in shown]
    return [
        {name: value for name, value in zip(shown, row, strict=True) if value is not None}
        for row in zip(*columns, strict=True)
    ] if columns else [{} for _ in range(len(frame))]


def computed_of(
    layer: LayerDefinition,
    fields: Sequence[Field],
    coverage: CoverageTable | None,
    values: Sequence[dict[str, Any]],
    geometries: Any,
) -> list[dict[str, Any]]:
    """Of each row what the map computes; areas carry the longitude and latitude of their label."""
    computed = _computer(layer, fields, coverage)
    return [computed(row, shape) for row, shape in zip(values, geometries, strict=True)]


def outline_of(areas: Any) -> list[Any]:
    """Rings of the common outline of areas; slivers between them do not count as holes."""
    merged = shapely.union_all(shapely.make_valid(areas))
    return [
        shapely.get_exterior_ring(part)
        for part in shapely.get_parts(merged)
        if shapely.get_type_id(part) == shapely.GeometryType.POLYGON
    ]


def _features(
    frame: gpd.GeoDataFrame,
    geometries: Any,
    values: Sequence[dict[str, Any]],
    computed: Sequence[dict[str, Any]],
) -> Iterator[dict[str, Any]]:
    ids = (frame["id"] if "id" in frame.columns else frame.index).astype(str).to_list()
    texts = shapely.to_geojson(geometries)
    for id_, text, properties, extra in zip(ids, texts, values, computed, strict=True):
        yield {
            "type": "Feature", "id": id_, "geometry": orjson.Fragment(text),
            "properties": properties, **({"computed": extra} if extra else {}),
        }


def _json_value(value: Any) -> Any:
    """A value as JSON holds it; None for what is missing."""
    if isinstance(value, np.ndarray | list | tuple):
        return [_json_value(v) for v in value] or None
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return _json_number(value)
    if isinstance(value, bool | int | dict):
        return value
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _json_number(value: float) -> float | None:
    if not math.isfinite(value):
        return None
    return int(value) if value.is_integer() else value


def _rounded(geometries: Any, decimals: int = DECIMALS) -> Any:
    """Geometries with so many decimals, outer rings anticlockwise as RFC 7946 has them."""
    flat = shapely.force_2d(geometries)
    return shapely.orient_polygons(
        shapely.transform(flat, lambda xy: np.round(xy, decimals)), exterior_cw=False
    )


def _computer(
    layer: LayerDefinition, fields: Sequence[Field], coverage: CoverageTable | None
) -> _Computed:
    if layer.style == "indicator" and layer.indicator:
        return _ward_computer(layer, coverage)
    if layer.style == "outline":
        return lambda properties, geometry: {"label_at": _label_position(geometry)}
    if layer.style == "node":
        kinds = visible_kinds(fields)
        return lambda properties, geometry: {"kind": node_kind(properties, kinds)}
    return lambda properties, geometry: {}


def _ward_computer(layer: LayerDefinition, coverage: CoverageTable | None) -> _Computed:
    indicator = INDICATORS[layer.indicator or ""]
    by_code = coverage.by_code() if coverage else {}

    def computed(properties: dict[str, Any], geometry: Any) -> dict[str, Any]:
        ward = by_code.get(str(properties.get("code")))
        counts = ward.counts if ward else Counts()
        value = value_of(indicator, counts)
        return {
            "class": class_of(value, layer.breaks),
            "indicator": None if math.isnan(value) else round(value, 1),
            "connected": counts.connected,
            "unconnected": counts.unconnected,
            "unknown": counts.unknown,
            "label_at": _label_position(geometry),
        }

    return computed


def _label_position(area: Any) -> list[float]:
    """Where a label stands in an area: the centre of the largest circle within it."""
    largest = max(shapely.get_parts(area), key=shapely.area)
    size = math.sqrt(shapely.area(largest))
    circle = shapely.maximum_inscribed_circle(largest, tolerance=max(size / 50, 1e-6))
    x, y = shapely.get_coordinates(circle)[0]
    return [round(float(x), 5), round(float(y), 5)]

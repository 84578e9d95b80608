"""
The data of a layer for everybody's page: the same features as in GeoJSON, a quarter of it.

Values stand in columns, positions in steps of a grid as encoded polylines (the Encoded
Polyline Algorithm Format), and a border that two areas share is there once.
`static/map/compact.js` makes features of it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import shapely

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.layers import (
    computed_of,
    drawn_rows,
    layer_payload,
    outline_of,
    values_of,
)
from gis_service.model.coverage import CoverageTable
from gis_service.model.fields import Field

PLACES_PER_DEGREE = 100_000
"""Of points: about a metre."""
SHAPES_PER_DEGREE = 25_000
"""Of lines and areas: about four metres."""
LINE_TOLERANCE_DEG = 8e-5
"""What a line may be off, beyond the grid: about nine metres."""
AREA_TOLERANCE_DEG = 5e-4
"""Root of the area that may be cut off a border at one of its points (Visvalingam)."""

Position = tuple[int, int]
Ring = list[Position]


def compact_payload(
    layer: LayerDefinition,
    frame: gpd.GeoDataFrame,
    *,
    fields: Sequence[Field],
    coverage: CoverageTable | None = None,
) -> bytes:
    """
    A layer's rows as a page needs them that only shows them.

    Parameters
    ----------
    frame, fields, coverage
        As of `layer_payload`.

    Returns
    -------
    bytes
        JSON in UTF-8: `compact` (1), `count`, `properties` and `computed` (by name, a value
        or null for each feature), `perDegree` (the grid) and one of `points`, `lines`, or
        `arcs` with `areas` and `outline`. Ids of features are their numbers. A layer that
        mixes kinds of geometry, or whose areas are too small for the grid, comes as
        `layer_payload` makes it.
    """
    frame = drawn_rows(frame)
    geometries = frame.geometry.to_numpy()
    shapes = _shapes(layer, geometries)
    if shapes is None:
        return layer_payload(layer, frame, fields=fields, coverage=coverage)
    values = values_of(frame, fields)
    computed = computed_of(layer, fields, coverage, values, geometries)
    return orjson.dumps({
        "compact": 1,
        "count": len(frame),
        **shapes,
        "properties": _columns(values),
        "computed": _columns(computed),
    })


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _shapes(layer: LayerDefinition, geometries: Any) -> dict[str, Any] | None:
    kinds = {int(kind) for kind in shapely.get_type_id(geometries)}
    if kinds <= {shapely.GeometryType.POINT}:
        places = (_steps(each, PLACES_PER_DEGREE) for each in geometries)
        return {"perDegree": PLACES_PER_DEGREE, "points": _Pen().text(p for [p] in places)}
    if kinds == {shapely.GeometryType.LINESTRING}:
        pen = _Pen()
        lines = shapely.simplify(geometries, LINE_TOLERANCE_DEG)
        steps = (_steps(each, SHAPES_PER_DEGREE) for each in lines)
        return {"perDegree": SHAPES_PER_DEGREE, "lines": [pen.text(each) for each in steps]}
    if kinds <= {shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON}:
        return _areas(geometries, with_outline=layer.style in ("indicator", "outline"))
    return None


def _areas(geometries: Any, *, with_outline: bool) -> dict[str, Any] | None:
    if shapely.is_valid(geometries).all():
        geometries = shapely.coverage_simplify(geometries, AREA_TOLERANCE_DEG)
    geometries = shapely.transform(
        shapely.force_2d(geometries), lambda xy: np.round(xy * SHAPES_PER_DEGREE)
    )
    areas = [[_rings(part) for part in shapely.get_parts(each)] for each in geometries]
    areas = [[rings for rings in area if rings] for area in areas]
    if not all(areas):
        return None
    outline = [_ring(each) for each in outline_of(geometries)] if with_outline else []
    arcs = _Arcs([*(ring for area in areas for rings in area for ring in rings), *outline])
    pen = _Pen()
    found = {
        "areas": [[[arcs.of(ring) for ring in rings] for rings in area] for area in areas],
        **({"outline": [arcs.of(ring) for ring in outline]} if with_outline else {}),
    }
    return {
        "perDegree": SHAPES_PER_DEGREE, **found, "arcs": [pen.text(arc) for arc in arcs.found],
    }


def _rings(polygon: Any) -> list[Ring]:
    """Rings of a polygon, outside first; none where its outside is nothing on the grid."""
    rings = [_ring(each) for each in shapely.get_rings(polygon)]
    return [ring for ring in rings if len(ring) > 3] if rings and len(rings[0]) > 3 else []


def _ring(ring: Any) -> Ring:
    positions = [(int(x), int(y)) for x, y in shapely.get_coordinates(ring)]
    return [positions[0], *(b for a, b in pairwise(positions) if a != b)]


def _steps(geometry: Any, per_degree: int) -> Ring:
    placed = np.round(shapely.get_coordinates(geometry) * per_degree).astype(int)
    return [(int(x), int(y)) for x, y in placed]


class _Arcs:
    """
    Rings, cut where more than two borders meet; a piece that two of them share is there once.

    Parameters
    ----------
    rings
        All of them, each closed: what meets is known from them alone.
    """

    def __init__(self, rings: Iterable[Ring]) -> None:
        beside: dict[Position, set[Position]] = defaultdict(set)
        for ring in rings:
            for a, b in pairwise(ring):
                beside[a].add(b)
                beside[b].add(a)
        self._beside = beside
        self._numbers: dict[tuple[Position, ...], int] = {}

    @property
    def found(self) -> Iterator[tuple[Position, ...]]:
        """The pieces, by number."""
        return iter(self._numbers)

    def of(self, ring: Ring) -> list[int]:
        """The pieces of a ring in order; ~n is the n-th one the other way round."""
        open_ring = ring[:-1]
        meetings = [i for i, place in enumerate(open_ring) if len(self._beside[place]) > 2]
        first = meetings[0] if meetings else open_ring.index(min(open_ring))
        turned = [*open_ring[first:], *open_ring[:first], open_ring[first]]
        cuts = [*(i - first for i in meetings or [first]), len(open_ring)]
        return [self._number(tuple(turned[a : b + 1])) for a, b in pairwise(cuts)]

    def _number(self, piece: tuple[Position, ...]) -> int:
        back = self._numbers.get(piece[::-1])
        if back is not None and piece not in self._numbers:
            return ~back
        return self._numbers.setdefault(piece, len(self._numbers))


class _Pen:
    """Writes positions one after the other, each as the way from the one before."""

    def __init__(self) -> None:
        self._x = 0
        self._y = 0

    def text(self, positions: Iterable[Position]) -> str:
        """Positions as an encoded polyline; the next one begins where this ends."""
        written = []
        for x, y in positions:
            written += [_encoded(x - self._x), _encoded(y - self._y)]
            self._x, self._y = x, y
        return "".join(written)


def _encoded(number: int) -> str:
    """A whole number as the polyline format has it: five bits a character, low ones first."""
    rest = ~(number << 1) if number < 0 else number << 1
    text = ""
    while rest >= 0x20:
        text += chr((0x20 | (rest & 0x1F)) + 63)
        rest >>= 5
    return text + chr(rest + 63)

"""The short form of a layer's data: what comes out is what went in, on the grid."""

from __future__ import annotations

import gzip
import json
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely import box
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

from gis_service.cartography.compact import compact_payload
from gis_service.cartography.definition import LayerDefinition, read_definition
from gis_service.cartography.layers import layer_payload
from gis_service.coverage import coverage_by_ward
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.collections import REGISTRY
from tests.conftest import ROOT
from tests.polylines import decoded

LAYERS = {layer.collection: layer for layer in read_definition(ROOT / "maps/coverage.toml").layers}


def made(collection: str, frame: gpd.GeoDataFrame, **options: Any) -> dict[str, Any]:
    fields = visible_fields(REGISTRY[collection], Audience.PUBLIC)
    document: dict[str, Any] = json.loads(
        compact_payload(LAYERS[collection], frame, fields=fields, **options)
    )
    return document


def areas_of(document: dict[str, Any]) -> list[Any]:
    place = [0, 0]
    arcs = [decoded(text, place) for text in document["arcs"]]

    def ring(numbers: list[int]) -> list[tuple[int, int]]:
        pieces = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
        assert all(a[-1] == b[0] for a, b in zip(pieces, pieces[1:] + pieces[:1], strict=True))
        return [*(at for piece in pieces for at in piece[:-1]), pieces[0][0]]

    areas = [
        MultiPolygon([Polygon(ring(rings[0]), [ring(r) for r in rings[1:]]) for rings in area])
        for area in document["areas"]
    ]
    return [shapely.transform(area, lambda xy: xy / document["perDegree"]) for area in areas]


def test_points_keep_a_metre_and_only_what_may_be_seen():
    frame = gpd.GeoDataFrame(
        {"id": ["a", "b", "c"], "name": ["A", None, "C"], "contact": ["0700"] * 3,
         "connection": ["connected", "unknown", "unknown"]},
        geometry=[Point(34.771234, -0.681239), Point(-0.5, 12.25), None], crs=4326,
    )
    found = made("offices", frame)
    assert found["count"] == 2
    assert found["properties"] == {"name": ["A", None], "connection": ["connected", "unknown"]}
    assert decoded(found["points"], [0, 0]) == [(3477123, -68124), (-50000, 1225000)]
    assert '"a"' not in json.dumps(found)


def test_lines_lie_where_they_lay():
    lines = [LineString([(34.7, -0.7), (34.75, -0.70001), (34.8, -0.65)]),
             LineString([(34.9, -0.7), (34.9, -0.6)])]
    frame = gpd.GeoDataFrame({"id": ["a", "b"], "name": ["A9", "B"]}, geometry=lines, crs=4326)
    found, place = made("roads", frame), [0, 0]
    for text, line in zip(found["lines"], lines, strict=True):
        drawn = shapely.transform(
            LineString(decoded(text, place)), lambda xy: xy / found["perDegree"]
        )
        assert shapely.hausdorff_distance(drawn, line) < 1e-4


def wards(*areas: Any) -> gpd.GeoDataFrame:
    codes = [f"13{i:02}" for i in range(len(areas))]
    return gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=list(areas), crs=4326)


def test_a_border_that_areas_share_is_there_once():
    """
    Two squares side by side, a third with a hole apart: three arcs of the two and two rings.
    """
    holed = Polygon(box(35, -0.7, 35.1, -0.6).exterior, [box(35.03, -0.67, 35.06, -0.64).exterior])
    shapes = [box(34.7, -0.7, 34.8, -0.6), box(34.8, -0.7, 34.9, -0.6), holed]
    found = made("wards", wards(*shapes))
    assert len(found["arcs"]) == 5
    assert all(a.equals(b) for a, b in zip(areas_of(found), shapes, strict=True))
    assert [len(ring) for ring in found["outline"]] == [2, 1]


def test_the_real_wards_keep_their_borders_and_become_light():
    frame = gpd.read_file(ROOT / "data/sample/wards.geojson")
    offices = gpd.read_file(ROOT / "data/sample/offices.geojson")
    options = {"coverage": coverage_by_ward(frame, offices)}
    found = made("wards", frame, **options)
    drawn = areas_of(found)
    for area, real in zip(drawn, frame.geometry, strict=True):
        assert shapely.hausdorff_distance(area, real) < 5e-4
        assert abs(area.area / real.area - 1) < 0.01
    assert shapely.coverage_is_valid(drawn)
    plain = json.loads(layer_payload(
        LAYERS["wards"], frame, fields=visible_fields(REGISTRY["wards"], Audience.PUBLIC), **options
    ))
    whole = [feature["computed"] for feature in plain["features"]]
    computed = found["computed"]
    assert computed["connected"] == [each["connected"] for each in whole]
    assert computed["class"] == [each["class"] for each in whole]
    size = len(gzip.compress(json.dumps(found, separators=(",", ":")).encode()))
    assert size < len(gzip.compress(json.dumps(plain).encode())) / 4


@pytest.mark.parametrize(
    ("collection", "shapes"),
    [
        ("offices", [Point(34.7, -0.7), box(34.7, -0.7, 34.8, -0.6)]),
        ("wards", [box(34.7, -0.7, 34.8, -0.6), box(34.9, -0.7, 34.900001, -0.699999)]),
    ],
)
def test_what_the_grid_cannot_hold_comes_as_geojson(collection: str, shapes: list[Any]):
    layer: LayerDefinition = LAYERS[collection]
    frame = wards(*shapes).rename(columns={"code": "code"})
    fields = visible_fields(REGISTRY[collection], Audience.PUBLIC)
    found = json.loads(compact_payload(layer, frame, fields=fields))
    assert found["type"] == "FeatureCollection"
    assert len(found["features"]) == 2


def test_nothing_is_nothing():
    assert made("offices", wards())["count"] == 0

"""Geometry put into shape in the reading process: what is changed, and what is left alone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_service.errors import InvalidInput
from gis_service.formats import repairing
from gis_service.formats.reading import read_file
from gis_service.formats.repairing import repaired
from gis_service.formats.rows import GEOMETRY, Rows
from gis_service.formats.shaping import Shaping, shape_rows
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import GeometryType
from gis_service.model.rules import RULES
from gis_service.validation.checking import validate

LINE, AREA = GeometryType.LINE_STRING, GeometryType.MULTI_POLYGON


def shaped(
    *geometries: str, wanted: GeometryType = LINE, most: int = 1_000, merge: bool = True
) -> tuple[list[Any], list[tuple[int, str]]]:
    """Geometries of rows after the reading process, and the rules reported for them."""
    wkb = [None if not text else shapely.to_wkb(shapely.from_wkt(text)) for text in geometries]
    rows = Rows(pa.table({GEOMETRY: pa.array(wkb, pa.binary())}), "x", ("x",))
    shape_rows(rows, Shaping(wanted, most, merge))
    assert {fault["severity"] for fault in rows.faults} <= {"warning"}
    assert {fault["rule"] for fault in rows.faults} <= set(RULES)
    found = shapely.from_wkb(rows.table.column(GEOMETRY).to_numpy()).tolist()
    return found, [(fault["row"], fault["rule"]) for fault in rows.faults]


def wkt(geometry: Any) -> str:
    return str(shapely.to_wkt(geometry, trim=True))


def test_parts_that_join_become_one_line_in_their_direction() -> None:
    found, rules = shaped(
        "MULTILINESTRING ((0 0, 1 0), (1 0, 2 0))",
        "MULTILINESTRING ((2 0, 1 0), (1 0, 0 0))",
        "MULTILINESTRING ((0 0, 1 0), (2 0, 1 0))",
        "MULTILINESTRING ((0 0, 1 0), (5 0, 6 0))",
        "",
    )
    assert [None if shape is None else wkt(shape) for shape in found[:2]] == [
        "LINESTRING (0 0, 1 0, 2 0)", "LINESTRING (2 0, 1 0, 0 0)"
    ]  # fmt: skip
    assert found[2].geom_type == "LineString", "one part runs against the other"
    assert found[3].geom_type == "MultiLineString", "a gap is nobody's to close"
    assert rules == [(1, "parts-merged"), (2, "parts-merged"), (3, "parts-merged")]
    assert shaped("MULTILINESTRING ((0 0, 1 0), (1 0, 2 0))", merge=False)[1] == []


def test_rows_beyond_those_that_are_held_at_one_time_keep_their_numbers() -> None:
    plain = "LINESTRING (0 0, 1 1)"
    texts = [plain] * 20_001
    texts[10_001] = "LINESTRING (0 0, 0 0, 2 2)"
    texts[20_000] = ""
    found, rules = shaped(*texts)
    assert rules == [(10_002, "repeated-vertices")]
    assert wkt(found[10_001]) == "LINESTRING (0 0, 2 2)"
    assert found[20_000] is None
    assert {wkt(found[row]) for row in (0, 9_999, 10_000, 10_002, 19_999)} == {plain}


def test_repeated_vertices_go_and_a_line_in_one_place_stays_for_validation() -> None:
    found, rules = shaped(
        "LINESTRING (0 0, 0 0, 1 1, 1 1)", "LINESTRING (2 2, 2 2)", "LINESTRING (0 0, 1 1)"
    )
    assert wkt(found[0]) == "LINESTRING (0 0, 1 1)"
    assert wkt(found[1]) == "LINESTRING (2 2, 2 2)"
    assert rules == [(1, "repeated-vertices")]


def test_a_line_that_crosses_itself_is_told_and_kept() -> None:
    crossing = "LINESTRING (0 0, 2 2, 2 0, 0 2)"
    found, rules = shaped(crossing, "LINESTRING (0 0, 1 0, 1 1, 0 0)")
    assert wkt(found[0]) == crossing
    assert rules == [(1, "self-crossing")], "a ring is no crossing"


def test_collections_of_one_kind_become_that_kind() -> None:
    found, _ = shaped(
        "GEOMETRYCOLLECTION (LINESTRING (0 0, 1 0), LINESTRING (1 0, 2 0))",
        "GEOMETRYCOLLECTION (POINT (1 1))",
        "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 1 0))",
    )
    assert [shape.geom_type for shape in found] == ["LineString", "Point", "GeometryCollection"]


def test_invalid_polygons_are_repaired_and_told() -> None:
    found, rules = shaped(
        "POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))",
        "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (5 5, 6 5, 6 6, 5 5))",
        "POLYGON ((0 0, 1 0, 2 0, 0 0))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        wanted=AREA,
    )
    assert [shape.is_valid for shape in found] == [True, True, False, True]
    # the bow tie becomes two triangles of area 1; what has no area is not invented
    assert (found[0].geom_type, found[0].area) == ("MultiPolygon", 2)
    assert rules == [(1, "repaired-polygon"), (2, "repaired-polygon")]


def test_what_is_over_the_limit_or_not_finite_is_not_touched() -> None:
    ring = shapely.Point(0, 0).buffer(1, quad_segs=500)
    _, rules = shaped(wkt(ring), "LINESTRING (0 0, 0 0, nan 1)", most=1_000)
    assert rules == []


def random_ring(vertices: int) -> Any:
    return shapely.Polygon(np.random.default_rng(7).random((vertices, 2)))


def test_a_polygon_that_takes_too_long_is_given_up_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repairing, "EACH_S", 1)
    bow = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    began = time.process_time()
    first, hostile, last = repaired([bow, random_ring(3_000), bow])
    assert hostile is None, "it takes more than a minute"
    assert first.equals(last)
    assert first.area == 2
    assert time.process_time() - began < 1, "the work is done elsewhere"


# --- split ---


def lines(**columns: list[Any]) -> gpd.GeoDataFrame:
    several = shapely.from_wkt("MULTILINESTRING ((34.7 -0.6, 34.8 -0.6), (34.7 -0.7, 34.8 -0.7))")
    single = shapely.LineString([(34.7, -0.6), (34.8, -0.6)])
    frame = gpd.GeoDataFrame(columns, geometry=[several, single, None, several], crs=4326)
    return frame.set_axis(gpd.pd.Index([1, 2, 4, 5], name="row"))


def test_parts_are_split_into_rows_with_identifiers_of_their_own() -> None:
    frame = lines(external_id=["X", "Y", "Z", None])
    links = REGISTRY["fibre_links"]
    result = validate(frame, links, constants={"status": "planned"}, split=True)
    assert result.read == 6
    told = [(f.row, f.message) for f in result.faults if f.rule == "parts-split"]
    assert told == [
        (1, "Its 2 parts became rows of their own: this one and 6."),
        (5, "Its 2 parts became rows of their own: this one and 7."),
    ]
    kept = result.frame
    assert kept["external_id"].to_dict() == {1: "X-1", 2: "Y", 6: "X-2"}
    assert kept.geom.bounds.miny.to_dict() == {1: -0.6, 2: -0.6, 6: -0.7}
    rejected = {f.row: f.rule for f in result.faults if f.severity == "error"}
    assert rejected == {4: "no-geometry", 5: "required", 7: "required"}


def test_parts_are_refused_with_what_to_do() -> None:
    result = validate(lines(external_id=list("XYZW")), REGISTRY["fibre_links"],
                      constants={"status": "planned"})  # fmt: skip
    assert [(f.row, f.rule) for f in result.faults if f.severity == "error"] == [
        (1, "several-parts"), (4, "no-geometry"), (5, "several-parts")
    ]  # fmt: skip
    assert "--multi split" in result.faults[0].message


def test_identifiers_inside_of_objects_cannot_be_split() -> None:
    with pytest.raises(InvalidInput, match="--multi split"):
        validate(lines(it=[{"id": "X"}] * 4), REGISTRY["fibre_links"],
                 mapping={"it.id": "external_id"}, split=True)  # fmt: skip


def test_made_identifiers_tell_parts_apart() -> None:
    result = validate(lines(name=list("XYZW")), REGISTRY["fibre_links"], make_ids=True, split=True,
                      constants={"status": "planned"})  # fmt: skip
    assert len(set(result.frame["external_id"])) == len(result.frame) == 5


def test_the_reading_process_puts_into_shape(tmp_path: Path) -> None:
    path = tmp_path / "w.csv"
    path.write_text('code,wkt\n7,"POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))"\n')
    assert not read_file(path).frame.geometry.iloc[0].is_valid
    source = read_file(path, shaping=Shaping(AREA, 1_000))
    assert source.frame.geometry.iloc[0].is_valid
    assert [(f.row, f.rule) for f in source.faults] == [(1, "repaired-polygon")]
    assert source.faults[0].message.startswith("Self-intersection at 1 1.")

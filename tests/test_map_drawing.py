"""Maps for paper: scale, north, labels, signs, and texts that must stay texts."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import box

from gis_service.crs import from_degrees, to_degrees, utm_srid
from gis_service.printing.map_drawing import (
    MOST_MARKS,
    MOST_VERTICES,
    AreaLayer,
    LineLayer,
    PointLayer,
    draw_map,
)
from gis_service.printing.map_frame import MapFrame, frame_around, scale_bar
from gis_service.printing.map_labels import place_labels
from gis_service.printing.signs import Fill, Mark, Stroke, sign_svg

SVG = "{http://www.w3.org/2000/svg}"
KISII = (690_000.0, 9_920_000.0)
HOSTILE = ('#panic("x")', "$", "*", "\\", "<script>alert(1)</script>", "]]>&amp;\x00\x0b", "")


def frame_at(lon: float, lat: float, width_m: float = 30_000.0) -> MapFrame:
    srid = utm_srid(lon, lat)
    ((x, y),) = from_degrees(srid, [(lon, lat)])
    half = width_m / 2
    return frame_around((x - half, y - half, x + half, y + half), srid, width_mm=180, height_mm=150)


def kisii(width_m: float = 30_000.0) -> MapFrame:
    return frame_at(34.77, -0.68, width_m)


def on_ground(frame: MapFrame, x_mm: float, y_mm: float) -> tuple[float, float]:
    """Longitude and latitude of a place on paper."""
    x = frame.west_m + x_mm * frame.metres_per_mm
    y = frame.north_m - y_mm * frame.metres_per_mm
    lon, lat = to_degrees(frame.srid).transform(x, y)
    return lon, lat


def cell(east: float, north: float, size: float = 5_000.0) -> shapely.Polygon:
    """A square around a place east and north of Kisii, in metres."""
    x, y = from_degrees(32736, [(34.77, -0.68)])[0]
    return box(x + east, y + north, x + east + size, y + north + size)


@given(
    lon=st.floats(33, 42), lat=st.floats(-60, 60), width_m=st.floats(500, 200_000),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_the_scale_bar_is_as_long_as_it_says(lon: float, lat: float, width_m: float) -> None:
    """Measured along the ellipsoid, in the middle of the map, within one per cent."""
    frame = frame_at(lon, lat, width_m)
    bar = scale_bar(frame)
    middle = frame.width_mm / 2 - bar.length_mm / 2, frame.height_mm / 2
    start = on_ground(frame, *middle)
    end = on_ground(frame, middle[0] + bar.length_mm, middle[1])
    _, _, metres = Geod(ellps="WGS84").inv(*start, *end)
    assert metres == pytest.approx(bar.length_m, rel=0.01)
    assert bar.length_mm < 0.3 * frame.width_mm
    assert float(f"{bar.length_m:.0e}") == bar.length_m


def test_the_bar_that_is_drawn_is_the_bar_that_is_said() -> None:
    frame = kisii()
    drawing = ElementTree.fromstring(draw_map([], frame))
    drawn = next(e for e in drawing.iter(f"{SVG}rect") if e.get("id") == "scale-bar")
    bar = scale_bar(frame)
    assert float(drawn.get("width", "")) == pytest.approx(bar.length_mm, abs=1e-3)
    assert bar.label in [e.text for e in drawing.iter(f"{SVG}text")]
    assert drawing.get("viewBox") == "0 0 180 150"


@given(lon=st.floats(30.5, 35.5), lat=st.floats(-50, 50))
@hypothesis_settings(max_examples=25, deadline=None)
def test_the_arrow_points_to_true_north(lon: float, lat: float) -> None:
    """A kilometre north of the middle, along the meridian, lies where the arrow points."""
    ((x, y), (x1, y1)) = from_degrees(utm_srid(33, lat), [(lon, lat), (lon, lat + 0.01)])
    frame = frame_around(
        (x - 9e3, y - 9e3, x + 9e3, y + 9e3), utm_srid(33, lat), width_mm=100, height_mm=100
    )
    _, bearing = frame.factors()
    assert bearing == pytest.approx(math.degrees(math.atan2(x1 - x, y1 - y)), abs=0.01)


@given(
    width=st.floats(10, 1e6), height=st.floats(10, 1e6), x=st.floats(2e5, 8e5), y=st.floats(0, 9e6)
)
@hypothesis_settings(max_examples=50, deadline=None)
def test_a_frame_shows_all_of_its_bounds(width: float, height: float, x: float, y: float) -> None:
    frame = frame_around((x, y, x + width, y + height), 32736, width_mm=180, height_mm=150)
    west, south, east, north = frame.bounds_m()
    assert west <= x
    assert south <= y
    assert east >= x + width
    assert north >= y + height
    assert frame.denominator == float(f"{frame.denominator:.1e}"), "two digits"


def test_names_stand_apart_and_within_their_areas() -> None:
    areas = [box(30 * i, 30 * j, 30 * i + 30, 30 * j + 30) for i in range(5) for j in range(4)]
    names = [f"Ward number {i}" for i in range(20)]
    labels = place_labels(names, areas, box(0, 0, 150, 120))
    assert len(labels) == 20
    for one, area in zip(labels, areas, strict=True):
        assert area.contains(one.box)
    for i, one in enumerate(labels):
        assert not any(one.box.intersects(other.box) for other in labels[i + 1:])


def test_a_name_that_fits_nowhere_is_left_out() -> None:
    areas = [box(0, 0, 4, 4), box(4, 0, 60, 30)]
    labels = place_labels(["A very long name", "Wide"], areas, box(0, 0, 60, 30))
    assert [" ".join(label.lines) for label in labels] == ["Wide"]


def test_names_keep_clear_of_marks_and_of_the_scale_bar() -> None:
    area = box(0, 0, 60, 30)
    free = place_labels(["Kisii"], [area], area)[0].box
    beside = place_labels(["Kisii"], [area], area, (), [free.centroid])[0].box
    assert not beside.contains(free.centroid)
    assert place_labels(["Kisii"], [area], area, [area]) == ()


def test_areas_lines_and_points_are_drawn_in_order() -> None:
    layers = [
        AreaLayer(np.array([cell(0, 0)]), [Fill("#112233")], ["Sensi"]),
        LineLayer(np.array([cell(-2e3, 0).exterior]), Stroke("#445566", 0.5, (1, 2))),
        PointLayer(np.array([cell(0, 0).centroid]), Mark("ring", "#778899", 2)),
    ]
    text = draw_map(layers, kisii()).decode()
    places = [text.index(each) for each in ("#112233", "#445566", '<use href="#mark2"', "Sensi")]
    assert places == sorted(places)
    assert 'stroke-dasharray="1 2"' in text


def test_no_data_is_hatched() -> None:
    layer = AreaLayer(np.array([cell(0, 0)]), [Fill(None)])
    assert 'fill="url(#hatch)"' in draw_map([layer], kisii()).decode()
    assert b"url(#hatch)" in sign_svg(Fill(None))


def test_what_lies_outside_or_is_missing_is_not_drawn() -> None:
    shapes = np.array([cell(500_000, 0), None, shapely.Point(), cell(0, 0)], dtype=object)
    layer = AreaLayer(shapes, [Fill("#000000")] * 3 + [Fill("#abcdef")], ["a", "b", "c", "Here"])
    text = draw_map([layer], kisii()).decode()
    assert "#abcdef" in text
    assert "Here" in text
    assert "#000000" not in text


def test_layers_of_nothing_draw_nothing() -> None:
    none = np.array([], dtype=object)
    layers = [
        AreaLayer(none, [], []),
        LineLayer(none, Stroke("#000000", 1)),
        PointLayer(none, Mark("disc", "#000000", 1)),
    ]
    assert b"#000000" not in draw_map(layers, kisii()).partition(b"</defs>")[2]


def test_holes_stay_open() -> None:
    holed = cell(0, 0, 9_000).difference(cell(3_000, 3_000, 2_000))
    text = draw_map([AreaLayer(np.array([holed]), [Fill("#abcdef")])], kisii()).decode()
    (path,) = re.findall(r'<path d="([^"]+)" fill="#abcdef" fill-rule="evenodd"', text)
    assert path.count("M") == path.count("Z") == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_texts(name: str) -> None:
    layer = AreaLayer(np.array([cell(-9e3, -9e3, 18e3)]), [Fill("#ffffff")], [name])
    drawing = ElementTree.fromstring(draw_map([layer], kisii()))
    assert not list(drawing.iter(f"{SVG}script"))
    texts = " ".join(e.text or "" for e in drawing.iter(f"{SVG}text"))
    shown = "".join(c for c in name if c.isprintable())
    assert "".join(shown.split()) in "".join(texts.split())


def test_a_crowd_is_thinned_to_what_paper_shows() -> None:
    chance = np.random.default_rng(7)
    middle = np.array(from_degrees(32736, [(34.77, -0.68)])[0])
    places = chance.uniform(-14e3, 14e3, (40_000, 2)) + middle
    steps = chance.uniform(-90, 90, (400, 600, 2)).cumsum(axis=1) + middle
    layers = [
        LineLayer(shapely.linestrings(steps), Stroke("#445566", 0.2)),
        PointLayer(shapely.points(places), Mark("disc", "#778899", 1)),
    ]
    text = draw_map(layers, kisii()).decode()
    assert 0 < text.count("<use") <= MOST_MARKS
    (path,) = re.findall(r'<path d="([^"]+)" fill="none"', text)
    assert 0 < path.count("M") + path.count("L") <= MOST_VERTICES


def test_the_same_map_is_the_same_bytes() -> None:
    layers = [AreaLayer(np.array([cell(0, 0), cell(5e3, 0)]), [Fill("#abcdef")] * 2, ["A", "B"])]
    assert draw_map(layers, kisii()) == draw_map(layers, kisii())

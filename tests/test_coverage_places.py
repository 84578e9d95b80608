"""Points, lines and areas in the wards of a small town."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod, Proj
from shapely import LineString, MultiPolygon, Point, box

from gis_service.coverage.people import covered_share, discs_around, distance_m, united_areas
from gis_service.coverage.places import (
    OUTSIDE,
    Pieces,
    Places,
    pieces_of_areas,
    pieces_of_lines,
    placed_points,
    places_of,
)
from tests.town import wards

GEOD = Geod(ellps="WGS84")
A, B, C = 0, 1, 2
"""Indices of the wards, in the order of their codes."""


@pytest.fixture(scope="module")
def places() -> Places:
    return places_of(wards())


def metres(*points: tuple[float, float]) -> float:
    return GEOD.geometry_length(LineString(points))


def lines(*points: list[tuple[float, float]]) -> np.ndarray:
    return np.array([LineString(each) for each in points], dtype=object)


def cut(places: Places, *points: list[tuple[float, float]]) -> dict[tuple[int, int], float]:
    pieces = pieces_of_lines(places, lines(*points))
    found = zip(pieces.of, pieces.ward, pieces.size, strict=True)
    return {(int(of), int(ward)): float(size) for of, ward, size in found}


def share_within(places: Places, cells: Pieces, at: np.ndarray, radius_m: float) -> np.ndarray:
    return covered_share(cells, united_areas(discs_around(places, at, radius_m=radius_m)))


def test_wards_stand_in_the_order_of_their_codes(places):
    assert places.codes == ("1301", "1302", "1303")
    assert places.names == ("A", "B", "C")
    assert places.srid == 32736


def test_a_point_lies_in_one_ward_and_on_an_edge_in_the_lowest(places):
    points = np.array([Point(34.75, -0.7), Point(34.7, -0.7), Point(34.65, -0.7),
                       Point(35.5, -0.7), None], dtype=object)
    placed = placed_points(places, points)
    assert placed.ward.tolist() == [A, A, B, OUTSIDE, OUTSIDE]
    assert placed.on_edge.tolist() == [False, True, False, False, False]


def test_a_line_within_one_ward_is_not_cut(places):
    line = [(34.71, -0.7), (34.72, -0.71), (34.73, -0.7)]
    assert cut(places, line) == {(0, A): pytest.approx(metres(*line))}


def test_a_line_is_cut_at_the_edges_that_it_crosses(places):
    found = cut(places, [(34.65, -0.7), (34.95, -0.7)])
    assert found == {
        (0, B): pytest.approx(metres((34.65, -0.7), (34.7, -0.7))),
        (0, A): pytest.approx(metres((34.7, -0.7), (34.8, -0.7))),
        (0, C): pytest.approx(metres((34.8, -0.7), (34.9, -0.7))),
        (0, OUTSIDE): pytest.approx(metres((34.9, -0.7), (34.95, -0.7))),
    }


def test_a_line_along_an_edge_counts_once_in_the_lowest_ward(places):
    """From the middle of B along its edge with A, and into A: two thirds would count twice."""
    found = cut(places, [(34.69, -0.7), (34.7, -0.7), (34.7, -0.69), (34.71, -0.69)])
    assert found == {
        (0, A): pytest.approx(metres((34.7, -0.7), (34.7, -0.69), (34.71, -0.69))),
        (0, B): pytest.approx(metres((34.69, -0.7), (34.7, -0.7))),
    }


def test_a_line_that_lies_in_no_ward_is_told_as_outside(places):
    line = [(35.5, -0.7), (35.6, -0.7)]
    assert cut(places, line) == {(0, OUTSIDE): pytest.approx(metres(*line))}


def test_pieces_sum_to_the_length_that_is_known(places):
    """A stored length wins over one that is measured, whatever it is."""
    pieces = pieces_of_lines(
        places, lines([(34.65, -0.7), (34.75, -0.7)]), length_m=np.array([12_000.0])
    )
    assert pieces.size.sum() == pytest.approx(12_000)
    assert pieces.size.tolist() == pytest.approx([6000, 6000], rel=1e-6)


coordinate = st.tuples(
    st.integers(34_500, 35_000).map(lambda x: x / 1000),
    st.integers(-900, -500).map(lambda y: y / 1000),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(coordinate, min_size=2, max_size=6, unique=True), min_size=1, max_size=6))
def test_pieces_of_any_line_sum_to_the_line(points):
    places = places_of(wards())
    pieces = pieces_of_lines(places, lines(*points))
    whole = [GEOD.geometry_length(LineString(each)) for each in points]
    summed = np.bincount(pieces.of, pieces.size, minlength=len(points))
    assert summed.tolist() == pytest.approx(whole, abs=0.01)
    keys = list(zip(pieces.of.tolist(), pieces.ward.tolist(), strict=True))
    assert len(keys) == len(set(keys))


def test_an_area_on_an_edge_is_split_by_area_and_the_rest_lies_outside(places):
    cells = np.array([
        MultiPolygon([box(34.69, -0.7, 34.71, -0.69)]),
        MultiPolygon([box(34.88, -0.7, 34.92, -0.69)]),
        MultiPolygon([box(34.61, -0.7, 34.62, -0.69)]),
    ], dtype=object)
    pieces = pieces_of_areas(places, cells)
    whole = shapely.area(places.to_metric(cells))
    found = {(int(o), int(w)): s for o, w, s in zip(pieces.of, pieces.ward, pieces.size,
                                                    strict=True)}
    half = pytest.approx(0.5, abs=1e-4)
    assert set(found) == {(0, A), (0, B), (1, C), (1, OUTSIDE), (2, B)}
    assert found[0, A] / whole[0] == half
    assert found[1, OUTSIDE] / whole[1] == half
    assert found[2, B] == pytest.approx(whole[2])


def test_overlapping_wards_do_not_count_an_area_twice():
    areas = wards().set_geometry([MultiPolygon([box(34.6, -0.8, 34.9, -0.6)])] * 3)
    places = places_of(areas)
    cells = np.array([MultiPolygon([box(34.85, -0.7, 34.95, -0.69)])], dtype=object)
    pieces = pieces_of_areas(places, cells)
    assert pieces.ward.tolist() == [A, OUTSIDE]
    assert pieces.size.sum() == pytest.approx(float(shapely.area(places.to_metric(cells))[0]))


def test_a_disc_has_its_radius_along_the_ground_and_counts_once(places):
    """Two access points at one place cover what one covers: a disc of 1 km, of 64 corners."""
    cells = pieces_of_areas(places, np.array([MultiPolygon([box(34.6, -0.8, 34.7, -0.6)])]))
    at = np.array([Point(34.65, -0.7)] * 2)
    share = share_within(places, cells, at, 1000)
    stretch = 0.99969  # of UTM 36S here, from PROJ: proj_factors at 34.65 E
    disc = 64 / 2 * math.sin(2 * math.pi / 64) * 1000**2 * stretch**2
    assert share[0] * cells.size[0] == pytest.approx(disc, rel=1e-3)
    assert share_within(places, cells, at[:0], 1000).tolist() == [0.0]


def test_a_cell_that_is_covered_whole_counts_whole(places):
    cells = pieces_of_areas(places, np.array([MultiPolygon([box(34.65, -0.7, 34.651, -0.699)])]))
    share = share_within(places, cells, np.array([Point(34.6505, -0.6995)]), 500)
    assert share.tolist() == [1.0]


def test_many_discs_cover_what_their_union_covers(places):
    """Compared with one intersection of each cell and the union, which GEOS makes undivided."""
    dice = np.random.default_rng(5)
    at = shapely.points(dice.uniform((34.6, -0.8), (34.9, -0.6), (300, 2)))
    grid = [box(34.6 + x / 50, -0.8 + y / 50, 34.62 + x / 50, -0.78 + y / 50)
            for x in range(15) for y in range(10)]
    cells = pieces_of_areas(places, np.array(grid, dtype=object))
    share = share_within(places, cells, at, 800)
    scale = Proj(32736).get_factors(*shapely.get_coordinates(at).T).meridional_scale
    discs = shapely.union_all(shapely.buffer(places.to_metric(at), 800 * scale, quad_segs=16))
    expected = shapely.area(shapely.intersection(cells.shapes, discs)) / cells.size
    assert share.tolist() == pytest.approx(expected.tolist(), abs=1e-9)
    assert 0.1 < share.mean() < 0.9


def test_distance_to_the_nearest_is_along_the_ground(places):
    at = np.array([Point(34.65, -0.7), Point(34.7, -0.71)])
    targets = np.array([Point(34.66, -0.7), Point(34.7, -0.7)])
    found = distance_m(places, at, targets)
    assert found.tolist() == pytest.approx(
        [metres((34.65, -0.7), (34.66, -0.7)), metres((34.7, -0.71), (34.7, -0.7))], abs=0.001
    )
    assert distance_m(places, at, targets[:0]).tolist() == [math.inf, math.inf]

"""Roads as a graph, on squared paper of one kilometre a square."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis_service.network.roads import Roads, road_graph
from tests.streets import NORTH, place, street, streets

METRE = 0.001


def meeting_roads(*lines: object) -> Roads:
    roads = streets(*lines)
    assert roads is not None
    return roads


@pytest.mark.parametrize(
    ("lines", "meetings", "components"),
    [
        ((street((0, 0), (2, 0)), street((2, 0), (3, 1))), 3, 1),  # end to end
        ((street((0, 0), (2, 0)), street((1, 0), (1, 1))), 4, 1),  # an end on a line between
        ((street((0, 0), (2, 0)), street((1, 0.9 * METRE), (1, 1))), 4, 1),  # almost
        ((street((0, 0), (2, 0)), street((1, 3 * METRE), (1, 1))), 4, 2),  # too far from it
        ((street((0, 0), (2, 0)), street((1, -1), (1, 1))), 5, 1),  # crossing
        ((street((0, 0), (1, 0), (2, 0)), street((1, -1), (1, 0), (1, 1))), 5, 1),  # in a vertex
        ((street((0, 0), (2, 0)), street((0, 1), (2, 1))), 4, 2),  # side by side
        ((street((0, 0), (2, 0)), street((1, 0), (3, 0))), 4, 1),  # one upon the other for a part
        ((street((0, 0), (2, 0)), street((2, 0), (0, 0))), 2, 1),  # the same way twice
        ((street((0, 0), (1, 0), (1, 1), (0, 1), (0, 0)),), 1, 1),  # round a block
        ((street((0, 0), (2, 0), (2, 1), (1, 1), (1, -1)),), 6, 1),  # over itself
    ],
)
def test_roads_meet_where_they_touch_cross_or_nearly_do(lines, meetings, components):
    roads = meeting_roads(*lines)
    assert roads.meetings == meetings
    assert len(set(roads.component.tolist())) == components


def test_roads_without_length_are_passed_over():
    nothing = np.array([None, shapely.LineString(), street((1, 1), (1, 1))], dtype=object)
    assert road_graph(nothing) is None
    assert meeting_roads(*nothing, street((0, 0), (1, 0))).meetings == 2


def test_the_nearest_place_is_on_the_nearest_road_and_the_first_of_equals():
    roads = meeting_roads(street((0, 0), (2, 0)), street((0, 1), (2, 1)))
    where = roads.nearest(np.array([place(0.5, 0.9), place(1, 0.2), place(-1, 1), place(3, 0)]))
    assert roads.road_at(where).tolist() == [1, 0, 1, 0]
    expected = [place(0.5, 1), place(1, 0), place(0, 1), place(2, 0)]
    assert np.allclose(roads.lonlat_at(where), expected, atol=1e-6)
    only = roads.nearest(np.array([place(0.5, 0.9)]), among=np.array([0]))
    assert roads.road_at(only).tolist() == [0]


def test_ways_are_measured_along_the_road_on_the_ellipsoid():
    """
    (0,1)───(1,1)
              │
            (1,0)     two kilometres; half of the first and half of the second are one.
    """
    roads = meeting_roads(street((0, 1), (1, 1), (1, 0)))
    start, end = roads.nearest(np.array([place(0.5, 1), place(1, 0.5)]))
    metres = roads.metres_at(np.array([start, end]))
    assert metres[1] - metres[0] == pytest.approx(1000, rel=1e-4)
    assert np.allclose(
        roads.stretch(start, end), [place(0.5, 1), place(1, 1), place(1, 0.5)], atol=1e-6
    )


def test_far_from_the_equator_metres_are_still_metres():
    """A degree of latitude at 60 N is 111,412 m, of longitude half of that at the equator."""
    lines = np.array([shapely.LineString([(10, 60), (10, 61)])], dtype=object)
    roads = road_graph(lines)
    assert roads is not None
    assert roads.vertex_m[-1] == pytest.approx(111_422, abs=15)
    assert pytest.approx(1 / 110.574276) == NORTH

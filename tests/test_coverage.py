"""Coverage on a street plan small enough to count by hand."""

from __future__ import annotations

import math

import geopandas as gpd
import pytest
from shapely import box
from shapely.geometry import Point

from gis_service.coverage import coverage_by_ward
from gis_service.model.coverage import Counts

CITIZEN = "connectedCitizen"
COUNTY = "connectedCountyGovernment"


def wards() -> gpd.GeoDataFrame:
    """
    Three wards side by side, 0.1 degrees wide: B (1302) | A (1301) | C (1303)

      34.6       34.7       34.8       34.9
        ├─── B ───┼─── A ───┼─── C ───┤
    """
    return gpd.GeoDataFrame(
        {"code": ["1303", "1302", "1301"], "name": ["C", "B", "A"],
         "constituency": ["S", "N", "N"]},
        geometry=[
            box(34.8, -0.8, 34.9, -0.6), box(34.6, -0.8, 34.7, -0.6), box(34.7, -0.8, 34.8, -0.6)
        ],
        crs=4326,
    )


def offices(*rows: tuple[str, float, float, object, str | None]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"id": [r[0] for r in rows], "connection": [r[3] for r in rows],
         "theme": [r[4] for r in rows]},
        geometry=[Point(r[1], r[2]) for r in rows],
        crs=4326,
    )


TOWN = (
    ("a1", 34.72, -0.7, "connected", COUNTY),
    ("a2", 34.74, -0.7, "connected", CITIZEN),
    ("a3", 34.76, -0.7, "unconnected", CITIZEN),
    ("a4", 34.78, -0.7, "unknown", CITIZEN),
    ("b1", 34.65, -0.7, "unconnected", None),
    ("c1", 34.85, -0.7, None, COUNTY),
    ("far", 35.5, -0.7, "connected", COUNTY),
)


def test_each_ward_counts_its_own_offices():
    table = coverage_by_ward(wards(), offices(*TOWN))
    assert [w.name for w in table.wards] == ["A", "B", "C"]
    a, b, c = (w.counts for w in table.wards)
    assert a == Counts(connected=2, unconnected=1, unknown=1)
    assert a.share_connected == pytest.approx(2 / 3)
    assert b == Counts(unconnected=1)
    assert b.share_connected == 0
    assert c == Counts(unknown=1)


def test_a_share_without_known_offices_is_no_data_never_zero():
    table = coverage_by_ward(wards(), offices(*TOWN))
    assert math.isnan(table.by_code()["1303"].counts.share_connected)
    assert math.isnan(coverage_by_ward(wards(), offices()).total.share_connected)


def test_totals_count_every_office_once_and_those_outside_too():
    table = coverage_by_ward(wards(), offices(*TOWN))
    assert table.total == Counts(connected=3, unconnected=2, unknown=2)
    assert table.outside == Counts(connected=1)
    assert table.outside_offices == ("far",)
    assert sum((w.counts for w in table.wards), table.outside) == table.total


def test_themes_add_up():
    table = coverage_by_ward(wards(), offices(*TOWN))
    assert table.by_theme == {
        "": Counts(unconnected=1),
        CITIZEN: Counts(1, 1, 1),
        COUNTY: Counts(connected=2, unknown=1),
    }
    assert table.by_code()["1301"].by_theme[CITIZEN] == Counts(1, 1, 1)
    assert sum(table.by_theme.values(), Counts()) == table.total


def test_an_office_on_a_shared_edge_counts_once_in_the_lowest_code_and_is_reported():
    table = coverage_by_ward(wards(), offices(("edge", 34.7, -0.7, "connected", None)))
    assert table.by_code()["1301"].counts.connected == 1
    assert table.by_code()["1302"].counts.connected == 0
    assert table.total.offices == 1
    assert table.offices_on_edge == ("edge",)


def test_near_an_edge_is_a_matter_of_metres():
    """0.00005 degrees of longitude are 5.6 m here."""
    near = offices(("near", 34.70005, -0.7, "connected", None))
    assert coverage_by_ward(wards(), near, edge_m=5).offices_on_edge == ()
    assert coverage_by_ward(wards(), near, edge_m=6).offices_on_edge == ("near",)


def test_other_crs_gives_the_same_counts():
    expected = coverage_by_ward(wards(), offices(*TOWN))
    moved = coverage_by_ward(wards().to_crs(32736), offices(*TOWN).to_crs(3857))
    assert moved == expected


def test_overlapping_wards_do_not_count_an_office_twice():
    overlapping = wards().set_geometry([box(34.6, -0.8, 34.9, -0.6)] * 3)
    table = coverage_by_ward(overlapping, offices(*TOWN))
    assert table.by_code()["1301"].counts.offices == 6
    assert table.total.offices == 7


def test_arguments_stay_as_they_were():
    areas, points = wards(), offices(*TOWN)
    before = areas.copy(), points.copy()
    coverage_by_ward(areas, points)
    assert areas.equals(before[0])
    assert points.equals(before[1])


def test_without_wards_everything_is_outside():
    table = coverage_by_ward(wards().iloc[:0], offices(*TOWN))
    assert table.wards == ()
    assert table.outside == table.total

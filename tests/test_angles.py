"""Coordinates as people write them; expected degrees are worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from gis_service.formats.angles import Angle, NotAnAngle, metres, parse_angle, parse_pair
from gis_service.formats.position_columns import Columns
from gis_service.formats.positions import Positions, find_positions

SOUTH = -(40 + 48.5 / 60) / 60
"""0 degrees, 40 minutes and 48.5 seconds south."""
EAST = 34 + 46 / 60


@pytest.mark.parametrize(
    ("cell", "degrees"),
    [
        ("-0.6801389", -0.6801389),
        ("34,7667", 34.7667),
        ("\N{MINUS SIGN}0,5\N{DEGREE SIGN}", -0.5),
        ("0°40'48.5\"S", SOUTH),
        ("0° 40\N{PRIME} 48.5\N{DOUBLE PRIME} S", SOUTH),
        ("0º40\N{RIGHT SINGLE QUOTATION MARK}48,5\N{RIGHT DOUBLE QUOTATION MARK}S", SOUTH),
        ("S 0 40 48.5", SOUTH),
        ("0:40:48.5 s", SOUTH),
        ("0d40m48.5sS", SOUTH),
        ("-0 40 48.5", SOUTH),
        ("S0°40.808333'", SOUTH),
        ("0°40'48.5'' South", SOUTH),
        ("Kusini 0 40 48.5", SOUTH),
        ("34°46'E", EAST),
        ("34 46 00 mashariki", EAST),
        ("34.7666667E", EAST),
        ("034°46.000'", EAST),
    ],
)
def test_an_angle_in_many_writings(cell: str, degrees: float) -> None:
    assert parse_angle(cell).degrees == pytest.approx(degrees, abs=1e-7)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("here", "no number"),
        ("0°60'00\"S", "less than 60"),
        ("-0°40'S", "sign and a letter"),
        ("S 0°40'S", "both ends"),
        ("0.5°40'S", "Only the last part"),
        ("1 2 3 4", "no number"),
        ("9" * 200 + "°1'", "too long"),
        ("nan", "no number"),
        ("1_000", "no number"),
    ],
)
def test_what_is_no_angle_says_why(cell: str, said: str) -> None:
    with pytest.raises(NotAnAngle, match=said):
        parse_angle(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "0°40'48.5\"S 34°46'E", "0°40'48.5\"S, 34°46'E", "S 0 40 48.5 E 34 46",
        "-0.68013889, 34.76666667", "-0.68013889 34.76666667", "-0,68013889; 34,76666667",
        "(-0.68013889,34.76666667)", "-0.68013889 34.76666667 1700.0 4.5",
    ],
)  # fmt: skip
def test_both_coordinates_in_one_cell(cell: str) -> None:
    south, east = parse_pair(cell)
    assert (south.degrees, east.degrees) == pytest.approx((SOUTH, EAST), abs=1e-7)


def test_letters_tell_which_is_which() -> None:
    assert parse_pair("34°46'E 0°30'S") == (
        Angle(EAST, "longitude", 2), Angle(-0.5, "latitude", 2)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "value"),
    [("698123", 698123), ("698 123,5", 698123.5), ("9,924,500.25", 9924500.25),
     ("698,123", 698123), ("698123 mE", 698123), ("9924500N", 9924500), ("x", None)],
)  # fmt: skip
def test_metres_with_thousands(cell: str, value: float | None) -> None:
    assert metres(cell) == value


def found(
    columns: Columns, faults: list[Any] | None = None, *, metric: bool = False, **named: str
) -> Positions:
    rows = len(next(iter(columns.values())))
    faults = [] if faults is None else faults
    return find_positions(columns, range(1, rows + 1), named, faults, metric=metric)


def first(positions: Positions) -> tuple[float, float]:
    assert positions.shapes is not None
    point = shapely.from_wkb(positions.shapes[0])
    return point.x, point.y


@pytest.mark.parametrize(
    "names",
    [("Longitude (E)", "Latitude (S)"), ("GPS_LONG", "GPS_LAT"), ("lng", "lat"),
     ("Longitudo", "Latitudo"), ("_gps_longitude", "_gps_latitude"), ("POINT_X", "POINT_Y"),
     ("x_coord", "y_coord"), ("E", "N")],
)  # fmt: skip
def test_columns_of_degrees_are_found_by_many_names(names: tuple[str, str]) -> None:
    positions = found({"no": ["7"], names[0]: ["34.77"], names[1]: ["-0.68"]})
    assert first(positions) == (34.77, -0.68)
    assert positions.used == names
    assert positions.degrees


@pytest.mark.parametrize(
    "names", [("Easting", "Northing"), ("UTM_E", "UTM_N"), ("Mashariki", "Kaskazini"), ("x", "y")]
)
def test_metres_are_not_taken_for_degrees(names: tuple[str, str]) -> None:
    positions = found({names[0]: ["698123"], names[1]: ["9924500"]})
    assert first(positions) == (698123, 9924500)
    assert not positions.degrees, "nothing says in which CRS the metres are"


def test_a_table_with_both_follows_the_crs_that_is_named() -> None:
    columns = {"lon": ["34.77"], "lat": ["-0.68"], "easting": ["698123"], "northing": ["9924500"]}
    assert first(found(columns)) == (34.77, -0.68)
    assert first(found(columns, metric=True)) == (698123, 9924500)


def test_a_coordinate_of_the_other_axis_is_a_fault() -> None:
    faults: list[Any] = []
    positions = found({"lat": ["34°46'E", "0°30'S"], "lon": ["34.7", "34.8"]}, faults)
    assert [(f["row"], f["column"], f["value"]) for f in faults] == [(1, "lat", "34°46'E")]
    assert "This is a longitude" in faults[0]["message"]
    assert positions.notes == [
        "Coordinates in degrees, minutes and seconds were read as decimal degrees."
    ]


def test_one_column_with_both_says_in_which_order_it_was_read() -> None:
    positions = found({"GPS": ["-0.68, 34.77", "0°30'S 34°46'E"]})
    assert first(positions) == (34.77, -0.68)
    assert "The cells of 'GPS' were read as latitude, longitude (1 rows)." in positions.notes
    assert first(found({"lonlat": ["34.77, -0.68"]})) == (34.77, -0.68)
    assert found({"location": ["Milimani", "Nyanchwa"]}).shapes is None


def test_text_and_binary_of_postgis_state_their_crs() -> None:
    hexadecimal = shapely.to_wkb(shapely.set_srid(shapely.Point(698123, 9924500), 32736),
                                 hex=True, include_srid=True)
    faults: list[Any] = []
    positions = found(
        {"geom": ["SRID=32736;POINT(698123 9924500)", hexadecimal, "SRID=4326;POINT(34 0)",
                  "POINT(", "CIRCULARSTRING(0 0,1 1,2 0)", "SRID=4326;", None]},
        faults,
    )  # fmt: skip
    assert positions.crs == "EPSG:32736"
    assert first(positions) == (698123, 9924500)
    assert [(f["row"], f["rule"]) for f in faults] == [
        (3, "mixed-crs"), (4, "broken-geometry"), (5, "broken-geometry"), (6, "bad-coordinate")
    ]  # fmt: skip
    assert positions.shapes is not None
    assert [shape is None for shape in positions.shapes] == [False, False, *[True] * 5]


def test_text_in_metres_is_not_taken_for_degrees() -> None:
    assert not found({"wkt": ["POINT (698123 9924500)", None]}).degrees
    assert found({"wkt": ["POINT (34.7 -0.6)", "POINT (698123 9924500)", None]}).degrees
    assert found({"wkt": [None]}).shapes == [None]

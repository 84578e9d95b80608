"""Validation: every row at fault is named with its column, rule and value."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import shapely

from gis_service.errors import InvalidInput
from gis_service.model.collections import REGISTRY
from gis_service.model.reports import RowFault, Severity
from gis_service.model.rules import RULES
from gis_service.validation import part_checks
from gis_service.validation.checking import Validated, validate
from gis_service.validation.columns import plan_columns

KISII = (34.3, -1.2, 35.2, -0.3)
PLACE = shapely.Point(34.77, -0.68)


def column(values: list[Any]) -> Any:
    """As the reader gives it: Arrow where the values are plain, objects where they are JSON."""
    if any(isinstance(v, dict | list) for v in values):
        return pd.Series([*values, None], dtype=object).iloc[:-1]
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values)])))


def frame(geometry: Any = PLACE, crs: Any = 4326, **columns: list[Any]) -> gpd.GeoDataFrame:
    length = len(next(iter(columns.values())))
    shapes = geometry if isinstance(geometry, list) else [geometry] * length
    data = {name: column(values) for name, values in columns.items()}
    result = gpd.GeoDataFrame(data, geometry=shapes, crs=crs)
    result.index = pd.RangeIndex(1, length + 1, name="row")
    return result


def offices(geometry: Any = PLACE, crs: Any = 4326, **columns: list[Any]) -> gpd.GeoDataFrame:
    """Good offices, but for what `columns` says."""
    length = len(geometry) if isinstance(geometry, list) else len(
        next(iter(columns.values()), ["x"])
    )
    good = {
        "external_id": [f"o{n}" for n in range(length)],
        "name": ["Ofisi"] * length,
        "office_type": ["health"] * length,
        "connection": ["unknown"] * length,
    }
    return frame(geometry, crs, **(good | columns))


def check(data: Any, collection: str = "offices", **options: Any) -> Validated:
    return validate(data, REGISTRY[collection], extent=KISII, **options)


def found(result: Validated) -> list[tuple[int, str, str]]:
    return [(f.row, f.column, f.rule) for f in result.faults]


def only(result: Validated) -> RowFault:
    (fault,) = result.faults
    return fault


def test_good_rows_pass_without_a_word() -> None:
    result = check(offices(name=["Ofisi", "Shule"]))
    assert (result.read, len(result.frame), result.faults, result.notes) == (2, 2, (), ())
    assert result.lacking == ()
    assert result.frame.crs == "EPSG:4326"


def test_every_rule_says_what_is_wrong_and_what_to_do_in_both_languages() -> None:
    for rule in RULES.values():
        for words in (rule.title, rule.remedy):
            assert words.en
            assert words.sw
            assert words.en != words.sw


# --- columns ---


def test_columns_are_found_by_name_spelling_and_title() -> None:
    result = check(frame(**{
        "External ID": ["o1"], "JINA": ["Ofisi"], "officeType": ["health"],
        "Muunganisho": ["unknown"], "Bandwidth required": ["10"], "Colour": ["red"],
    }))
    assert list(result.frame.columns) == [
        "external_id", "name", "office_type", "connection", "required_mbps", "extra", "geom"
    ]  # fmt: skip
    assert result.unmapped == ("Colour",)
    assert json.loads(result.frame["extra"].iloc[0]) == {"Colour": "red"}


def test_a_mapping_wins_reaches_into_objects_and_leaves_columns_out() -> None:
    data = frame(
        id=["l1"], start=[{"id": "n1", "name": "A"}], end=[{"id": "n2"}], status=["operational"],
        secret=["x"], phase=[{"id": "p"}], geometry=LINE,
    )
    result = check(data, "fibre_links", mapping={
        "id": "external_id", "start.id": "start_node", "end.id": "end_node", "secret": "",
        "phase": "extra",
    })
    assert result.faults == ()
    row = result.frame.iloc[0]
    assert (row["start_node"], row["end_node"]) == ("n1", "n2")
    assert set(json.loads(row["extra"])) == {"start", "end", "phase"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mapping": {"nowhere": "name"}}, "no column 'nowhere'"),
        ({"mapping": {"name": "colour"}}, "no such field"),
        ({"mapping": {"name": "name", "office_type": "name"}}, "two columns"),
        ({"constants": {"colour": "red"}}, "no such field"),
        ({"constants": {"name": "x"}}, "--map name="),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(options: Any, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        check(offices(), **options)


def test_two_columns_that_fit_one_field_are_not_guessed_between() -> None:
    with pytest.raises(InvalidInput, match="Several columns could be name: Name, NAME"):
        check(frame(external_id=["a"], Name=["x"], NAME=["y"]))


def test_a_constant_fills_a_missing_column() -> None:
    data = offices().drop(columns=["connection"])
    assert check(data).lacking == ("connection",)
    result = check(data, constants={"connection": "unknown"})
    assert result.lacking == ()
    assert result.frame["connection"].tolist() == ["unknown"]


# --- identifiers ---


def test_a_file_without_identifiers_is_told_which_columns_could_be_them() -> None:
    data = frame(name=["x", "x"], number=[1, 2], office=["a", "b"])
    with pytest.raises(InvalidInput, match="number, office") as raised:
        check(data)
    assert "--map number=external_id" in str(raised.value)
    assert "--make-ids" in str(raised.value)


def test_made_identifiers_depend_on_content_only() -> None:
    data = offices(name=["a", "b"]).drop(columns=["external_id"])
    first = check(data, make_ids=True).frame["external_id"].tolist()
    turned = data.iloc[::-1][list(reversed(data.columns))]
    assert check(turned, make_ids=True).frame["external_id"].tolist() == first[::-1]
    assert len(set(first)) == 2
    assert all(key.startswith("made-") for key in first)


def test_all_rows_that_share_an_identifier_are_named() -> None:
    result = check(offices(external_id=["a", "b", "a", "a"]))
    assert found(result) == [(n, "external_id", "duplicate-key") for n in (1, 3, 4)]
    assert result.faults[0].message == "The same identifier stands in row 3, 4."
    assert result.frame["external_id"].tolist() == ["b"]


def test_required_values_may_not_be_empty() -> None:
    assert found(check(offices(name=[" ", "x"], external_id=["a", None]))) == [
        (1, "name", "required"), (2, "external_id", "required"),
    ]  # fmt: skip


# --- values ---


@pytest.mark.parametrize(
    ("values", "read", "rules"),
    [
        (["12", "+7", "-0"], [12, 7, 0], {}),
        ([12.0, 7.0, None], [12, 7, None], {}),
        (["12.0", "12.5", "x"], [12], {2: "not-an-integer", 3: "not-a-number"}),
        ([12.5, 1.0, 2.0], [1, 2], {1: "not-an-integer"}),
        (["1,500", "7", "8"], [7, 8], {1: "ambiguous-number"}),
        (["1,234,567", "7", "8"], [1234567, 7, 8], {}),
        (["9" * 30, "7", "8"], [7, 8], {1: "not-an-integer"}),
        ([-1, 2, 3], [2, 3], {1: "out-of-range"}),
        (["1e400", "nan", "3"], [3], {1: "not-a-number", 2: "not-a-number"}),
    ],
)
def test_whole_numbers(values: list[Any], read: list[Any], rules: dict[int, str]) -> None:
    result = check(offices(staff=values))
    assert result.frame["staff"].tolist() == [pd.NA if v is None else v for v in read]
    assert found(result) == [(row, "staff", rule) for row, rule in rules.items()]


@pytest.mark.parametrize(
    ("values", "read", "bad"),
    [
        (["1.5", "2", "1e3"], [1.5, 2.0, 1000.0], []),
        (["1,5", "2,25", "1,500"], [1.5, 2.25, 1.5], []),
        (["0,500", "12345,678", "7"], [0.5, 12345.678, 7.0], []),
        (["1,500", "2.5", "7"], [2.5, 7.0], [1]),
        (["10 Mbps", "1_000", "7"], [7.0], [1, 2]),
        ([1, 2, 3], [1.0, 2.0, 3.0], []),
    ],
)
def test_numbers(values: list[Any], read: list[float], bad: list[int]) -> None:
    result = check(offices(required_mbps=values))
    assert result.frame["required_mbps"].tolist() == read
    assert [f.row for f in result.faults] == bad


def test_yes_and_no_in_two_languages() -> None:
    values = ["Ndiyo", "hapana", "TRUE", "0", "", "maybe"]
    data = frame(
        external_id=[f"n{n}" for n in range(6)], name=["x"] * 6, status=["planned"] * 6,
        power=values,
    )
    result = check(data, "network_nodes")
    assert result.frame["power"].tolist() == [True, False, True, False, pd.NA]
    assert found(result) == [(6, "power", "not-a-boolean")]


def test_dates_in_several_formats() -> None:
    values = [
        "2021-03-04", "2021/3/4", "31/03/2021", "4 March 2021", "4 Machi 2021", "March 4, 2021",
        "2021-03-04T00:00:00Z", "4-Mar-2021", "30/02/2021", "yesterday", "04/03/21", "2021-13-01",
    ]  # fmt: skip
    result = check(offices(connected_since=values))
    day = dt.date(2021, 3, 4)
    assert result.frame["connected_since"].tolist() == [
        day, day, dt.date(2021, 3, 31), day, day, day, day, day
    ]  # fmt: skip
    assert found(result) == [(n, "connected_since", "not-a-date") for n in (9, 10, 11, 12)]
    assert result.notes == ()


@pytest.mark.parametrize(
    ("values", "read", "said"),
    [
        (["03/04/2021"], dt.date(2021, 4, 3), "day first, as in Kenya"),
        (["03/04/2021", "03/31/2021"], dt.date(2021, 3, 4), "month first"),
        (["03/04/2021", "31/03/2021"], dt.date(2021, 4, 3), None),
    ],
)
def test_day_and_month_are_told_apart_by_the_column(
    values: list[str], read: dt.date, said: str | None
) -> None:
    result = check(offices(connected_since=values))
    assert result.frame["connected_since"].iloc[0] == read
    assert result.faults == ()
    assert [said in note for note in result.notes] == ([True] if said else [])


def test_codes_are_matched_without_case_and_by_title_but_never_guessed() -> None:
    result = check(offices(office_type=["health", "Sub_County", "Shule au chuo", "helth", "zoo"]))
    assert result.frame["office_type"].tolist() == ["health", "subCounty", "education"]
    assert result.notes == (
        "office_type: 'Sub_County' was read as 'subCounty'.",
        "office_type: 'Shule au chuo' was read as 'education'.",
    )
    assert found(result) == [(n, "office_type", "unknown-code") for n in (4, 5)]
    assert "Did you mean 'health'?" in result.faults[0].message
    assert "Did you mean" not in result.faults[1].message


def test_open_lists_keep_what_they_do_not_know_and_say_so() -> None:
    data = frame(
        external_id=["a", "b", "c", "d"], name=["x"] * 4, status=["planned"] * 4,
        type=[["pop", "OFC Terminal"], ["PoP"], [], None],
    )
    result = check(data, "network_nodes")
    assert pa.array(result.frame["type"].array).to_pylist() == [
        ["pop", "OFC Terminal"], ["pop"], None, None
    ]  # fmt: skip
    fault = only(result)
    assert (fault.row, fault.rule, fault.value) == (1, "unlisted-code", "OFC Terminal")
    assert fault.severity is Severity.WARNING


def test_lists_come_as_json_or_joined_by_semicolons() -> None:
    data = frame(
        external_id=["a", "b", "c", "d"], name=["x"] * 4,
        roles=['["funder", "supplier"]', "funder; supplier", "[1", "funder"],
    )
    result = check(data.drop(columns="geometry"), "organisations")
    assert pa.array(result.frame["roles"].array).to_pylist() == [
        ["funder", "supplier"], ["funder", "supplier"], ["funder"]
    ]  # fmt: skip
    assert found(result) == [(3, "roles", "not-a-list")]


def test_objects_are_json() -> None:
    data = frame(
        external_id=["a", "b", "c"], name=["x"] * 3, status=["planned"] * 3,
        address=['{"locality": "Kisii"}', "Moi Street", ""],
    )
    result = check(data, "network_nodes")
    assert result.frame["address"].tolist() == ['{"locality":"Kisii"}', pd.NA]
    assert found(result) == [(2, "address", "not-an-object")]


def test_control_characters_and_endless_texts_are_refused() -> None:
    result = check(offices(name=["a\x00b", "a\x1bb", "x" * 10_001, "two\nlines"]))
    assert [(f.row, f.rule, f.value[:6]) for f in result.faults] == [
        (1, "bad-text", "a\\x00b"), (2, "bad-text", "a\\x1bb"), (3, "too-long", "xxxxxx")
    ]  # fmt: skip
    assert [f.rule for f in check(offices(note=["a\x00b"])).faults] == ["bad-text"]


def test_an_object_where_a_value_belongs_says_how_to_name_its_part() -> None:
    fault = only(check(offices(served_by=[{"id": "n1"}])))
    assert fault.rule == "nested-value"
    assert "--map served_by.id=served_by" in fault.message


def test_a_code_that_became_a_number_reads_as_it_was_written() -> None:
    data = frame(shapely.box(34.7, -0.7, 34.8, -0.6), code=[1301.0], name=["Bomariba"])
    assert check(data, "wards").frame["code"].tolist() == ["1301"]


# --- geometry ---

LINE = shapely.LineString([(34.7, -0.6), (34.8, -0.7)])
BOX = shapely.box(34.7, -0.7, 34.8, -0.6)
BOWTIE = shapely.Polygon([(34.7, -0.7), (34.8, -0.6), (34.8, -0.7), (34.7, -0.6)])


@pytest.mark.parametrize(
    ("shape", "rule", "said"),
    [
        (None, "no-geometry", "no geometry"),
        (shapely.Point(), "empty-geometry", "empty"),
        (LINE, "wrong-geometry-type", "A LineString; offices need a Point."),
        (shapely.MultiPoint([(34.7, -0.6), (34.8, -0.6)]), "several-parts", "2 parts"),
        (shapely.Point(np.nan, 2), "non-finite-coordinate", "NaN"),
        (shapely.Point(np.inf, 2), "non-finite-coordinate", "infinite"),
        (shapely.Point(34.7, 999), "outside-world", "outside the world"),
        (shapely.Point(1e308, 0), "outside-world", "outside the world"),
        (shapely.Point(36.8, -1.29), "outside-extent", "west 34.3"),
        (shapely.Point(-0.68, 34.77), "swapped-coordinates", "swapped"),
        (shapely.Point(34.67, 0.627), "outside-extent", "opposite sign of latitude"),
        (shapely.GeometryCollection([PLACE]), "wrong-geometry-type", "GeometryCollection"),
    ],
)
def test_points_at_fault(shape: Any, rule: str, said: str) -> None:
    result = check(offices([PLACE, shape]))
    assert found(result) == [(2, "geometry", rule)]
    assert said in result.faults[0].message
    assert len(result.frame) == 1


def test_a_coordinate_that_is_no_number_is_found_among_many() -> None:
    places = list(shapely.points(np.linspace(34.4, 35.1, 10_003), -0.7))
    places[10_001] = shapely.Point(np.nan, -0.7)
    found = [f for f in check(offices(places)).faults if f.severity is Severity.ERROR]
    assert [(f.row, f.rule) for f in found] == [(10_002, "non-finite-coordinate")]


def test_multipoints_of_one_become_points_and_heights_are_left_out() -> None:
    result = check(offices([shapely.MultiPoint([(34.7, -0.6)]), shapely.Point(34.7, -0.6, 1700)]))
    assert result.faults == ()
    assert result.frame.geometry.to_wkt().tolist() == ["POINT (34.7 -0.6)"] * 2
    assert result.notes == ("Heights or measures (Z, M) of 1 geometries were left out.",)


@pytest.mark.parametrize(
    ("shape", "rule"),
    [
        (shapely.LineString([(34.7, -0.6), (34.7, -0.6)]), "zero-length"),
        (shapely.MultiLineString([LINE, LINE]), "several-parts"),
        (shapely.LineString([(34.7, -0.6), (39.7, -4.0)]), "outside-extent"),
        (shapely.LineString(np.linspace((34.5, -0.6), (34.6, -0.7), 60_000)), "too-many-vertices"),
    ],
)
def test_lines_at_fault(shape: Any, rule: str) -> None:
    data = frame(
        [shapely.MultiLineString([LINE]), shape], external_id=["a", "b"], name=["x", "y"]
    )
    result = check(data, "roads")
    assert found(result) == [(2, "geometry", rule)]
    assert result.frame.geometry.geom_type.tolist() == ["LineString"]


def test_invalid_polygons_are_refused_with_reason_and_place_and_never_repaired() -> None:
    data = frame([BOX, BOWTIE], code=["1", "2"], name=["a", "b"])
    result = check(data, "wards")
    assert only(result).rule == "invalid-polygon"
    assert only(result).message == "Self-intersection at 34.75 -0.65. It was not repaired."
    assert result.frame.geometry.geom_type.tolist() == ["MultiPolygon"]


def test_a_polygon_beyond_the_cap_is_never_tested_for_validity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    angles = np.linspace(0, 2 * np.pi, 60_001)
    star = shapely.Polygon(np.column_stack([
        34.7 + 0.1 * np.cos(7919 * angles), -0.7 + 0.1 * np.sin(angles)
    ]))
    tested: list[int] = []
    is_valid = shapely.is_valid
    monkeypatch.setattr(
        shapely, "is_valid", lambda s: tested.append(shapely.get_num_coordinates(s).max()) or
        is_valid(s)
    )
    result = check(frame([BOX, star], code=["1", "2"], name=["a", "b"]), "wards")
    assert found(result) == [(2, "geometry", "too-many-vertices")]
    assert tested == [5]


def test_coordinates_are_brought_to_wgs84() -> None:
    """UTM 36S of Kisii town, computed by hand from its longitude and latitude with PROJ's cs2cs."""
    place = gpd.GeoSeries([PLACE], crs=4326).to_crs(32736).iloc[0]
    result = check(offices([place, shapely.Point(1e30, 1e30)], crs=32736))
    assert result.frame.geometry.iloc[0].distance(PLACE) < 1e-9
    assert found(result) == [(2, "geometry", "not-projectable")]


def test_a_row_that_the_reader_reported_is_not_reported_twice() -> None:
    known = RowFault(2, "geometry", "broken-geometry", "", "It cannot be built.")
    result = check(offices([PLACE, None]), known_faults=(known,))
    assert result.faults == (known,)
    assert result.frame.index.tolist() == [1]


def test_a_rule_that_crashes_passes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(part_checks, "check_geometry", crash)
    result = check(offices())
    assert only(result).rule == "rule-crashed"
    assert "ZeroDivisionError" in only(result).message
    assert len(result.frame) == 0


def test_the_frame_is_left_as_it_was() -> None:
    data = offices([shapely.MultiPoint([(34.7, -0.6)])])
    before = data.copy(deep=True)
    check(data, constants={"theme": "citizenSatisfaction"})
    pd.testing.assert_frame_equal(data, before)


def test_what_the_service_fills_itself_is_left_out_of_its_own_exports() -> None:
    offices = REGISTRY["offices"]
    exported = ["id", "external_id", "name", "ward", "network", "version", "updated_at"]
    plan = plan_columns(exported, offices, mapping={}, constants={})
    assert plan.refilled == ("id", "ward", "network", "version", "updated_at")
    assert (plan.unmapped, plan.kept) == ((), ())
    theirs = plan_columns(exported[:-1], offices, mapping={}, constants={})
    assert theirs.kept == ("id", "ward", "network", "version"), "a file of somebody else"


def test_names_that_a_shapefile_cut_off_are_found() -> None:
    names = ["external_i", "connected_", "connection", "required_m", "measured_x"]
    plan = plan_columns(names, REGISTRY["offices"], mapping={}, constants={})
    assert {field: source.column for field, source in plan.sources.items()} == {
        "external_id": "external_i", "connection": "connection",
        "connected_since": "connected_", "required_mbps": "required_m",
    }  # fmt: skip
    assert plan.unmapped == ("measured_x",)

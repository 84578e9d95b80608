"""Figures of a small town, worked out by hand, and rules that hold for any."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from gis_service.coverage.documents import coverage_features
from gis_service.coverage.ground import ground_of
from gis_service.coverage.measures import grouped_sums, of_theme
from gis_service.coverage.places import shapes_of
from gis_service.coverage.telling import coverage_of
from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.coverage import NOW, Circumstances, Coverage, compared
from gis_service.model.indicators import INDICATORS, Grouping, indicators_of
from gis_service.services.situations import Scenario, Survey, situation_of
from tests.town import cell, link, node, office, records

TODAY = date(2026, 11, 1)
GEOD = Geod(ellps="WGS84")
COUNTY, CITIZEN = "connectedCountyGovernment", "connectedCitizen"


def town() -> Survey:
    """
    A gateway in B, a node in A, one in C that only a planned link reaches.

        34.65            34.75            34.85
         [G] ────ga─────── N ┄┄┄┄nc┄┄┄┄┄┄ C
          B                A              C

    Offices: b1 at G; a1, a2 at N, of which a2 is reported as not connected; a3
    without a node; c1 at C, reported as connected; c2 not known.
    """
    found = records(
        offices={
            "b1": office(34.65, theme=COUNTY, office_type="county", served_by="G",
                         required_mbps=100.0, measured_mbps=80.0),
            "a1": office(34.752, theme=CITIZEN, office_type="market", served_by="N",
                         required_mbps=20.0, measured_mbps=50.0, connected_since=date(2025, 5, 1)),
            "a2": office(34.76, "unconnected", theme=CITIZEN, served_by="N", required_mbps=30.0),
            "a3": office(34.72, "unconnected", theme=COUNTY),
            "c1": office(34.85, theme=CITIZEN, served_by="C", required_mbps=10.0),
            "c2": office(34.87, None),
        },
        nodes={
            "G": node(34.65, gateway=True, access_point=True, technologies=["gpon"]),
            "N": node(34.75, access_point=True, public_wifi=True, technologies=None, phase="one"),
            "C": node(34.85, status="planned", access_point=True, technologies=["gpon"],
                      phase="two"),
        },
        links={
            "ga": link("G", "N", [(34.65, -0.7), (34.75, -0.7)], phase="one",
                       shared_trench="T1"),
            "nc": link("N", "C", [(34.75, -0.7), (34.85, -0.7)], phase="two",
                       status="planned"),
        },
        faults={
            "f1": {"node": "N", "started_at": datetime(2026, 10, 1, tzinfo=UTC)},
            "f2": {"office": "c1", "started_at": datetime(2026, 10, 2, tzinfo=UTC)},
            "f3": {"link": "ga", "started_at": datetime(2024, 1, 1, tzinfo=UTC), "cuts": True,
                   "cleared_at": datetime(2024, 6, 1, tzinfo=UTC)},
        },
        cells={"p1": cell(34.69, 34.71, 1000.0), "p2": cell(34.85, 34.86, 500.0)},
        phases={"one": {"name": "One", "ends_on": date(2025, 1, 1)},
                "two": {"name": "Two", "ends_on": date(2027, 1, 1)}},
    )
    draft = Scenario(adds=("nc",), removes=("ga",))
    return Survey(found, ground_of(found), {"draft": draft}, datetime(2026, 11, 1, tzinfo=UTC))


def told(
    by: Grouping = Grouping.WARD, survey: Survey | None = None, **circumstances: Any
) -> Coverage:
    asked = Circumstances(**circumstances)
    survey = survey or town()
    situation, quality = situation_of(survey, asked, TODAY)
    return coverage_of(situation, by, circumstances=asked, read_at=survey.read_at,
                       quality=quality, phases=survey.phases)


def figures(coverage: Coverage, indicator: str) -> dict[str, float | None]:
    """By title; None for no data."""
    values = {group.title.en: group.value(indicator) for group in coverage.groups}
    return {title: None if math.isnan(v) else v for title, v in values.items()}


def near(expected: dict[str, float | None]) -> Any:
    return {k: v if v is None else pytest.approx(v, rel=1e-5) for k, v in expected.items()}


@pytest.mark.parametrize(
    ("indicator", "expected"),
    [
        ("offices", {"A": 3, "B": 1, "C": 2}),
        ("share_connected", {"A": 100 / 3, "B": 100, "C": 100}),
        ("share_unknown", {"A": 0, "B": 0, "C": 50}),
        ("share_lit", {"A": 100, "B": 100, "C": 0}),
        ("share_redundant", {"A": 0, "B": 0, "C": 0}),
        ("disagreements", {"A": 1, "B": 0, "C": 1}),
        # A: a1 has its 20 of 20, a2 nothing of 30, a3 needs nothing. C: c1 was never measured.
        ("share_bandwidth_met", {"A": 40, "B": 80, "C": None}),
        # Within 500 m: a1 is 223 m from N, a2 1.1 km.
        ("share_in_reach", {"A": 100 / 3, "B": 100, "C": 0}),
        ("population", {"A": 500, "B": 500, "C": 500}),
        ("open_faults", {"A": 1, "B": 0, "C": 1}),
        ("access_points", {"A": 1, "B": 1, "C": 0}),
        ("wifi_points", {"A": 1, "B": 0, "C": 0}),
    ],
)
def test_figures_by_ward(indicator, expected):
    assert figures(told(), indicator) == near(expected)


def test_route_is_cut_at_the_edges_and_told_by_status():
    km = GEOD.line_length([34.65, 34.7], [-0.7, -0.7]) / 1000
    assert figures(told(), "km_operational") == near({"A": km, "B": km, "C": 0})
    assert figures(told(), "km_planned") == near({"A": km, "B": 0, "C": km})
    assert figures(told(), "km") == near({"A": 2 * km, "B": km, "C": km})


def test_people_near_are_told_by_technology():
    """Of the cell at 34.69-34.71 nothing lies within 500 m of N or G, at 6 km all does."""
    far = told(within_m=6_000.0)
    assert figures(told(), "people_within") == near({"A": 0, "B": 0, "C": 0})
    # A strip 2.2 km wide and 22 km high: about half the people live within the discs' height.
    both = figures(far, "people_within")
    assert both["C"] == 0
    assert 0 < both["A"] < 500
    assert figures(far, "people_within_gpon")["A"] == pytest.approx(0, abs=30)
    assert figures(far, "people_within_wifi")["B"] < both["B"]


def test_by_constituency_theme_type_and_phase():
    assert figures(told(Grouping.CONSTITUENCY), "offices") == {"N": 4, "S": 2}
    assert figures(told(Grouping.THEME), "share_connected") == near(
        {"Connected County Government": 50, "Connected Citizen": 200 / 3, "No theme": None}
    )
    assert figures(told(Grouping.OFFICE_TYPE), "offices") == {
        "County office": 1, "Market": 1, "No type": 4
    }
    assert figures(told(Grouping.PHASE), "offices") == {"One": 2, "Two": 1, "No phase": 3}
    assert figures(told(Grouping.PHASE), "km_planned")["Two"] == pytest.approx(11.13, abs=0.01)
    assert [g.title.en for g in told(Grouping.WHOLE).groups] == ["All"]


def test_one_theme_is_told_by_ward_and_leaves_out_what_is_of_no_office():
    survey = town()
    situation, quality = situation_of(survey, NOW, TODAY)
    citizen = coverage_of(of_theme(situation, CITIZEN), Grouping.WARD, circumstances=NOW,
                          read_at=survey.read_at, quality=quality)
    assert figures(citizen, "offices") == {"A": 2, "B": 0, "C": 1}
    assert figures(citizen, "share_connected") == near({"A": 50, "B": None, "C": 100})
    assert figures(citizen, "km") == {"A": None, "B": None, "C": None}
    theme = told(Grouping.THEME).by_key()[CITIZEN]
    for id_ in ("offices", "share_connected", "share_lit", "share_bandwidth_met", "open_faults"):
        assert citizen.whole.value(id_) == theme.value(id_)


def test_the_plan_lights_what_it_reaches():
    assert figures(told(plan=True), "share_lit") == near({"A": 100, "B": 100, "C": 100})
    assert figures(told(plan=True), "share_in_reach")["C"] == 50
    by_2026 = told(plan=True, day=date(2026, 12, 1))
    assert figures(by_2026, "share_lit")["C"] == 0
    assert figures(told(plan=True, day=date(2027, 1, 1)), "share_lit")["C"] == 100


def test_a_cut_darkens_what_hangs_on_it():
    for cut in ({"cut_links": ("ga",)}, {"cut_trenches": ("T1",)}, {"cut_nodes": ("N",)}):
        found = told(**cut)
        assert figures(found, "share_lit") == near({"A": 0, "B": 100, "C": 0}), cut
        assert figures(found, "share_in_reach")["A"] == 0
    assert figures(told(cut_nodes=("G",)), "share_lit")["B"] == 0


def test_a_scenario_adds_and_takes_away():
    assert figures(told(scenario="draft"), "share_lit") == near({"A": 0, "B": 100, "C": 0})


def test_another_day_is_told_from_the_days_in_the_records():
    then = told(day=date(2024, 3, 1))
    assert figures(then, "share_connected") == near({"A": 0, "B": None, "C": None})
    assert figures(then, "share_lit") == near({"A": 0, "B": 100, "C": 0})  # f3 cut the link
    assert figures(then, "share_bandwidth_met") == {"A": None, "B": None, "C": None}
    assert figures(then, "open_faults") == {"A": 1, "B": 0, "C": 0}
    assert then.quality.undated_links == 1


@pytest.mark.parametrize(
    "wrong",
    [{"cut_links": ("zz",)}, {"cut_nodes": ("zz",)}, {"cut_trenches": ("zz",)}],
)
def test_a_cut_of_what_is_not_there_is_an_error(wrong):
    with pytest.raises(InvalidParameter, match="zz"):
        told(**wrong)


def test_an_unknown_scenario_is_an_error():
    with pytest.raises(NotFound):
        told(scenario="zz")


def test_what_is_in_doubt_is_listed():
    quality = told().quality
    assert quality.disagreeing == ("a2", "c1")
    assert quality.outside == ()


def survey_of(**rows: Any) -> Survey:
    found = records(**rows)
    return Survey(found, ground_of(found), {}, datetime(2026, 11, 1, tzinfo=UTC))


def test_what_nobody_recorded_is_no_data_and_never_zero():
    """Only offices are known, and of them only where they are."""
    survey = survey_of(offices={"a": office(34.75, None)})
    found = told(survey=survey)
    values = {each.id: each.value(found.by_key()["1301"].sums) for each in found.indicators}
    known = {name for name, value in values.items() if not math.isnan(value)}
    assert known == {"offices", "share_unknown", "unknown", "open_faults"}
    assert values["unknown"] == 1


def test_without_a_gateway_nothing_is_computed():
    survey = survey_of(
        offices={"a": office(34.75, served_by="N")},
        nodes={"N": node(34.75, access_point=True)},
    )
    found = told(survey=survey).by_key()["1301"]
    assert math.isnan(found.value("share_lit"))
    assert math.isnan(found.value("disagreements"))
    assert found.value("share_in_reach") == 100


def test_a_ward_without_cells_has_no_people_told():
    survey = survey_of(
        nodes={"N": node(34.75, access_point=True)}, cells={"p": cell(34.61, 34.62, 9.0)}
    )
    assert figures(told(survey=survey), "population") == {"A": None, "B": 9, "C": None}


def test_two_ways_to_two_gateways_are_redundant():
    """N between two gateways; M hangs on N."""
    survey = survey_of(
        offices={"n": office(34.75, served_by="N"), "m": office(34.85, served_by="M")},
        nodes={"G": node(34.65, gateway=True), "H": node(34.66, gateway=True),
               "N": node(34.75), "M": node(34.85)},
        links={"gn": link("G", "N", [(34.65, -0.7), (34.75, -0.7)]),
               "hn": link("H", "N", [(34.66, -0.7), (34.75, -0.7)]),
               "nm": link("N", "M", [(34.75, -0.7), (34.85, -0.7)])},
    )
    assert figures(told(survey=survey), "share_redundant") == {"A": 100, "B": None, "C": 0}
    cut = told(survey=survey, cut_links=("hn",))
    assert figures(cut, "share_redundant")["A"] == 0


def test_a_comparison_tells_before_after_and_change():
    comparison = compared(told(), told(plan=True))
    c = {g.title.en: g for g in comparison.groups}["C"].differences["share_lit"]
    assert (c.before, c.after, c.change) == (0, 100, 100)
    whole = comparison.whole.differences["share_in_reach"]
    assert (whole.before, whole.after) == (pytest.approx(100 / 3), 50)
    with pytest.raises(ValueError, match="different groupings"):
        compared(told(), told(Grouping.THEME))


def test_documents_write_no_data_as_null_and_definitions_beside():
    found = told()
    document = coverage_features(found, {}, "en")
    assert document["features"][0]["properties"]["title"] == "A"
    assert document["features"][2]["properties"]["share_bandwidth_met"] is None
    assert document["whole"]["values"]["offices"] == 6
    assert {i["id"] for i in document["indicators"]} == {i.id for i in found.indicators}
    assert all(i["definition"] for i in document["indicators"])


def test_geojson_holds_areas_where_groups_have_them():
    places = town().ground.places
    found = coverage_features(
        told(plan=True), shapes_of(places, Grouping.WARD), "sw", before=told()
    )
    ward = found["features"][2]
    assert (ward["id"], ward["properties"]["title"]) == ("1303", "C")
    assert ward["geometry"]["type"] == "MultiPolygon"
    assert ward["properties"]["share_lit"] == 100
    assert ward["properties"]["share_lit_before"] == 0
    assert ward["properties"]["share_lit_change"] == 100
    assert ward["properties"]["share_bandwidth_met_change"] is None
    north = shapes_of(places, Grouping.CONSTITUENCY)["N"]
    assert north.bounds == pytest.approx((34.6, -0.8, 34.8, -0.6))
    themes = coverage_features(told(Grouping.THEME), {}, "en")
    assert {f["geometry"] for f in themes["features"]} == {None}


def test_every_indicator_says_its_rule_in_both_languages():
    for each in INDICATORS.values():
        assert each.title.en
        assert each.title.sw
        assert each.description.en.endswith(".")
        assert each.description.sw.endswith(".")
        assert each.source
    assert [i.id for i in indicators_of(Grouping.WARD, reported_only=True)] == [
        i.id for i in INDICATORS.values() if i.reported
    ]


codes = st.sampled_from(["connected", "unconnected", "unknown", None])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(34_550, 34_950), codes, st.sampled_from([COUNTY, CITIZEN, None]),
            st.sampled_from(["G", "N", "C", None]), st.sampled_from([None, 0.0, 5.0, 50.0]),
        ),
        max_size=25,
    )
)
def test_parts_sum_to_the_whole_and_each_office_counts_once(rows):
    places = {
        f"o{i:02}": office(at / 1000, state, theme=theme, served_by=served, required_mbps=needed,
                           measured_mbps=needed and needed / 2)
        for i, (at, state, theme, served, needed) in enumerate(rows)
    }
    base = town().records.network
    found = records(offices=places)
    survey_records = type(found)(found.wards, found.offices, base)
    situation, _ = situation_of(
        Survey(survey_records, ground_of(survey_records), {}, datetime(2026, 11, 1, tzinfo=UTC)),
        NOW, TODAY,
    )
    whole = grouped_sums(situation, Grouping.WHOLE).sums
    assert whole["offices"].tolist() == [len(rows)]
    for grouping in Grouping:
        parts = grouped_sums(situation, grouping).sums
        for name, values in parts.items():
            assert np.nansum(values) == pytest.approx(np.nansum(whole[name])), (grouping, name)
        assert (parts["connected"] + parts["unconnected"] + parts["unknown"]).tolist() == (
            parts["offices"].tolist()
        )

"""The log of faults, and the rules by which a trend is told or not."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gis_service.coverage.fault_log import log_begins, median_days_to_repair, open_together
from gis_service.coverage.ground import ground_of
from gis_service.coverage.scoring import Earlier, connection_trends, scorecards_of
from gis_service.coverage.situations import reported_situation
from gis_service.coverage.standing import Moment
from gis_service.coverage.telling import coverage_of
from gis_service.model.coverage import Circumstances, Coverage
from gis_service.model.indicators import Grouping
from gis_service.model.scorecards import Basis, Trend
from gis_service.services.situations import Survey, availability, situation_of
from tests.town import link, node, office, records

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TODAY = date(2026, 11, 1)
COUNTY, CITIZEN = "connectedCountyGovernment", "connectedCitizen"


def log(*days: tuple[float, float | None]) -> pd.DataFrame:
    """Faults by the days of 2026 on which they began and ended."""
    return pd.DataFrame({
        "started_at": [START + began * DAY for began, _ in days],
        "cleared_at": [None if ended is None else START + ended * DAY for _, ended in days],
    })


def test_the_median_is_of_the_faults_that_were_mended_in_the_time():
    faults = log((0, 1), (2, 5), (4, 20), (6, None))
    assert median_days_to_repair(faults, START, START + 30 * DAY) == 3
    assert median_days_to_repair(faults, START, START + 10 * DAY) == 2
    assert math.isnan(median_days_to_repair(faults, START + 21 * DAY, START + 30 * DAY))
    assert log_begins(faults) == START
    assert log_begins(faults.iloc[:0]) is None


def test_faults_that_are_open_together_share_the_time():
    """
    0 ──── 1 ──── 2 ──── 3 ──── 4 ──── 10
           ├ a ─────────────────┤
                  ├ b ──┤
                         ├ c ──────────── and on
    """
    faults = log((1, 4), (2, 3), (3, None), (-5, -1))
    spent = open_together(faults, np.ones(4, dtype=bool), START, START + 10 * DAY)
    assert {key: seconds / 86_400 for key, seconds in spent.items()} == pytest.approx(
        {(): 1, (0,): 1, (0, 1): 1, (0, 2): 1, (2,): 6}
    )
    only_b = np.array([False, True, False, False])
    assert set(open_together(faults, only_b, START, START + 10 * DAY)) == {(), (1,)}


def town(*faults: tuple[str, str, float, float | None]) -> Survey:
    """
    [G] ──gn── N ──nm── M, an office at each; another one at M is not connected.

    Faults that cut, by field and id, with the days on which they began and ended.
    """
    found = records(
        offices={
            **{name: office(34.75, served_by=at)
               for name, at in (("g", "G"), ("n", "N"), ("m", "M"))},
            "x": office(34.75, "unconnected", served_by="M"),
        },
        nodes={"G": node(34.65, gateway=True), "N": node(34.75), "M": node(34.85)},
        links={"gn": link("G", "N", [(34.65, -0.7), (34.75, -0.7)]),
               "nm": link("N", "M", [(34.75, -0.7), (34.85, -0.7)])},
        faults={
            f"f{i}": {what: id_, "cuts": True, "started_at": START + began * DAY,
                      "cleared_at": None if ended is None else START + ended * DAY}
            for i, (what, id_, began, ended) in enumerate(faults)
        },
    )
    return Survey(found, ground_of(found), {}, START)


@pytest.mark.parametrize(
    ("faults", "dark_days"),
    [
        ([("link", "nm", 0, 2)], 2),  # m
        ([("link", "gn", 0, 2)], 4),  # n and m
        ([("link", "gn", 0, 2), ("link", "nm", 1, 3)], 5),  # n and m, then m
        ([("node", "G", 0, 1)], 3),  # all
        ([("office", "g", 0, 4)], 4),
        ([("office", "x", 0, 4)], 0),  # it has no service to lose
        ([("link", "nm", 0, None)], 10),
    ],
)
def test_availability_is_the_share_of_days_with_a_way_to_a_gateway(faults, dark_days):
    found = availability(town(*faults), START, START + 10 * DAY, TODAY)
    assert found == pytest.approx(100 * (1 - dark_days / 30))


def test_availability_is_no_data_without_a_log_and_begins_with_it():
    assert math.isnan(availability(town(), START, START + 10 * DAY, TODAY))
    late = town(("link", "nm", 5, 6))
    assert availability(late, START, START + 10 * DAY, TODAY) == pytest.approx(
        100 * (1 - 1 / 15)
    )
    assert math.isnan(availability(late, START, START + 5 * DAY, TODAY))


def told(survey: Survey, **circumstances: Any) -> Coverage:
    asked = Circumstances(**circumstances)
    situation, quality = situation_of(survey, asked, TODAY)
    return coverage_of(situation, Grouping.THEME, circumstances=asked, read_at=START,
                       quality=quality)


def test_what_has_no_days_is_compared_with_the_records_of_the_day():
    survey = town()
    survey.records.offices["theme"] = COUNTY
    earlier = Earlier(day=date(2026, 1, 1), connection={}, faults=None,
                      recorded=told(survey, cut_links=("nm",)))
    cards = scorecards_of(told(survey), {}, earlier, window_days=30).cards
    county = {figure.indicator.id: figure for figure in cards[0].figures}
    assert county["share_lit"].trend == Trend(50, 100, Basis.RECORDS)
    assert county["share_connected"].trend is None
    assert county["share_connected"].no_trend is not None
    assert county["share_bandwidth_met"].no_trend is not None  # there is no data now
    without = scorecards_of(told(survey), {}, replace(earlier, recorded=None), window_days=30)
    assert without.cards[0].figures[1].trend is None
    assert all(math.isnan(figure.value) for figure in cards[3].figures)  # nobody's theme


def test_a_trend_of_connections_compares_offices_that_are_known_on_both_days():
    """
    Of the county's offices one was connected between the days, one before, one never; of one it
    is not known since when. Of the citizens' only one of three says since when: too few.
    """
    early, late = date(2020, 1, 1), date(2025, 1, 1)
    found = records(offices={
        "a": office(34.75, theme=COUNTY, connected_since=early),
        "b": office(34.75, theme=COUNTY, connected_since=late),
        "c": office(34.75, "unconnected", theme=COUNTY),
        "d": office(34.75, theme=COUNTY),
        "e": office(34.75, theme=CITIZEN, connected_since=early),
        "f": office(34.75, theme=CITIZEN),
        "g": office(34.75, theme=CITIZEN),
    })
    ground = ground_of(found)
    now, then = (
        reported_situation(found, ground, Moment(day, TODAY)) for day in (None, date(2024, 1, 1))
    )
    trends = connection_trends(now, then)
    assert set(trends) == {COUNTY}
    assert trends[COUNTY] == Trend(pytest.approx(100 / 3), pytest.approx(200 / 3), Basis.DATES)

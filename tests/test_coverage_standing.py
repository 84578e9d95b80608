"""What stands on a day and in a scenario."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from gis_service.coverage.standing import (
    NO,
    UNKNOWN,
    YES,
    Moment,
    StandingLinks,
    connection_on,
    links_on,
    open_on,
)

TODAY = date(2026, 11, 1)
NOW = Moment(None, TODAY)
THEN = Moment(date(2024, 1, 1), TODAY)
LATER = Moment(date(2028, 1, 1), TODAY)


def connections(moment: Moment) -> list[int]:
    """Connected early, late and at an unknown time; not connected, never and once; not known."""
    state = pd.Series(["connected"] * 3 + ["unconnected"] * 2 + ["unknown", None])
    since = pd.Series([date(2024, 1, 1), date(2024, 1, 2), None, None, date(2020, 1, 1), None,
                       None])
    return connection_on(state, since, moment).tolist()


def test_connections_are_those_of_the_day():
    assert connections(NOW) == [YES, YES, YES, NO, NO, UNKNOWN, UNKNOWN]
    assert connections(LATER) == connections(NOW)
    assert connections(THEN) == [YES, NO, UNKNOWN, NO, UNKNOWN, UNKNOWN, UNKNOWN]


PHASES = pd.Series({"early": date(2027, 6, 30), "late": date(2030, 6, 30)})


def standing(moment: Moment, **options: object) -> StandingLinks:
    """
    A ──a── B ──b── C ──c── D ──d── E ──e── F

    a works since 2021, b works, c is planned for 2027-03, d is planned in the
    late phase, e is proposed. A, B and C work, D is planned in the early phase,
    E in no phase, F is proposed.
    """
    nodes = pd.DataFrame(
        {"status": ["operational"] * 3 + ["planned", "planned", "proposed"],
         "phase": [None] * 3 + ["early", None, None]},
        index=list("ABCDEF"),
    )
    links = pd.DataFrame(
        {"status": ["operational", "operational", "underConstruction", "planned", "proposed"],
         "phase": [None, None, "late", "late", None],
         "ready_for_service_date": [date(2025, 1, 1), None, date(2027, 3, 1), None, None]},
        index=list("abcde"),
    )
    ends = np.arange(5), np.arange(1, 6)
    return links_on(links, nodes, moment, ends=ends, phase_ends=PHASES, **options)  # type: ignore[arg-type]


def working(found: StandingLinks) -> tuple[str, str]:
    return (
        "".join(np.array(list("abcde"))[found.status == "operational"]),
        "".join(np.array(list("ABCDEF"))[found.node_works]),
    )


def test_what_works_now_is_what_is_operational():
    assert working(standing(NOW)) == ("ab", "ABC")


def test_a_link_did_not_work_before_it_was_ready_and_what_has_no_day_is_counted():
    found = standing(THEN)
    assert working(found) == ("b", "ABC")
    assert found.status[0] == ""
    assert found.undated.tolist() == [False, True, False, False, False]


def test_the_plan_brings_what_is_planned_and_nothing_that_is_proposed():
    assert working(standing(NOW, plan=True)) == ("abcd", "ABCDE")


def test_the_plan_brings_by_a_day_what_is_due_by_it():
    """c is ready in 2027 although its phase ends later; D's phase ends in 2027, E has no day."""
    assert working(standing(LATER, plan=True)) == ("abc", "ABCD")


def test_a_draft_brings_its_links_and_their_nodes_whatever_their_status():
    assert working(standing(NOW, adds=("e",))) == ("abe", "ABCEF")


def test_more_in_a_scenario_never_works_less():
    """Monotone: the plan and every draft only add."""
    base = standing(NOW)
    for options in ({"plan": True}, {"adds": ("e",)}, {"adds": ("c", "d"), "plan": True}):
        more = standing(NOW, **options)
        assert not (base.node_works & ~more.node_works).any()
        assert not ((base.status == "operational") & (more.status != "operational")).any()


@pytest.mark.parametrize(
    ("day", "is_open"),
    [(None, [False, True, False]), (date(2024, 3, 12), [True, False, False]),
     (date(2024, 3, 13), [False, False, False]), (date(2026, 10, 30), [False, True, False])],
)
def test_faults_are_open_from_their_beginning_until_they_are_mended(day, is_open):
    faults = pd.DataFrame({
        "started_at": pd.to_datetime(["2024-03-12T10:00Z", "2026-10-29T05:40Z",
                                      "2025-01-01T00:00Z"]),
        "cleared_at": pd.to_datetime(["2024-03-13T16:45Z", None, "2025-01-01T06:00Z"]),
    })
    assert open_on(faults, Moment(day, TODAY)).tolist() == is_open

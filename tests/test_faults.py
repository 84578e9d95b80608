"""
The fault plan in short: one power cut, answers that are lost, and a rig that is not blind.

`./gis test --faults` tries all of it, with as many rounds as the plan asks for.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults import f01_power, f08_network, f08_versions
from tests.faults.outcome import Outcome, as_json, table
from tests.faults.site import Site, site

SEED = 20_26


@pytest.fixture(scope="module")
def place() -> Iterator[Site]:
    with site() as made:
        yield made


def held(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        assert outcome.good, (outcome.violations, outcome.notes)


def test_no_promise_is_lost_when_the_power_goes(place: Site) -> None:
    held(f01_power.run(place, 1, SEED))


def test_an_answer_that_is_lost_is_given_again_and_nothing_done_twice(place: Site) -> None:
    held(f08_network.before(place, 1, SEED))


def test_the_rig_sees_what_stands_twice(place: Site) -> None:
    """Its negative control: without a key for each write."""
    [outcome] = f08_network.blind(place, 1, SEED)
    assert outcome.verdict == "fails, as it must"
    assert outcome.duplicated > 0


def test_counting_by_versions_loses_nothing(place: Site) -> None:
    held(f08_versions.run(place, 1, SEED))


def test_the_rig_sees_what_is_overwritten(place: Site) -> None:
    """Its negative control: without the version that was read."""
    [outcome] = f08_versions.blind(place, 1, SEED)
    assert outcome.verdict == "fails, as it must", outcome.notes


def test_the_table_tells_passed_from_blind_and_from_not_run() -> None:
    outcomes = [
        Outcome("F1", "fine", rounds=1, acknowledged=3), Outcome("F2", "bad", violations=["lost"]),
        Outcome("F3", "control", must_see="lost"), Outcome("F4", "later", not_run="no root"),
    ]
    assert [each.verdict for each in outcomes] == ["passed", "FAILED", "BLIND", "not run"]
    assert [each.good for each in outcomes] == [True, False, False, True]
    assert "F4: not run: no root" in table(outcomes)
    assert b'"seed": 7' in as_json(outcomes, seed=7)

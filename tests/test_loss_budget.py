"""Loss of light on a path, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InvalidParameter
from gis_service.model.loss_budget import LossBudget, LossReading, Span, Verdict, verdict
from gis_service.model.plant import Plant
from gis_service.network.attenuation import any_fibre_loss, fibre_loss, splitter_loss
from gis_service.network.loss_budget import loss_budget
from gis_service.network.paths import path_of
from tests.plants import line_of

WHOLE = {"fibre_length_m": 10_000, "fibre_type": "G.652", "splices": 3, "connectors": 2}


def budget(plant: Plant, *readings: LossReading, **options: Any) -> LossBudget:
    path = path_of(tuple(plant.links.values()))
    return loss_budget(path, plant, readings, **{"wavelength_nm": 1550} | options)


def reading(id_: str, year: int, loss_db: float, **values: Any) -> LossReading:
    """An OTDR reading of L1 at 1550 nm."""
    given_ = {"link": "L1", "wavelength_nm": 1550, "loss_db": loss_db, "kind": "otdr"} | values
    return LossReading(id=id_, measured_at=datetime(year, 6, 1, tzinfo=UTC), **given_)


def known(value: float) -> Span:
    return Span(pytest.approx(value), pytest.approx(value))


def test_everything_known_gives_one_number() -> None:
    found = budget(line_of("AB", [9800], links={"L1": WHOLE}))
    # 10 km x 0.21 + 3 x 0.1 + 2 x 0.3, and 10 km x 0.35 + 3 x 0.3 + 2 x 0.75
    assert found.typical_db == known(3.0)
    assert found.limit_db == known(5.9)
    assert found.assumed == ()
    assert found.verdict is Verdict.UNMEASURED
    assert found.unmeasured == ("L1",)


def test_another_wavelength_loses_more() -> None:
    found = budget(line_of("AB", [9800], links={"L1": WHOLE}), wavelength_nm=1310)
    assert found.typical_db == known(3.5 + 0.3 + 0.6)
    assert found.limit_db == known(4.0 + 0.9 + 1.5)


def test_what_is_missing_becomes_a_range_and_is_told() -> None:
    found = budget(line_of("AB", [10_000]))
    fibre, splices, connectors = found.components
    assert (fibre.amount.low, fibre.amount.high) == (pytest.approx(10), pytest.approx(11))
    # 11 km from drums of 6 km: one splice; of 2 km: five, and two pigtails.
    assert splices.amount == Span(1, 7)
    assert connectors.amount == Span(2, 4)
    # The least is G.654 at 0.18, the most G.653's 0.22 (typical) and 0.35 (limit).
    assert found.typical_db.low == pytest.approx(10 * 0.18 + 0.1 + 0.6)
    assert found.typical_db.high == pytest.approx(11 * 0.22 + 0.7 + 1.2)
    assert found.limit_db.high == pytest.approx(11 * 0.35 + 7 * 0.3 + 4 * 0.75)
    assert [(each.name, each.of) for each in found.assumed] == [
        (name, "L1") for name in ("fibre_length_m", "fibre_type", "splices", "connectors")
    ]


def test_an_earlier_trace_stands_in_for_the_length() -> None:
    values = WHOLE | {"fibre_length_m": None, "traced_length_m": 10_000}
    found = budget(line_of("AB", [9800], links={"L1": values}))
    assert found.typical_db == Span(pytest.approx(3.0 - 0.0105), pytest.approx(3.0 + 0.0105))
    assert [each.name for each in found.assumed] == ["fibre_length_m"]


def test_none_is_not_nothing() -> None:
    """A link with no splice at all is known to have none."""
    found = budget(line_of("AB", [9800], links={"L1": WHOLE | {"splices": 0, "connectors": 0}}))
    assert found.typical_db == known(2.1)
    assert found.assumed == ()


def split_town() -> Plant:
    """
    A ──L1── (splitter B) ──L2── C
    """
    plant = line_of("ABC", [9800, 9800], links={"L1": WHOLE, "L2": WHOLE})
    nodes = dict(plant.nodes) | {"B": replace(plant.nodes["B"], infrastructure="splitter")}
    return replace(plant, nodes=nodes)


def test_a_splitter_on_the_way() -> None:
    found = budget(split_town())
    # 1:2 loses 3.01 + 0.3 dB, 1:64 18.06 + 6 x 0.3 dB.
    assert found.typical_db.low == pytest.approx(6.0 + 3.3103, abs=1e-4)
    assert found.typical_db.high == pytest.approx(6.0 + 18.0618 + 1.8, abs=1e-4)
    assert [(each.name, each.of) for each in found.assumed] == [("outputs", "B")]
    told = budget(split_town(), splitters=(8,))
    assert told.typical_db == known(6.0 + 9.0309 + 0.9)
    assert told.assumed == ()
    assert budget(split_town(), splitters=()).typical_db == known(6.0)


def test_at_the_ends_of_a_path_nothing_is_split() -> None:
    plant = split_town()
    lone = loss_budget(path_of([plant.links["L1"]]), plant, (), wavelength_nm=1550)
    assert lone.typical_db == known(3.0)


def test_measured_against_budget_and_drift() -> None:
    plant = line_of("AB", [9800], links={"L1": WHOLE})
    found = budget(
        plant,
        reading("3", 2026, 3.4, otdr_distance_m=10_010),
        reading("1", 2021, 3.05, otdr_distance_m=9_990),
        reading("2", 2023, 3.1, otdr_distance_m=10_000),
        reading("cut", 2026, 1.2, otdr_distance_m=4_000),  # it ended at a fault
        reading("other", 2026, 4.2, wavelength_nm=1310),
        reading("beside", 2026, 9.9, link="L2"),
    )
    (link,) = found.links
    assert (link.measured_db, link.first_db) == (3.4, 3.05)
    assert link.drift_db == pytest.approx(0.35)
    assert found.measured_db == pytest.approx(3.4)
    assert found.verdict is Verdict.WITHIN


def test_readings_of_another_fibre_are_no_drift() -> None:
    plant = line_of("AB", [9800], links={"L1": WHOLE})
    found = budget(plant, reading("1", 2021, 3.0, fibre="1"), reading("2", 2026, 6.4, fibre="7"))
    (link,) = found.links
    assert (link.measured_db, link.drift_db) == (6.4, None)
    assert link.verdict is Verdict.OVER


def test_a_path_with_an_unmeasured_link_is_not_measured() -> None:
    plant = line_of("ABC", [9800, 9800], links={"L1": WHOLE, "L2": WHOLE})
    found = budget(plant, reading("1", 2021, 3.0))
    assert found.measured_db is None
    assert found.unmeasured == ("L2",)
    both = budget(plant, reading("1", 2021, 3.0), reading("2", 2021, 9.0, link="L2"))
    assert both.measured_db == pytest.approx(12)
    assert both.verdict is Verdict.OVER  # 2 x 5.9 is less
    assert [each.verdict for each in both.links] == [Verdict.WITHIN, Verdict.OVER]


def test_what_should_arrive_and_what_does() -> None:
    plant = line_of("AB", [9800], links={"L1": WHOLE})
    arrived = LossReading(
        "p", "opticalPower", datetime(2026, 1, 1, tzinfo=UTC), node="B", wavelength_nm=1550,
        power_dbm=-2.5,
    )
    power = budget(plant, arrived, sent_dbm=1.0).power
    assert power is not None
    assert power.expected_dbm == Span(pytest.approx(-4.9), pytest.approx(-2.0))
    assert power.measured_dbm == -2.5
    assert budget(plant, replace(arrived, node="A"), sent_dbm=1.0).power.measured_dbm is None  # type: ignore[union-attr]


@pytest.mark.parametrize(("fibre_type", "wavelength_nm"), [("G.653", 1310), ("G.652", 850)])
def test_a_fibre_is_not_used_where_nothing_is_stated(fibre_type: str, wavelength_nm: int) -> None:
    with pytest.raises(InvalidParameter, match="no stated loss"):
        fibre_loss(fibre_type, wavelength_nm)


@pytest.mark.parametrize("wavelength_nm", [600, 1200, 1400, 2000])
def test_a_wavelength_outside_every_window_is_refused(wavelength_nm: int) -> None:
    with pytest.raises(InvalidParameter, match="near one of"):
        any_fibre_loss(wavelength_nm)


def test_unknown_fibre_below_1260_nm_is_multimode() -> None:
    assert any_fibre_loss(850) == (Span(2.5, 2.5), Span(3.5, 3.5))
    assert any_fibre_loss(1310) == (Span(0.35, 0.35), Span(0.40, 0.40))


def test_splitters_lose_ten_log_ten() -> None:
    assert splitter_loss(1).limit_db == 0
    assert splitter_loss(8).typical_db == pytest.approx(9.031 + 0.9, abs=0.001)
    assert splitter_loss(32).limit_db == pytest.approx(15.051 + 2.5, abs=0.001)


@pytest.mark.parametrize(
    ("measured", "expected"),
    [(None, "unmeasured"), (2.0, "within"), (3.0, "within"), (3.5, "unsure"), (4.1, "over")],
)
def test_verdicts(measured: float | None, expected: str) -> None:
    assert verdict(measured, Span(3.0, 4.0)).value == expected


VALUES = {
    "fibre_length_m": st.floats(100, 50_000),
    "fibre_type": st.sampled_from(["G.652", "G.653", "G.654", "G.655", "G.656", "G.657"]),
    "splices": st.integers(0, 20),
    "connectors": st.integers(0, 8),
}


@settings(max_examples=80, deadline=None)
@given(values=st.fixed_dictionaries(VALUES), route=st.floats(100, 45_000))
def test_what_is_forgotten_widens_the_range(values: dict[str, Any], route: float) -> None:
    """A budget without a value holds the budget with any value that was to be expected."""
    values["fibre_length_m"] = route * (1 + (values["fibre_length_m"] % 1000) / 10_000)
    whole = budget(line_of("AB", [route], links={"L1": values}))
    assert whole.typical_db.low == pytest.approx(whole.typical_db.high)
    for name in ("fibre_length_m", "fibre_type"):
        without = budget(line_of("AB", [route], links={"L1": values | {name: None}}))
        assert without.typical_db.low <= whole.typical_db.low + 1e-9
        assert without.typical_db.high >= whole.typical_db.high - 1e-9
        assert without.limit_db.low <= whole.limit_db.low + 1e-9
        assert without.limit_db.high >= whole.limit_db.high - 1e-9
        assert [each.name for each in without.assumed] == [name]
    assert whole.typical_db.high <= whole.limit_db.low


@settings(max_examples=30, deadline=None)
@given(values=st.fixed_dictionaries(VALUES), count=st.integers(1, 4))
def test_a_path_costs_the_sum_of_its_links(values: dict[str, Any], count: int) -> None:
    links = {f"L{n + 1}": values for n in range(count)}
    path = budget(line_of("ABCDE"[: count + 1], [500.0] * count, links=links))
    one = budget(line_of("AB", [500.0], links={"L1": values}))
    assert path.typical_db == known(count * one.typical_db.low)
    assert path.limit_db == known(count * one.limit_db.high)

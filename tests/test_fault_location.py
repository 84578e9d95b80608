"""Readings of an OTDR on the map, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_service.errors import InvalidParameter
from gis_service.model.fault_location import FaultLocation, OffThePath, Reading
from gis_service.model.plant import Plant
from gis_service.network.fault_location import locate_fault
from gis_service.network.paths import path_of
from tests.plants import WGS84, line_of, north, structure


def exact(reading: Reading) -> Reading:
    """The same reading of a fibre whose index and helix are known: no helix at all."""
    return replace(reading, index_true=reading.index_true or 1.4682, helix=reading.helix or 0.0)


def locate(plant: Plant, reading: Reading, *links: str, start: str | None = None) -> FaultLocation:
    chosen = [plant.links[each] for each in links or tuple(plant.links)]
    return locate_fault(path_of(chosen, start=start), plant, exact(reading))


def town() -> Plant:
    """
    A ──L1 1000 m── B ──L2 2000 m── C
      fibre 1040 m    fibre 2060 m
    """
    return line_of(
        "ABC", [1000, 2000], links={"L1": {"fibre_length_m": 1040}, "L2": {"fibre_length_m": 2060}}
    )


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(WGS84.inv(*one, *other)[2])


def test_each_link_has_its_own_scale() -> None:
    # 1571 m of fibre: all 1040 m of L1, then 531 m of L2 at 1.03 m of fibre a metre.
    found = locate(town(), Reading(1571))
    assert found.link == "L2"
    assert found.position_m == pytest.approx(515.534, abs=0.001)
    assert found.path_m == pytest.approx(1515.534, abs=0.001)
    assert metres_between(found.position, north(1515.534)) < 0.01


def test_index_launch_fibre_and_helix() -> None:
    # (1500 * 1.4700 / 1.4682 - 150) / 1.01 = 1338.454 m of cable. L1 holds
    # 1040 / 1.01 = 1029.703 of it; the other 308.751 m run at 2060 / 1.01 / 2000.
    found = locate(town(), Reading(1500, index_set=1.47, launch_m=150, helix=0.01))
    assert found.cable_m == pytest.approx(1338.454, abs=0.001)
    assert found.position_m == pytest.approx(308.751 / (2060 / 1.01 / 2000), abs=0.001)


def test_from_the_other_end() -> None:
    # 531 m of L2 from C: 515.5 m of route, so 1484.5 m from L2's start.
    found = locate(town(), Reading(531), "L2", "L1", start="C")
    assert (found.link, found.position_m) == ("L2", pytest.approx(1484.466, abs=0.001))
    assert found.path_m == pytest.approx(515.534, abs=0.001)
    assert metres_between(found.position, north(2484.466)) < 0.01


@pytest.mark.parametrize(
    ("reading_m", "position_m", "slack_m"),
    [
        (202, 200, 0),  # 202 / 1.01
        (404, 400, 0),  # just before the coil
        (420, 400, 16),  # within the coil
        (434, 400, 30),  # its end
        (535, 500, 30),  # (535 - 30) / 1.01
    ],
)
def test_coiled_cable_takes_no_route(
    reading_m: float, position_m: float, slack_m: float
) -> None:
    """
    A ─────(coil of 30 m at 400 m)───── B    route 1000 m, fibre 1040 m: 1010 m run along it
    """
    coil = structure("S1", "L1", 400, 400.0, slack_m=30, structure_type="slack")
    plant = line_of("AB", [1000], links={"L1": {"fibre_length_m": 1040, "structures": (coil,)}})
    found = locate(plant, Reading(reading_m))
    assert found.position_m == pytest.approx(position_m, abs=0.001)
    assert found.slack_m == pytest.approx(slack_m, abs=0.001)


def test_a_coil_at_a_node_is_shared_by_the_cables_that_end_there() -> None:
    """
    A ──L1── B (20 m) ──L2── C    each 1000 m of route, 1020 m of fibre
    """
    links = {name: {"fibre_length_m": 1020} for name in ("L1", "L2")}
    plant = line_of("ABC", [1000, 1000], links=links, slack={"B": 20.0})
    # 1010 m run along each link, and 10 m of each are coiled at B.
    assert locate(plant, Reading(505)).path_m == pytest.approx(500, abs=0.001)
    assert locate(plant, Reading(1025)).path_m == pytest.approx(1000, abs=0.001)
    assert locate(plant, Reading(1030 + 505)).path_m == pytest.approx(1500, abs=0.001)


def test_without_a_fibre_length_the_scale_is_assumed_and_doubtful() -> None:
    known = line_of("AB", [1000], links={"L1": {"fibre_length_m": 1030}})
    unknown = line_of("AB", [1000])
    sure, doubtful = (locate(plant, Reading(515)) for plant in (known, unknown))
    assert doubtful.path_m == pytest.approx(sure.path_m) == pytest.approx(500)
    # 500 m within three parts in a hundred and three.
    assert doubtful.shares_m["cable lengths"] == pytest.approx(500 * 3 / 100, rel=0.02)
    assert sure.shares_m["cable lengths"] == pytest.approx(500 * 0.003, rel=0.01)
    assert [(each.name, each.of) for each in doubtful.assumed] == [
        ("accuracy_m", None), ("cable_per_route", "L1"),
    ]
    assert [each.name for each in sure.assumed] == ["accuracy_m"]


def test_an_earlier_trace_of_the_whole_link_stands_in_for_its_length() -> None:
    traced = line_of("AB", [1000], links={"L1": {"traced_length_m": 1040}})
    found = locate(traced, Reading(520))
    assert found.path_m == pytest.approx(500)
    assert found.shares_m["cable lengths"] == pytest.approx(500 * 0.005, rel=0.01)
    (_, length) = found.assumed
    assert (length.name, length.low, length.high) == (
        "fibre_length_m", pytest.approx(1034.8), pytest.approx(1045.2)
    )
    # One that ended at a fault says nothing of the whole.
    cut = line_of("AB", [1000], links={"L1": {"traced_length_m": 400}})
    assert locate(cut, Reading(515)).assumed[-1].name == "cable_per_route"


def test_a_fibre_length_that_cannot_be_true_is_not_used() -> None:
    plant = line_of("AB", [1000], links={"L1": {"fibre_length_m": 104}})
    found = locate(plant, Reading(515))
    assert found.path_m == pytest.approx(500)
    assert "too short" in found.assumed[-1].source


def test_known_places_of_the_trace_hold_the_scale() -> None:
    """
    A ──(S1 at 400)──(S2 at 800)── B    route 1000 m, fibre unknown
    """
    marks = tuple(structure(f"S{n}", "L1", 400 * n, 400.0 * n) for n in (1, 2))
    plant = line_of("AB", [1000], links={"L1": {"structures": marks}})
    # The trace shows S1 at 440 m and S2 at 880 m, so 660 m is half way between them.
    anchored = locate(plant, Reading(660, anchors={"S2": 880, "S1": 440}))
    assert anchored.path_m == pytest.approx(600)
    assert anchored.uncertainty_m < locate(plant, Reading(660)).uncertainty_m
    # Beyond the last one it goes on as the cable is taken to run: 103 m more of it.
    assert locate(plant, Reading(983, anchors={"S2": 880})).path_m == pytest.approx(900)


def test_between_known_places_the_cable_cannot_run_far_off() -> None:
    """
    A ───(S1 at 400)───(S2 at 800)─── B    route 1000 m, fibre 1100 m: 100 m more than route
    """
    marks = tuple(structure(f"S{n}", "L1", 400 * n, 400.0 * n) for n in (1, 2))
    links = {"L1": {"fibre_length_m": 1100, "structures": marks}}
    plant = line_of("AB", [1000], links=links)
    # At 600 m: 2 x 100 m x 0.6 x 0.4 of cable between A and B; between S1 and S2, with 40 m
    # more than route, half of that.
    free = locate(plant, Reading(660))
    held = locate(plant, Reading(660, anchors={"S1": 440, "S2": 880}))
    assert free.path_m == pytest.approx(held.path_m) == pytest.approx(600)
    assert free.shares_m["uneven cable"] == pytest.approx(48 / 1.1)
    assert held.shares_m["uneven cable"] == pytest.approx(20 / 1.1)


def test_an_unknown_helix_narrows_nothing() -> None:
    plant = line_of("AB", [1000], links={"L1": {"fibre_length_m": 1100}})
    path = path_of([plant.links["L1"]])
    none, unknown = (
        locate_fault(path, plant, Reading(550, index_true=1.4682, helix=helix))
        for helix in (0.0, None)
    )
    assert unknown.path_m == pytest.approx(none.path_m)
    assert unknown.shares_m["uneven cable"] == pytest.approx(none.shares_m["uneven cable"])


@pytest.mark.parametrize(
    "anchors", [{"nowhere": 100.0}, {"S1": 300.0, "B": 200.0}, {"S1": 100.0, "B": 100.0}]
)
def test_anchors_must_be_places_of_the_path_in_its_order(anchors: dict[str, float]) -> None:
    mark = structure("S1", "L1", 400, 400.0)
    plant = line_of("AB", [1000], links={"L1": {"structures": (mark,)}})
    with pytest.raises(InvalidParameter, match="anchors"):
        locate(plant, Reading(500, anchors=anchors))


def test_beyond_the_path_says_by_how_much() -> None:
    with pytest.raises(OffThePath, match=r"400\.0 m of cable beyond") as refused:
        locate(town(), Reading(3500))
    assert refused.value.by_m == pytest.approx(400)


def test_within_the_launch_fibre_says_by_how_much() -> None:
    with pytest.raises(OffThePath, match=r"50\.0 m before") as refused:
        locate(town(), Reading(100, launch_m=150))
    assert refused.value.by_m == pytest.approx(50)


def test_the_end_itself_is_still_on_the_path() -> None:
    # A metre beyond the end is within what an instrument can tell.
    found = locate(town(), Reading(3101))
    assert (found.path_m, found.upper_m) == (pytest.approx(3000), pytest.approx(3000))
    assert found.lower_m < 3000


def test_the_segment_runs_over_a_node() -> None:
    found = locate(town(), Reading(1042))
    first, second = found.parts
    assert (first.link, second.link) == ("L1", "L2")
    assert first.to_m == pytest.approx(1000)
    assert second.from_m == 0
    assert first.from_m == pytest.approx(found.lower_m)
    assert second.to_m == pytest.approx(found.upper_m - 1000)
    assert metres_between(first.route[0], north(found.lower_m)) < 0.01
    assert metres_between(second.route[-1], north(found.upper_m)) < 0.01


def test_shares_add_in_quadrature() -> None:
    found = locate(town(), Reading(1571, accuracy_m=3))
    # L2's scale is 2000 m of route on 2060 of fibre.
    assert found.shares_m["reading"] == pytest.approx(3 / 1.03)
    # The index is known within 0.0005 of 1.4682: 1571 m within 0.535 m of fibre.
    assert found.shares_m["index"] == pytest.approx(1571 * 0.0005 / 1.4682 / 1.03, rel=0.01)
    assert found.uncertainty_m == pytest.approx(math.hypot(*found.shares_m.values()))
    assert found.upper_m - found.lower_m == pytest.approx(2 * found.uncertainty_m)


def test_the_nearest_access_on_either_side() -> None:
    """
    A ──(manhole 300)──(marker 480)──✗ 500 ──(pole 620)── B ── C
    """
    along = (
        structure("S1", "L1", 300, 300.0, name="001/01"),
        structure("S2", "L1", 480, 480.0, structure_type="marker"),
        structure("S3", "L1", 620, None, structure_type="pole"),  # its place is that on the map
        structure("S4", "L9", 560, 77.0, structure_type="pole"),  # of a link in the same trench
    )
    links = {"L1": {"fibre_length_m": 1030, "structures": along}}
    found = locate(line_of("ABC", [1000, 1000], links=links), Reading(515), "L1")
    assert [(each.id, each.side, round(each.distance_m)) for each in found.access] == [
        ("S4", "beyond", 60), ("S1", "instrument", 200),
    ]
    far = structure("S4", "L9", 560, 77.0, structure_type="pole")
    far = replace(far, position=(far.position[0] + 0.001, far.position[1]))  # 111 m aside
    links["L1"]["structures"] = (*along[:3], far)
    found = locate(line_of("ABC", [1000, 1000], links=links), Reading(515), "L1")
    assert [each.id for each in found.access] == ["S3", "S1"]


def test_the_document_is_geojson() -> None:
    document = locate(town(), Reading(1042)).document(fault="F")
    roles = [feature["properties"]["role"] for feature in document["features"]]
    assert roles == ["segment", "segment", "mostLikely", "access", "access"]
    assert document["fault"] == "F"
    assert document["uncertainty_m"] > 0


LENGTHS = st.floats(50, 5000)


@st.composite
def lines(draw: st.DrawFn) -> tuple[Plant, list[float]]:
    """A line of links with coils, and its route lengths."""
    routes = draw(st.lists(LENGTHS, min_size=1, max_size=4))
    links = {}
    for number, route in enumerate(routes, start=1):
        places = sorted(draw(st.lists(st.floats(0.05, 0.95), max_size=3)))
        coils = tuple(
            structure(
                f"S{number}{k}", f"L{number}", 0, route * place,
                slack_m=draw(st.floats(0, 40)), structure_type="slack",
            )
            for k, place in enumerate(places)
        )
        coiled = sum(coil.slack_m or 0 for coil in coils)
        fibre = route * draw(st.floats(1, 1.1)) + coiled
        links[f"L{number}"] = {"fibre_length_m": fibre, "structures": coils}
    return line_of("ABCDE"[: len(routes) + 1], routes, links=links), routes


def fibre_to(plant: Plant, route_m: float) -> float:
    """Metres of fibre to a place, counted from the links directly."""
    total = 0.0
    for number, link in enumerate(plant.links.values()):
        length = float(WGS84.line_length(*zip(*link.route, strict=True)))
        coiled = sum(s.slack_m or 0 for s in link.structures)
        assert link.fibre_length_m is not None
        run = link.fibre_length_m - coiled
        if route_m > length and number < len(plant.links) - 1:
            total += link.fibre_length_m
            route_m -= length
            continue
        before = sum(
            s.slack_m or 0 for s in link.structures if (s.position_m or 0) < route_m
        )
        return total + run * route_m / length + before
    raise AssertionError("never reached")


@settings(max_examples=60, deadline=None)
@given(drawn=lines(), share=st.floats(0.01, 0.99), launch=st.floats(0, 500))
def test_what_a_place_would_read_is_located_there(
    drawn: tuple[Plant, list[float]], share: float, launch: float
) -> None:
    plant, routes = drawn
    true_m = sum(routes) * share
    found = locate(plant, Reading(fibre_to(plant, true_m) + launch, launch_m=launch))
    assert found.path_m == pytest.approx(true_m, abs=0.01)
    assert found.lower_m <= found.path_m <= found.upper_m
    covered = sum(part.to_m - part.from_m for part in found.parts)
    assert covered == pytest.approx(found.upper_m - found.lower_m, abs=1e-6)
    assert metres_between(found.position, north(true_m)) < 0.05


@settings(max_examples=40, deadline=None)
@given(drawn=lines(), share=st.floats(0.01, 0.99))
def test_either_end_finds_the_same_place(
    drawn: tuple[Plant, list[float]], share: float
) -> None:
    plant, routes = drawn
    true_m = sum(routes) * share
    reading = fibre_to(plant, true_m)
    total = sum(link.fibre_length_m or 0 for link in plant.links.values())
    there = locate(plant, Reading(reading))
    back = locate(
        plant, Reading(total - reading), *reversed(plant.links), start="ABCDE"[len(routes)]
    )
    assert back.path_m == pytest.approx(sum(routes) - there.path_m, abs=0.01)
    assert metres_between(back.position, there.position) < 0.05


@settings(max_examples=40, deadline=None)
@given(drawn=lines(), share=st.floats(0.01, 0.99), less=st.floats(0, 20), more=st.floats(0, 20))
def test_a_worse_instrument_never_narrows_the_segment(
    drawn: tuple[Plant, list[float]], share: float, less: float, more: float
) -> None:
    plant, routes = drawn
    reading = fibre_to(plant, sum(routes) * share)
    narrow, wide = (
        locate(plant, Reading(reading, accuracy_m=metres)) for metres in (less, less + more)
    )
    assert wide.uncertainty_m >= narrow.uncertainty_m - 1e-9
    assert wide.path_m == narrow.path_m

"""
Where a fault lies that an OTDR has seen: a stretch of route, never only a dot.

An instrument measures fibre; the map shows route. Between them stand the
index that the instrument was set to, the launch fibre, the helix of the fibre
in its cable (as instruments define it: fibre = cable x (1 + helix)), the cable
that is coiled in closures, and what a cable is longer than its route.

Each source of uncertainty is a bound on one input. What it does to the answer
is found by moving that input to its bounds and locating again; the sources are
independent, so their shares are added in quadrature (JCGM 100:2008, 5.1.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis_service.errors import InvalidParameter
from gis_service.model.fault_location import (
    FaultLocation,
    LinkPart,
    OffThePath,
    Reading,
)
from gis_service.model.plant import UNKNOWN_ACCURACY_M, Assumed, Plant
from gis_service.network.access import accesses
from gis_service.network.cable_scale import CableScale, Trim, cable_scale
from gis_service.network.lines import Route
from gis_service.network.paths import Leg

INDEX = 1.4682
"""Group index of G.652 fibre at 1550 nm, as makers state it (1.4676 to 1.4685)."""
INDEX_BOUND = 0.0015
GIVEN_INDEX_BOUND = 0.0005
HELIX_BOUND = 0.01
"""Loose tubes hold 0 to 2 % more fibre than cable; without a word of it, one of them."""
GIVEN_HELIX_BOUND = 0.002
READING_M, READING_SHARE = 1.0, 5e-5
"""Accuracy of an OTDR's distance: makers state about 1 m and 5 m in 100 km."""
SLACK_SHARE = 0.2
"""A coil's length is counted in turns, and the last person may have used some."""


@dataclass(frozen=True, slots=True)
class _Setting:
    """The inputs of one locating, as they stand or moved to a bound."""

    reading_m: float
    index_ratio: float
    launch_m: float
    helix: float
    trim: Trim

    def cable_m(self, otdr_distance_m: float) -> float:
        """`(d * n_set / n_true - launch) / (1 + helix)`."""
        return (otdr_distance_m * self.index_ratio - self.launch_m) / (1.0 + self.helix)


def locate_fault(path: Sequence[Leg], plant: Plant, reading: Reading) -> FaultLocation:
    """
    Place an OTDR reading on the ground.

    `cable = (reading * index_set / index_true - launch) / (1 + helix)`; on each
    link the cable runs evenly over the route, but for the coils, which lie where
    they are recorded. A link without a fibre length has 1.03 m of cable for each
    metre of route, within 0.03. Places of the same trace that are known hold the
    scale where they are.

    Parameters
    ----------
    path
        Legs from the instrument's node on.
    plant
        Their nodes.

    Returns
    -------
    FaultLocation
        Lengths in metres, geodesic on WGS84; positions (longitude, latitude).

    Raises
    ------
    OffThePath
        The reading ends before the path or beyond it, by more than is uncertain.
    InvalidParameter
        An anchor is not on the path, or anchors are not in its order.
    """
    setting, bounds, assumed = _settings(path, reading)
    lines = tuple(Route(leg.link.route) for leg in path)

    def located(one: _Setting) -> float:
        moved = cable_scale(path, lines, plant, one.helix, one.trim)
        return moved.route_m(_cable_to_fault(one, moved, reading))

    scale = cable_scale(path, lines, plant, setting.helix, setting.trim)
    cable_m = _cable_to_fault(setting, scale, reading)
    best_m = scale.route_m(cable_m)
    shares = {name: _share(located, best_m, each) for name, each in bounds.items()}
    shares["cable lengths"] = math.hypot(
        *(_share(located, best_m, each) for each in _by_leg(setting, scale, best_m))
    )
    # With less helix more of the fibre is in cable that may run unevenly.
    shares["uneven cable"] = max(
        cable_scale(path, lines, plant, each.helix, each.trim).unevenness_m(
            best_m, reading.anchors
        )
        for each in (setting, bounds["helix"][0])
    )
    shares["positions"] = scale.accuracy_m(best_m, unknown_m=UNKNOWN_ACCURACY_M)
    uncertainty_m = math.hypot(*shares.values())
    _refuse_beyond(best_m, uncertainty_m, scale)
    path_m = min(max(best_m, 0.0), scale.length_m)
    lower_m = min(max(best_m - uncertainty_m, 0.0), scale.length_m)
    upper_m = max(min(best_m + uncertainty_m, scale.length_m), 0.0)
    leg, local_m = scale.on_leg(path_m)
    link = path[leg].link
    return FaultLocation(
        link=link.id,
        link_name=link.name,
        position=scale.routes[leg].at(local_m),
        position_m=local_m,
        path_m=path_m,
        lower_m=lower_m,
        upper_m=upper_m,
        uncertainty_m=uncertainty_m,
        parts=_parts(path, scale, lower_m, upper_m),
        cable_m=setting.cable_m(reading.otdr_distance_m),
        slack_m=scale.slack_before_m(cable_m),
        shares_m=shares,
        access=accesses(path, plant, scale, path_m),
        assumed=(*assumed, *scale.assumed),
    )


_Moved = tuple[_Setting, _Setting]
"""With one input at its lower bound, and at its upper one."""


def _settings(
    path: Sequence[Leg], reading: Reading
) -> tuple[_Setting, dict[str, _Moved], tuple[Assumed, ...]]:
    """The inputs as they stand, those with each at its bounds, and what was assumed."""
    assumed = []
    index_bound = GIVEN_INDEX_BOUND
    if reading.index_true is None:
        index_bound = INDEX_BOUND
        assumed.append(
            Assumed("index_true", INDEX - index_bound, INDEX + index_bound, "1",
                    "G.652 fibre at 1550 nm, by its makers")
        )
    true = INDEX if reading.index_true is None else reading.index_true
    set_ = true if reading.index_set is None else reading.index_set
    helix_bound, helix = GIVEN_HELIX_BOUND, reading.helix
    if helix is None:
        helix_bound = helix = HELIX_BOUND
        assumed.append(
            Assumed("helix", 0.0, 2 * HELIX_BOUND, "1", "loose tube cable, by its makers")
        )
    reading_bound = reading.accuracy_m
    if reading_bound is None:
        reading_bound = READING_M + READING_SHARE * reading.otdr_distance_m
        assumed.append(
            Assumed("accuracy_m", -reading_bound, reading_bound, "m",
                    "an OTDR's distance, by its makers")
        )
    setting = _Setting(
        reading.otdr_distance_m, set_ / true, reading.launch_m, helix, Trim.none(len(path))
    )

    lower_m, upper_m = (reading.otdr_distance_m + sign * reading_bound for sign in (-1, 1))
    less, more = (1 + sign * SLACK_SHARE for sign in (-1, 1))
    bounds = {
        "reading": (replace(setting, reading_m=lower_m), replace(setting, reading_m=upper_m)),
        "index": (
            replace(setting, index_ratio=set_ / (true + index_bound)),
            replace(setting, index_ratio=set_ / (true - index_bound)),
        ),
        "helix": (
            replace(setting, helix=max(helix - helix_bound, 0.0)),
            replace(setting, helix=helix + helix_bound),
        ),
        "slack": (
            replace(setting, trim=setting.trim.with_coils(less)),
            replace(setting, trim=setting.trim.with_coils(more)),
        ),
    }
    return setting, bounds, tuple(assumed)


def _by_leg(
    setting: _Setting, scale: CableScale, best_m: float
) -> list[_Moved]:
    """The cable of each link up to the fault, a little shorter and a little longer."""
    last, _ = scale.on_leg(min(max(best_m, 0.0), scale.length_m))
    return [
        (
            replace(setting, trim=setting.trim.with_cable(leg, 1 - bound)),
            replace(setting, trim=setting.trim.with_cable(leg, 1 + bound)),
        )
        for leg, bound in enumerate(scale.cable_bounds[: last + 1])
    ]


def _share(located: Callable[[_Setting], float], best_m: float, moved: _Moved) -> float:
    return max(abs(located(each) - best_m) for each in moved)


def _cable_to_fault(setting: _Setting, scale: CableScale, reading: Reading) -> float:
    """Metres of the scale's cable to the fault, held by the anchors; outside the path as read."""
    seen, meant = [0.0], [0.0]
    for id_, shown_m in sorted(reading.anchors.items(), key=lambda item: item[1]):
        if id_ not in scale.marks:
            raise InvalidParameter(
                "anchors", id_, "this node or structure has no known place on the path"
            )
        seen.append(setting.cable_m(shown_m))
        meant.append(scale.marks[id_])
        if seen[-1] <= seen[-2] or meant[-1] < meant[-2]:
            raise InvalidParameter(
                "anchors", id_, "the places of the trace must come in the order of the path"
            )
    cable_m = setting.cable_m(setting.reading_m)
    if cable_m <= 0:
        return cable_m
    if cable_m >= seen[-1]:
        return meant[-1] + cable_m - seen[-1]
    return float(np.interp(cable_m, seen, meant))


def _refuse_beyond(best_m: float, uncertainty_m: float, scale: CableScale) -> None:
    if best_m < -uncertainty_m:
        raise OffThePath(
            f"The reading ends {-best_m:,.1f} m before the path begins: within the launch "
            "fibre. Check the distance and the length of the launch fibre.",
            by_m=-best_m,
        )
    beyond_m = best_m - scale.length_m
    if beyond_m > uncertainty_m:
        raise OffThePath(
            f"The reading ends {beyond_m:,.1f} m of cable beyond the path, whose "
            f"{scale.length_m:,.1f} m of route hold {scale.cable_m:,.1f} m of cable. Check the "
            "distance, the index and the fibre, or name the links that follow.",
            by_m=beyond_m,
        )


def _parts(
    path: Sequence[Leg], scale: CableScale, lower_m: float, upper_m: float
) -> tuple[LinkPart, ...]:
    parts = []
    for leg, (begin, end) in enumerate(scale.leg_spans):
        low, high = max(lower_m, begin), min(upper_m, end)
        if low > high or (low == high and lower_m < upper_m):
            continue
        forward = path[leg].forward
        from_m, to_m = (low - begin, high - begin) if forward else (end - high, end - low)
        parts.append(
            LinkPart(path[leg].link.id, from_m, to_m, scale.routes[leg].part(from_m, to_m))
        )
        if lower_m == upper_m:
            break
    return tuple(parts)

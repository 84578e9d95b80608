"""The cable of a path against its route: where each metre of cable lies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gis_service.model.plant import Assumed, Plant, PlantLink, PlantStructure
from gis_service.network.fibre_lengths import TRACE_BOUND, traced_fibre
from gis_service.network.lines import Route
from gis_service.network.paths import Leg

CABLE_PER_ROUTE, CABLE_PER_ROUTE_BOUND = 1.03, 0.03
"""Cable without coils over route: it sags between poles and snakes in ducts, 0 to 6 %."""
LENGTH_BOUND = 0.003
"""A recorded fibre length is right within this share."""


@dataclass(frozen=True, slots=True)
class Trim:
    """Shares by which the coils, and the running cable of each leg, are moved."""

    coils: float
    cable: tuple[float, ...]

    @classmethod
    def none(cls, legs: int) -> Trim:
        return cls(1.0, (1.0,) * legs)

    def with_coils(self, share: float) -> Trim:
        return replace(self, coils=share)

    def with_cable(self, leg: int, share: float) -> Trim:
        return replace(self, cable=(*self.cable[:leg], share, *self.cable[leg + 1 :]))


class CableScale:
    """
    Metres of cable and metres of route along a path, both from its first node.

    Parameters
    ----------
    cable, route
        Matching places, neither ever falling; a coil is cable without route.
    leg_spans
        Metres of route at which each leg begins and ends.
    marks
        Metres of cable to each node and to each structure with a known place; in
        the middle of what is coiled there.
    """

    def __init__(
        self,
        legs: Sequence[_LegScale],
        *,
        forwards: Sequence[bool],
        nodes: Sequence[str],
        accuracies: Sequence[float | None],
    ) -> None:
        cable, route = [0.0], [0.0]
        self.leg_spans: list[tuple[float, float]] = []
        self.marks: dict[str, float] = {nodes[0]: 0.0}
        self._places: list[tuple[float, float | None]] = [(0.0, accuracies[0])]
        for leg, node, accuracy in zip(legs, nodes[1:], accuracies[1:], strict=True):
            begin = route[-1]
            for at_m, coil_m, structure in leg.stops:
                there = cable[-1] + (begin + at_m - route[-1]) * leg.density
                cable += [there, there + coil_m]
                route += [begin + at_m, begin + at_m]
                if structure is not None:
                    self.marks.setdefault(structure.id, there + coil_m / 2)
                    self._places.append((begin + at_m, structure.accuracy_m))
            self.leg_spans.append((begin, route[-1]))
            self.marks.setdefault(node, cable[-1])
            self._places.append((route[-1], accuracy))
        self._cable, self._route = np.array(cable), np.array(route)
        self._legs, self._forwards = tuple(legs), tuple(forwards)
        self.routes = tuple(leg.line for leg in legs)
        self.cable_bounds = tuple(leg.bound for leg in legs)
        self.assumed = tuple(each for leg in legs for each in leg.assumed)

    @property
    def length_m(self) -> float:
        """The path's route."""
        return float(self._route[-1])

    @property
    def cable_m(self) -> float:
        """The path's cable, coils included."""
        return float(self._cable[-1])

    def route_m(self, cable_m: float) -> float:
        """Metres of route at so many of cable; outside the path a metre for a metre."""
        if cable_m <= 0:
            return cable_m
        if cable_m >= self.cable_m:
            return self.length_m + cable_m - self.cable_m
        return float(np.interp(cable_m, self._cable, self._route))

    def on_leg(self, path_m: float) -> tuple[int, float]:
        """
        The leg at so many metres of route, and metres along its link from the link's start.

        A node between two legs belongs to the first.
        """
        ends = [end for _, end in self.leg_spans]
        leg = min(int(np.searchsorted(ends, path_m, side="left")), len(ends) - 1)
        begin, end = self.leg_spans[leg]
        return leg, (path_m - begin) if self._forwards[leg] else (end - path_m)

    def slack_before_m(self, cable_m: float) -> float:
        """How much of so many metres of cable is coiled."""
        is_coil = np.diff(self._route) == 0
        begun = np.clip(cable_m - self._cable[:-1], 0, np.diff(self._cable))
        return float(begun[is_coil].sum())

    def unevenness_m(self, path_m: float, anchors: Iterable[str] = ()) -> float:
        """
        How far a place may be off because cable need not run evenly.

        What a cable has more than its route may lie anywhere along it; at a link's
        ends and at anchors the scale is known, so the doubt is greatest half way
        between two of them: half of what is more there.
        """
        held = min(max(path_m, 0.0), self.length_m)
        leg, _ = self.on_leg(held)
        known = [*self.leg_spans[leg], *(self.route_m(self.marks[each]) for each in anchors)]
        begin = max(each for each in known if each <= held)
        end = min(each for each in known if each >= held)
        if end == begin:
            return 0.0
        share = (held - begin) / (end - begin)
        density = self._legs[leg].density
        excess_m = abs(density - 1) * (end - begin)
        return 2 * excess_m * share * (1 - share) / density

    def accuracy_m(self, path_m: float, *, unknown_m: float) -> float:
        """The worse position of the two known places around a place."""
        before = [each for each in self._places if each[0] <= path_m] or self._places[:1]
        after = [each for each in self._places if each[0] >= path_m] or self._places[-1:]
        return max(
            unknown_m if accuracy is None else accuracy
            for accuracy in (before[-1][1], after[0][1])
        )


@dataclass(frozen=True, slots=True)
class _LegScale:
    """
    One leg: where its coils lie, from its own first node, and how dense its cable runs.

    The last of `stops` is its end.
    """

    line: Route
    stops: tuple[tuple[float, float, PlantStructure | None], ...]
    density: float
    bound: float
    assumed: tuple[Assumed, ...]


def cable_scale(
    path: Sequence[Leg], lines: Sequence[Route], plant: Plant, helix: float, trim: Trim
) -> CableScale:
    """
    The scale of a path.

    A link's cable is its fibre over (1 + helix); what is not coiled runs evenly.
    A coil at a node is shared by the links that end there in equal parts.

    Parameters
    ----------
    lines
        The legs' links on the ground.
    trim
        By how much coils and running cable are moved, to try their bounds.
    """
    nodes = [path[0].first_node, *(leg.last_node for leg in path)]
    return CableScale(
        [
            _leg_scale(leg, line, plant, helix, (trim.coils, cable))
            for leg, line, cable in zip(path, lines, trim.cable, strict=True)
        ],
        forwards=[leg.forward for leg in path],
        nodes=nodes,
        accuracies=[plant.nodes[node].accuracy_m for node in nodes],
    )


def _leg_scale(
    leg: Leg, line: Route, plant: Plant, helix: float, shares: tuple[float, float]
) -> _LegScale:
    coil_share, cable_share = shares
    length_m = line.length_m
    ends = [_coil_at(plant, node) for node in (leg.first_node, leg.last_node)]
    stops: list[tuple[float, float, PlantStructure | None]] = [(0.0, ends[0], None)]
    for at_m, each in known_places(leg.link, line):
        along = at_m if leg.forward else length_m - at_m
        stops.append((along, each.slack_m or 0.0, each))
    stops.append((length_m, ends[1], None))
    stops.sort(key=lambda stop: stop[0])
    coiled_m = sum(coil for _, coil, _ in stops)
    run_m, bound, assumed = _running_cable(leg.link, length_m, coiled_m, helix, coil_share)
    density = run_m * cable_share / length_m if length_m > 0 else 1.0
    moved = tuple((at, coil * coil_share, each) for at, coil, each in stops)
    return _LegScale(line, moved, density, bound, assumed)


def known_places(link: PlantLink, line: Route) -> list[tuple[float, PlantStructure]]:
    """A link's own structures with a known position, in metres from its start, in order."""
    found = [
        (min(each.position_m, line.length_m), each)
        for each in link.structures
        if each.link == link.id and each.position_m is not None
    ]
    return sorted(found, key=lambda place: (place[0], place[1].id))


def _coil_at(plant: Plant, node: str) -> float:
    there = plant.nodes[node]
    return (there.slack_m or 0.0) / max(there.cable_ends, 1)


def _running_cable(
    link: PlantLink, length_m: float, coiled_m: float, helix: float, coil_share: float
) -> tuple[float, float, tuple[Assumed, ...]]:
    """Cable that is not coiled, the share within which it is right, and what was assumed."""
    traced = traced_fibre(link, length_m)
    fibre_m, bound, source = link.fibre_length_m, LENGTH_BOUND, ""
    if traced is not None:
        fibre_m, bound = (traced.low + traced.high) / 2, TRACE_BOUND
    if fibre_m is not None:
        # Whether the length can be true is judged before anything is moved to a bound.
        if fibre_m / (1 + helix) - coiled_m * 1.2 > length_m / 2:
            run_m = fibre_m / (1 + helix) - coiled_m * coil_share
            return run_m, bound, () if traced is None else (traced,)
        source = "the fibre length recorded is too short for its route and coils"
    taken = Assumed(
        "cable_per_route",
        CABLE_PER_ROUTE - CABLE_PER_ROUTE_BOUND,
        CABLE_PER_ROUTE + CABLE_PER_ROUTE_BOUND,
        "m/m",
        source or "cables sag between poles and snake in ducts, by 0 to 6 %",
        of=link.id,
    )
    return CABLE_PER_ROUTE * length_m, CABLE_PER_ROUTE_BOUND / CABLE_PER_ROUTE, (taken,)

"""
The loss of a path: fibre x dB/km + splices + connectors + splitters.

What the data do not hold becomes a span, and is told as assumed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gis_service.model.loss_budget import (
    Component,
    LinkLoss,
    LossBudget,
    LossReading,
    ReceivedPower,
    Span,
)
from gis_service.model.plant import Assumed, Plant, PlantLink
from gis_service.network.attenuation import (
    CONNECTOR,
    SPLICE,
    Loss,
    any_fibre_loss,
    fibre_loss,
    splitter_loss,
)
from gis_service.network.fibre_lengths import traced_fibre
from gis_service.network.lines import Route
from gis_service.network.paths import Leg

FIBRE_PER_ROUTE = Span(1.0, 1.1)
"""Fibre with coils over route, where no fibre length is known."""
DRUM_KM = (2.0, 6.0)
"""Cable comes on drums of so much, and is spliced where one ends."""
PIGTAILS = 2
CONNECTORS = Span(2.0, 4.0)
"""A patch panel at each end, reached once or twice."""
FEWEST_OUTPUTS, MOST_OUTPUTS = 2, 64
"""A splitter whose outputs nobody wrote down."""
WHOLE_WITHIN = 0.02
"""An OTDR's trace that ends elsewhere than the fibre, by this share, is not of all of it."""


def loss_budget(
    path: Sequence[Leg],
    plant: Plant,
    readings: Iterable[LossReading],
    *,
    wavelength_nm: int,
    splitters: Sequence[int] | None = None,
    sent_dbm: float | None = None,
) -> LossBudget:
    """
    What light of one wavelength should lose on a path, against what was measured.

    Parameters
    ----------
    readings
        Of the path's links, and of power at its last node.
    splitters
        Outputs of each splitter on the way. None when nobody says: then each node
        between two links that is a splitter counts, with 2 to 64 outputs.
    sent_dbm
        Power that is sent into the path, to tell what should arrive.

    Raises
    ------
    InvalidParameter
        No loss is stated for a link's fibre at this wavelength.
    """
    readings = tuple(readings)
    assumed: list[Assumed] = []
    components: list[Component] = []
    links = []
    for leg in path:
        own = _link_components(leg.link, wavelength_nm, assumed)
        components += own
        links.append(_link_loss(leg.link, own, _of_link(leg.link, readings, wavelength_nm)))
    components += _splitters(path, plant, splitters, assumed)
    typical_db = Span.total(each.typical_db for each in components)
    limit_db = Span.total(each.limit_db for each in components)
    measured = [each.measured_db for each in links if each.measured_db is not None]
    power = None
    if sent_dbm is not None:
        expected = Span(sent_dbm - limit_db.high, sent_dbm - typical_db.low)
        power = _received(path[-1].last_node, readings, wavelength_nm, sent_dbm, expected)
    return LossBudget(
        wavelength_nm=wavelength_nm,
        components=tuple(components),
        typical_db=typical_db,
        limit_db=limit_db,
        links=tuple(links),
        measured_db=math.fsum(measured) if len(measured) == len(links) else None,
        assumed=tuple(assumed),
        power=power,
    )


def _link_components(
    link: PlantLink, wavelength_nm: int, assumed: list[Assumed]
) -> list[Component]:
    def assume(name: str, span: Span, unit: str, source: str) -> Span:
        assumed.append(Assumed(name, span.low, span.high, unit, source, of=link.id))
        return span

    route_m = Route(link.route).length_m
    traced = traced_fibre(link, route_m)
    if link.fibre_length_m is not None:
        fibre_m = Span.known(link.fibre_length_m)
    elif traced is not None:
        fibre_m = Span(traced.low, traced.high)
        assumed.append(traced)
    else:
        fibre_m = assume(
            "fibre_length_m", Span.known(route_m).times(FIBRE_PER_ROUTE), "m",
            "the route, and up to a tenth more",
        )
    km = fibre_m.times(Span.known(1 / 1000))
    if link.fibre_type is not None:
        loss = fibre_loss(link.fibre_type, wavelength_nm)
        typical, limit = Span.known(loss.typical_db), Span.known(loss.limit_db)
    else:
        typical, limit = any_fibre_loss(wavelength_nm)
        assume("fibre_type", Span(typical.low, limit.high), "dB/km", "any fibre of the ITU-T's")
    splices, connectors = _count(link.splices), _count(link.connectors)
    if splices is None:
        fewest, most = (max(math.ceil(km.high / drum) - 1, 0) for drum in DRUM_KM[::-1])
        splices = assume(
            "splices", Span(fewest, most + PIGTAILS), "1",
            "drums of 2 to 6 km, and a pigtail at each end or none",
        )
    if connectors is None:
        connectors = assume("connectors", CONNECTORS, "1", "a patch panel at each end")
    return [
        Component("fibre", link.id, km, km.times(typical), km.times(limit)),
        _counted("splices", link.id, splices, SPLICE),
        _counted("connectors", link.id, connectors, CONNECTOR),
    ]


def _count(number: int | None) -> Span | None:
    return None if number is None else Span.known(float(number))


def _counted(kind: str, of: str, amount: Span, each: Loss) -> Component:
    return Component(
        kind, of, amount,
        amount.times(Span.known(each.typical_db)), amount.times(Span.known(each.limit_db)),
    )


def _splitters(
    path: Sequence[Leg], plant: Plant, given: Sequence[int] | None, assumed: list[Assumed]
) -> list[Component]:
    if given is not None:
        return [_splitter(None, outputs, outputs) for outputs in given]
    found = []
    for leg in path[:-1]:
        node = plant.nodes[leg.last_node]
        if node.infrastructure == "splitter":
            assumed.append(
                Assumed("outputs", FEWEST_OUTPUTS, MOST_OUTPUTS, "1",
                        "splitters have 2 to 64 outputs", of=node.id)
            )
            found.append(_splitter(node.id, FEWEST_OUTPUTS, MOST_OUTPUTS))
    return found


def _splitter(of: str | None, fewest: int, most: int) -> Component:
    low, high = splitter_loss(fewest), splitter_loss(most)
    return Component(
        "splitter", of, Span(fewest, most),
        Span(low.typical_db, high.typical_db), Span(low.limit_db, high.limit_db),
    )


def _of_link(
    link: PlantLink, readings: Iterable[LossReading], wavelength_nm: int
) -> list[LossReading]:
    """Readings of a link's whole length at a wavelength, the earliest first."""
    of_link = [r for r in readings if r.link == link.id]
    whole_m = link.fibre_length_m or link.traced_length_m

    def is_whole(reading: LossReading) -> bool:
        distance = reading.otdr_distance_m
        if reading.kind != "otdr" or distance is None or whole_m is None:
            return True
        return abs(distance - whole_m) <= WHOLE_WITHIN * whole_m

    found = [
        r for r in of_link
        if r.loss_db is not None and r.wavelength_nm == wavelength_nm and is_whole(r)
    ]
    return sorted(found, key=lambda r: (r.measured_at, r.id))


def _link_loss(
    link: PlantLink, components: Sequence[Component], readings: Sequence[LossReading]
) -> LinkLoss:
    budget = LinkLoss(
        link.id,
        link.name,
        link.route,
        Span.total(each.typical_db for each in components),
        Span.total(each.limit_db for each in components),
    )
    if not readings:
        return budget
    last = readings[-1]
    alike = [
        r for r in readings
        if (r.kind, r.fibre, r.node) == (last.kind, last.fibre, last.node)
    ]
    first = alike[0] if len(alike) > 1 else None
    return replace(
        budget,
        measured_db=last.loss_db,
        measured_at=last.measured_at,
        first_db=None if first is None else first.loss_db,
        first_at=None if first is None else first.measured_at,
    )


def _received(
    node: str,
    readings: Iterable[LossReading],
    wavelength_nm: int,
    sent_dbm: float,
    expected: Span,
) -> ReceivedPower:
    at_node = [
        r for r in readings
        if r.node == node and r.power_dbm is not None and r.wavelength_nm == wavelength_nm
    ]
    last = max(at_node, key=lambda r: (r.measured_at, r.id), default=None)
    if last is None:
        return ReceivedPower(sent_dbm, expected)
    return ReceivedPower(sent_dbm, expected, last.power_dbm, last.measured_at)

"""The processes that the warm graph answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gis_service.model.audience import Principal
from gis_service.model.fields import Language
from gis_service.model.processes.network import OUTAGE_IMPACT, SINGLE_POINTS_OF_FAILURE, TRACE
from gis_service.model.weak_points import WeakKind, WeakPoints
from gis_service.network.graph import NetworkGraph, index_of, texts
from gis_service.services.analyses import Document, Handler
from gis_service.services.network_documents import (
    Positions,
    outage_document,
    trace_document,
    weak_points_document,
)
from gis_service.services.network_questions import NetworkQuestions

Inputs = Mapping[str, Any]


def network_handlers(questions: NetworkQuestions) -> dict[str, Handler]:
    """What answers each process of `model.processes.network`, by its id."""

    async def trace(inputs: Inputs, principal: Principal, _: Language) -> Document:
        wavelength_nm = inputs["wavelength_nm"]
        asked = {name: value for name, value in inputs.items() if name != "wavelength_nm"}
        found, downstream = await questions.trace(principal, **asked)
        routes = await questions.routes([link.id for link in found.links])
        losses = await questions.losses(principal, found, wavelength_nm=wavelength_nm)
        joined = await questions.joined(found)
        return trace_document(found, downstream, routes, losses, joined)

    async def outage(inputs: Inputs, principal: Principal, _: Language) -> Document:
        state, gone, found = await questions.outage(principal, **inputs)
        routes = await questions.routes(texts(state.graph.links.ids[gone.links]))
        return outage_document(state.graph, gone, found, routes)

    async def weak_points(inputs: Inputs, principal: Principal, _: Language) -> Document:
        kind = inputs["kind"]
        state, found = await questions.weak_points(
            principal,
            most=inputs["limit"],
            kind=None if kind is None else WeakKind(kind),
            scenario=inputs["scenario"],
        )
        routes = await questions.routes(
            [link for point in found.points for link in point.links]
        )
        return weak_points_document(found, routes, _positions(state.graph, found))

    return {
        TRACE.id: trace, OUTAGE_IMPACT.id: outage, SINGLE_POINTS_OF_FAILURE.id: weak_points,
    }


def _positions(graph: NetworkGraph, found: WeakPoints) -> Positions:
    """Where the nodes of weak points stand."""
    nodes = graph.nodes
    ids = {id_ for point in found.points for id_ in point.nodes}
    places = {id_: nodes.position[index_of(nodes.ids, id_)].tolist() for id_ in ids}
    return {id_: (lon, lat) for id_, (lon, lat) in places.items()}

"""The processes of joined nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from gis_service.model.audience import Principal
from gis_service.model.fields import Language
from gis_service.model.joins import Decision, JoinNode, JoinPair
from gis_service.model.processes.joins import (
    DECIDE_JOIN,
    JOIN_CANDIDATES,
    JOINED_NODES,
    UNDECIDED,
)
from gis_service.services.analyses import Document, Handler
from gis_service.services.joins import Joins

Inputs = Mapping[str, Any]


def join_handlers(joins: Joins) -> dict[str, Handler]:
    """What answers each process of `model.processes.joins`, by its id."""

    async def candidates(inputs: Inputs, principal: Principal, _: Language) -> Document:
        found = await joins.proposed(
            principal,
            within_m=inputs["within_m"],
            network=None if inputs["network"] is None else str(inputs["network"]),
            rejected=inputs["rejected"],
            first=inputs["first"],
        )
        return {
            "type": "FeatureCollection",
            "proposed": found.total,
            "left_out": found.left_out,
            "networks": list(found.networks),
            "features": list(map(_feature, found.pairs)),
        }

    async def joined(_inputs: Inputs, principal: Principal, _: Language) -> Document:
        pairs = await joins.decided(principal)
        confirmed = (pair for pair in pairs if pair.decision is Decision.CONFIRMED)
        return {"type": "FeatureCollection", "features": list(map(_feature, confirmed))}

    async def decide(inputs: Inputs, principal: Principal, _: Language) -> Document:
        asked = inputs["decision"]
        pair = await joins.decide(
            principal, inputs["node_a"], inputs["node_b"],
            None if asked == UNDECIDED else Decision(asked),
            note=inputs["note"], request_id=str(uuid4()),
        )
        return pair_document(pair)

    return {
        JOIN_CANDIDATES.id: candidates, JOINED_NODES.id: joined, DECIDE_JOIN.id: decide,
    }


def _feature(pair: JoinPair) -> Document:
    """A pair with the positions of both nodes."""
    return {
        "type": "Feature",
        "id": f"{pair.a.id}:{pair.b.id}",
        "geometry": {"type": "MultiPoint", "coordinates": [_place(pair.a), _place(pair.b)]},
        "properties": pair_document(pair),
    }


def pair_document(pair: JoinPair) -> Document:
    """A pair as programs read it."""
    alike = pair.likeness
    return {
        "node_a": str(pair.a.id),
        "name_a": pair.a.name,
        "network_a": pair.a.network,
        "node_b": str(pair.b.id),
        "name_b": pair.b.name,
        "network_b": pair.b.network,
        "distance_m": round(pair.distance_m, 1),
        "score": round(alike.score, 3),
        "names": None if alike.names is None else round(alike.names, 3),
        "nearness": round(alike.nearness, 3),
        "same_id": alike.same_id,
        "decision": pair.decision,
        "note": pair.note,
        "decided_at": None if pair.decided_at is None else pair.decided_at.isoformat(),
    }


def _place(node: JoinNode) -> list[float]:
    return [round(node.lon, 7), round(node.lat, 7)]

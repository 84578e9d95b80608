"""What was found out about the network, as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import shapely

from gis_service.model.joins import JoinNode
from gis_service.model.loss_budget import LinkLoss
from gis_service.model.outage import GONE, Effect, Hit, OfficeHit, Outage
from gis_service.model.processes.network import LOSSES
from gis_service.model.trace import Trace
from gis_service.model.weak_points import WeakKind, WeakPoint, WeakPoints
from gis_service.network.graph import NetworkGraph, Numbers, texts
from gis_service.services.network_questions import Gone, Routes

Document = dict[str, Any]
Positions = Mapping[str, tuple[float, float]]
"""Longitude and latitude of nodes, by id."""
_DIGITS = 7


def trace_document(
    trace: Trace,
    downstream: Outage,
    routes: Routes,
    losses: Mapping[str, LinkLoss],
    joined: Mapping[str, JoinNode],
) -> Document:
    """
    The links of a way in order, each drawn in the direction of the way.

    `joins` tells where it passes into another network: after how many links, from
    which node, and to which node of which network.
    """
    dark = downstream.total.get(Effect.CUT, Hit())
    return _collection(
        (
            _feature(
                link.id,
                _line(routes.get(link.id), forward=link.forward),
                {
                    "order": order,
                    "link": link.id,
                    "name": link.name,
                    "from_node": link.from_node,
                    "to_node": link.to_node,
                    "route_length_m": _metres(link.route_length_m),
                    "fibre_length_m": _metres(link.fibre_length_m),
                    "reached_m": _metres(link.reached_m),
                    **_loss(losses.get(link.id)),
                },
            )
            for order, link in enumerate(trace.links, 1)
        ),
        start_node=trace.start,
        end_node=trace.end,
        reaches=trace.end is not None,
        ways=trace.ways,
        gateways=trace.gateways,
        one_trench=trace.one_trench,
        joins=[
            {
                "after": join.after,
                "from_node": join.from_node,
                "to_node": join.to_node,
                "name": joined[join.to_node].name,
                "network": joined[join.to_node].network,
            }
            for join in trace.joins if join.to_node in joined
        ],
        route_length_m=_metres(trace.route_length_m),
        fibre_length_m=_metres(trace.fibre_length_m),
        downstream_nodes=len(downstream.nodes),
        downstream_offices=dark.offices,
        downstream_beneficiaries=dark.beneficiaries,
        downstream_offices_unknown=dark.offices_unknown,
        downstream={
            "nodes": list(downstream.nodes),
            "offices": [hit.id for hit in downstream.offices if hit.effect is Effect.CUT],
        },
    )


def outage_document(graph: NetworkGraph, gone: Gone, outage: Outage, routes: Routes) -> Document:
    """What is gone, then the offices that are hit; totals by ward and theme beside them."""
    links = texts(graph.links.ids[gone.links])
    features = [
        *(
            _feature(id_, _line(routes.get(id_)), {"effect": GONE, "link": id_})
            for id_ in links
        ),
        *(
            _feature(id_, _point(position), {"effect": GONE, "node": id_})
            for id_, position in zip(
                texts(graph.nodes.ids[gone.nodes]), graph.nodes.position[gone.nodes], strict=True
            )
        ),
        *(
            _feature(hit.id, _point(graph.offices.position[hit.index]), _office(hit))
            for hit in outage.offices
        ),
    ]
    return _collection(
        features,
        **_totals(outage.total),
        nodes_dark=len(outage.nodes),
        nodes=list(outage.nodes),
        offices_left_out=outage.offices_left_out,
        by_ward=[{"ward": ward or None, **_totals(hits)} for ward, hits in outage.by_ward.items()],
        by_theme=[
            {"theme": theme or None, **_totals(hits)} for theme, hits in outage.by_theme.items()
        ],
    )


def weak_points_document(found: WeakPoints, routes: Routes, positions: Positions) -> Document:
    """The points in their order, drawn by the links and nodes that they consist of."""
    return _collection(
        (
            _feature(f"{point.kind}:{point.id}", _parts(point, routes, positions), {
                "rank": rank,
                "kind": point.kind,
                "name": point.name,
                "link": point.id if point.kind is WeakKind.LINK else None,
                "node": point.id if point.kind in (WeakKind.NODE, WeakKind.SITE) else None,
                "trench": point.id if point.kind is WeakKind.TRENCH else None,
                "links": list(point.links),
                "nodes": list(point.nodes),
                "offices": point.offices,
                "beneficiaries": point.beneficiaries,
                "offices_unknown": point.offices_unknown,
                "nodes_dark": point.nodes_dark,
            })
            for rank, point in enumerate(found.points, 1)
        ),
        **{f"{kind}_count": count for kind, count in found.counts.items()},
    )


def _collection(features: Iterable[Document], **members: Any) -> Document:
    return {"type": "FeatureCollection", "features": list(features), **members}


def _feature(id_: str, geometry: Document | None, properties: Document) -> Document:
    return {"type": "Feature", "id": id_, "geometry": geometry, "properties": properties}


def _office(hit: OfficeHit) -> Document:
    return {
        "effect": hit.effect,
        "office": hit.id,
        "name": hit.name,
        "node": hit.node,
        "ward": hit.ward,
        "theme": hit.theme,
        "beneficiaries": hit.beneficiaries,
        "ways_before": hit.ways_before,
        "ways_after": hit.ways_after,
        "gateways_before": hit.gateways_before,
        "gateways_after": hit.gateways_after,
    }


def _totals(hits: Mapping[Effect, Hit]) -> dict[str, int]:
    return {
        f"{effect}_{name}": getattr(hit, name)
        for effect, hit in hits.items()
        for name in ("offices", "beneficiaries", "offices_unknown")
    }


def _loss(loss: LinkLoss | None) -> dict[str, Any]:
    """What light should lose, and what it was measured to lose; nothing of other links."""
    told = {} if loss is None else loss.properties()
    return {name: told.get(name) for name in LOSSES}


def _metres(length: float | None) -> float | None:
    """To a centimetre."""
    return None if length is None else round(length, 2)


def _point(position: Numbers | tuple[float, float]) -> Document:
    return {"type": "Point", "coordinates": np.round(position, _DIGITS).tolist()}


def _line(route: shapely.LineString | None, *, forward: bool = True) -> Document | None:
    if route is None:
        return None
    coordinates = np.round(shapely.get_coordinates(route), _DIGITS).tolist()
    return {"type": "LineString", "coordinates": coordinates if forward else coordinates[::-1]}


def _parts(point: WeakPoint, routes: Routes, positions: Positions) -> Document | None:
    """A line or lines, a point or points."""
    if point.kind is WeakKind.LINK:
        return _line(routes.get(point.id))
    if point.kind is WeakKind.TRENCH:
        lines = [line for id_ in point.links if (line := _line(routes.get(id_))) is not None]
        return {"type": "MultiLineString", "coordinates": [line["coordinates"] for line in lines]}
    places = [_point(positions[id_])["coordinates"] for id_ in point.nodes]
    if point.kind is WeakKind.NODE:
        return {"type": "Point", "coordinates": places[0]}
    return {"type": "MultiPoint", "coordinates": places}

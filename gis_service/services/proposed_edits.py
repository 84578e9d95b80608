"""A plan of connections as the edits that make its phase, nodes and links."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid5

from gis_service.model.connect import ConnectionPlan
from gis_service.model.declarations.network import PHASES
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES
from gis_service.model.edits import Edit
from gis_service.model.fields import Collection
from gis_service.model.rights import Operation
from gis_service.network.proposal import proposal
from gis_service.store.proposals import Phase

Document = dict[str, Any]


def proposed_edits(phase: Phase, network: UUID, plan: ConnectionPlan) -> list[Edit]:
    """The phase, its nodes and its links, with ids that follow from the phase's."""
    common = {"network": str(network), "status": "proposed", "phase": str(phase.id)}
    names = {each.office.id: each.office.name for each in plan.connected}
    planned = proposal(plan)
    node_ids = [str(uuid5(phase.id, f"node {n}")) for n in range(len(planned.nodes))]
    edits = [_created(PHASES, str(phase.id), None, {
        "network": str(network),
        "external_id": phase.external_id,
        "name": phase.name,
        "description": _description(plan),
    })]
    for number, (id_, node) in enumerate(zip(node_ids, planned.nodes, strict=True), 1):
        own = {"name": f"{phase.name} {number}"}
        if node.office is not None:
            own = {"name": names[node.office], "infrastructure": "customerPremises"}
        geometry = {"type": "Point", "coordinates": list(node.position)}
        edits.append(_created(NETWORK_NODES, id_, geometry, common | own))
    for number, link in enumerate(planned.links, 1):
        start, end = (
            node_ids[at] if isinstance(at, int) else at for at in (link.start, link.end)
        )
        edits.append(_created(
            FIBRE_LINKS, str(uuid5(phase.id, f"link {number}")),
            {"type": "LineString", "coordinates": [list(point) for point in link.line]},
            common | {
                "name": f"{phase.name} {number}",
                "start_node": start,
                "end_node": end,
                "medium": ["fibre"],
                "fibre_length_m": round(link.length_m, 1),
            },
        ))
    return edits


def _created(
    collection: Collection, id_: str, geometry: Document | None, properties: Document
) -> Edit:
    feature = {"type": "Feature", "id": id_, "geometry": geometry, "properties": properties}
    return Edit(Operation.CREATE, collection, UUID(id_), feature)


def _description(plan: ConnectionPlan) -> str:
    costs = "; ".join(
        f"{name} {figure.amount:,.12g}" for name, figure in plan.costs.figures().items()
    )
    return (
        f"Connects {len(plan.connected)} offices by {plan.trench_m / 1000:,.1f} km of trench for "
        f"KES {plan.cost_kes:,.0f} ({plan.method}; {costs})."
    )

"""Routes that were walked in the field and wait for a planner, and what was made with each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SQL_UUID
from sqlalchemy import Select, cast, func, select

from gis_service.model.audience import Audience
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.field_operations import OperationKind, Outcome
from gis_service.store.internal import ATTACHMENTS, OPERATIONS
from gis_service.store.readable import readable
from gis_service.store.tables import table

PROPOSED = "proposed"
MOST_SHOWN = 200


def waiting_routes(audience: Audience, id_: UUID | None = None) -> Select[Any]:
    """
    The links that routes became and that are still proposed, the oldest first.

    Parameters
    ----------
    id_
        One link only.
    """
    link, asked = readable(FIBRE_LINKS, audience), OPERATIONS.c.content
    photos = (
        select(func.count()).where(ATTACHMENTS.c.operation_id == OPERATIONS.c.id).scalar_subquery()
    )
    found = (
        select(
            link.c.id, link.c.name, link.c.version, link.c.route_length_m, link.c.start_node,
            link.c.end_node, OPERATIONS.c.made_at, OPERATIONS.c.received_at,
            asked["values"].label("given"), asked["geometry"].label("line"),
            photos.label("photos"),
        )
        .join_from(OPERATIONS, link, link.c.id == cast(asked["item"].astext, SQL_UUID))
        .where(
            asked["kind"].astext == OperationKind.ROUTE.value,
            OPERATIONS.c.outcome.in_((Outcome.APPLIED.value, Outcome.MERGED.value)),
            link.c.status == PROPOSED,
        )
        .order_by(OPERATIONS.c.received_at, OPERATIONS.c.id)
        .limit(MOST_SHOWN)
    )
    return found if id_ is None else found.where(link.c.id == id_)


def structures_of(link: UUID) -> Select[Any]:
    """Ids of the structures along a link."""
    structures = table(STRUCTURES)
    return select(structures.c.id).where(structures.c.link == link).order_by(structures.c.id)


def proposed_nodes(ids: Sequence[UUID]) -> Select[Any]:
    """Those of the nodes that are proposed, and whether other links end there: `id`, `shared`."""
    nodes, links = table(NETWORK_NODES), table(FIBRE_LINKS)
    ending = (
        select(func.count())
        .where((links.c.start_node == nodes.c.id) | (links.c.end_node == nodes.c.id))
        .scalar_subquery()
    )
    return select(nodes.c.id, (ending > 1).label("shared")).where(
        nodes.c.id.in_(ids), nodes.c.status == PROPOSED
    )


def node_names(ids: Sequence[UUID], audience: Audience) -> Select[Any]:
    """`id` and `name` of nodes."""
    nodes = readable(NETWORK_NODES, audience)
    return select(nodes.c.id, nodes.c.name).where(nodes.c.id.in_(ids))

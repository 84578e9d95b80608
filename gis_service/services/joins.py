"""Two networks in one view: which of their nodes may be one place, and what people decided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import shapely

from gis_service.errors import InvalidParameter, NotAllowed, NotFound
from gis_service.model.audience import Audience, Principal
from gis_service.model.declarations.joins import NODE_JOINS
from gis_service.model.edits import Answer, Condition, Edit, Edited
from gis_service.model.joins import (
    MOST_WITHIN_M,
    USUAL_WITHIN_M,
    Decision,
    JoinNode,
    JoinPair,
    LineNear,
)
from gis_service.model.queries import BBox
from gis_service.model.rights import Operation
from gis_service.network.joining import LEAST_SCORE, is_unique_everywhere, likeness
from gis_service.services.editing import Editing, allow
from gis_service.store import joins as statements
from gis_service.store.reading import Moment, Reader
from gis_service.store.roles import Login

LONGEST_NOTE = 1_000
MOST_PROPOSED = 500
_LEAST_DRAWN_DEGREES = 0.002


@dataclass(frozen=True, slots=True)
class Proposed:
    """
    Pairs that are proposed, the most probable first.

    Parameters
    ----------
    total
        How many there are; `pairs` are those of them that were asked for.
    networks
        Names of the networks that have nodes.
    left_out
        Pairs that lie near each other and are too unlike to be proposed.
    """

    pairs: tuple[JoinPair, ...]
    networks: tuple[str, ...]
    total: int
    left_out: int = 0


class Joins:
    """Proposes pairs and keeps what is decided of them, for planners."""

    def __init__(self, reader: Reader, editing: Editing) -> None:
        self._reader = reader
        self._editing = editing

    async def proposed(
        self,
        principal: Principal,
        *,
        within_m: float = USUAL_WITHIN_M,
        network: str | None = None,
        rejected: bool = False,
        first: int = 0,
        most: int | None = MOST_PROPOSED,
    ) -> Proposed:
        """
        Nodes of different networks that may be one place.

        Pairs that were confirmed are not among them, nor those that were
        rejected unless they are asked for. Nodes with one identifier that is
        unique everywhere are, however far apart they lie.

        Parameters
        ----------
        network
            Only pairs with a node of this one, by `external_id` or UUID.
        first, most
            How many of the most probable to pass over, and how many to give then; None
            for all others.

        Raises
        ------
        NotAllowed
            The reader is no planner.
        InvalidParameter
            The distance is out of bounds, or there is no such network.
        """
        _allow_reading(principal)
        if not 0 < within_m <= MOST_WITHIN_M:
            rule = f"it must be more than 0 and at most {MOST_WITHIN_M:g} metres"
            raise InvalidParameter("within_m", within_m, rule)
        async with self._reader.moment(Login.PLANNER) as moment:
            networks = await moment.rows(statements.populations())
            wanted = _named(networks, network)
            near = await _near(moment, [row["id"] for row in networks], within_m)
            nodes = await _nodes(moment, chain.from_iterable(near))
            decided = {
                tuple(sorted((row["node_a"], row["node_b"]))): row
                for row in await moment.rows(statements.decided_statement())
            }
        pairs: list[JoinPair] = []
        left_out = 0
        for (id_a, id_b), distance_m in near.items():
            a, b = nodes[id_a], nodes[id_b]
            if wanted is not None and wanted not in (a.network_id, b.network_id):
                continue
            row = decided.get((id_a, id_b))
            if row is not None and not (rejected and row["decision"] == Decision.REJECTED):
                continue
            pair = _pair(a, b, distance_m, row)
            if pair.likeness.score < LEAST_SCORE and row is None:
                left_out += 1
                continue
            pairs.append(pair)
        pairs.sort(key=lambda pair: (-pair.likeness.score, pair.distance_m, pair.a.id, pair.b.id))
        names = tuple(row["name"] for row in networks)
        shown = pairs[first:] if most is None else pairs[first:first + most]
        return Proposed(tuple(shown), names, len(pairs), left_out)

    async def decided(self, principal: Principal) -> tuple[JoinPair, ...]:
        """
        The pairs of which somebody decided, the latest first.

        Raises
        ------
        NotAllowed
            The reader is no planner.
        """
        _allow_reading(principal)
        async with self._reader.moment(Login.PLANNER) as moment:
            rows = await moment.rows(statements.decided_statement())
            nodes = await _nodes(moment, (row[n] for row in rows for n in ("node_a", "node_b")))
        return tuple(
            _pair(nodes[row["node_a"]], nodes[row["node_b"]], row["distance_m"], row)
            for row in rows
        )

    async def around(self, pairs: Sequence[JoinPair]) -> list[list[LineNear]]:
        """The links near each pair, as far as they lie in its `box_around`, to be drawn."""
        if not pairs:
            return []
        boxes = [box_around(pair) for pair in pairs]
        rows = await self._reader.rows(statements.links_in(boxes), Login.PLANNER)
        found: list[list[LineNear]] = [[] for _ in pairs]
        for row in rows:
            for part in shapely.get_parts(shapely.from_wkb(row["line"])):
                if part.geom_type == "LineString":
                    line = tuple((x, y) for x, y, *_ in part.coords)
                    found[row["box"] - 1].append(LineNear(row["network_id"], line))
        return found

    async def decide(
        self,
        principal: Principal,
        one: UUID,
        other: UUID,
        decision: Decision | None,
        *,
        note: str | None = None,
        request_id: str,
    ) -> JoinPair:
        """
        Keep whether two nodes are one place; what is decided already stays as it is.

        Neither node is changed, so those of another owner can be joined too.

        Parameters
        ----------
        decision
            None takes back what was decided before.

        Raises
        ------
        UnknownKey, NotAllowed
            Who decides is no planner.
        NotFound
            There is no such node, or there is nothing to take back.
        InvalidParameter
            Both are of one network, or the note is too long.
        Conflict, PreconditionFailed
            Somebody else decided at the same time.
        """
        operation = Operation.DELETE if decision is None else Operation.CREATE
        allow(operation, NODE_JOINS, principal)
        if note is not None and len(note) > LONGEST_NOTE:
            raise InvalidParameter(
                "note", f"{note[:20]}…", f"it must have at most {LONGEST_NOTE} characters"
            )
        async with self._reader.moment(Login.PLANNER) as moment:
            a, b, standing, row = await _standing(moment, one, other)
        if decision is None and standing is None:
            raise NotFound("Nothing was decided of these two nodes.")
        if decision is not None and a.network_id == b.network_id:
            raise InvalidParameter(
                "node_b", other, "both nodes are of one network; a link joins them, if any"
            )
        pair = _pair(a, b, row["distance_m"], standing)
        if standing is not None and pair.decision is decision:
            return pair
        edits = _edits(pair, standing, decision, note)
        await self._editing.run(edits, principal, _nothing_more, request_id=request_id)
        async with self._reader.moment(Login.PLANNER) as moment:
            a, b, standing, row = await _standing(moment, one, other)
        return _pair(a, b, row["distance_m"], standing)


def box_around(pair: JoinPair) -> BBox:
    """West, south, east and north of what is drawn of a pair: a square on the ground."""
    lon, lat = (pair.a.lon + pair.b.lon) / 2, (pair.a.lat + pair.b.lat) / 2
    squeeze = max(math.cos(math.radians(lat)), 0.01)
    half = max(
        _LEAST_DRAWN_DEGREES, abs(pair.a.lat - pair.b.lat),
        abs(pair.a.lon - pair.b.lon) * squeeze,
    )
    return BBox(lon - half / squeeze, lat - half, lon + half / squeeze, lat + half)


def _allow_reading(principal: Principal) -> None:
    if not principal.audience.includes(Audience.PLANNER):
        raise NotAllowed("Only planners see which nodes of two networks may be one place.")


def _named(networks: Sequence[Any], name: str | None) -> UUID | None:
    if name is None:
        return None
    for row in networks:
        if name in (row["external_id"], str(row["id"])):
            return UUID(str(row["id"]))
    known = ", ".join(row["external_id"] for row in networks) or "none yet"
    raise InvalidParameter("network", name, f"no such network has nodes; there are: {known}")


async def _near(
    moment: Moment, networks: Sequence[UUID], within_m: float
) -> dict[tuple[UUID, UUID], float]:
    """Metres between nodes of different networks; of two the smaller one is gone over."""
    found: dict[tuple[UUID, UUID], float] = {}
    for place, network in enumerate(networks[:-1]):
        others = networks[place + 1 :]
        rows = await moment.rows(statements.near_pairs(network, others, within_m=within_m))
        rows += [
            row for row in await moment.rows(statements.same_identifiers(network, others))
            if is_unique_everywhere(row["external_id"])
        ]
        for row in rows:
            a, b = sorted((row["mine"], row["other"]))
            found[a, b] = row["distance_m"]
    return found


async def _nodes(moment: Moment, ids: Iterable[UUID]) -> dict[UUID, JoinNode]:
    rows = await moment.rows(statements.nodes_statement(sorted(set(ids))))
    return {row["id"]: JoinNode(**dict(row)) for row in rows}


async def _standing(
    moment: Moment, one: UUID, other: UUID
) -> tuple[JoinNode, JoinNode, Any | None, Any]:
    """Both nodes in order, what was decided of them, and the metres between them."""
    nodes = await _nodes(moment, (one, other))
    for id_ in (one, other):
        if id_ not in nodes:
            raise NotFound(f"There is no network node {id_}.")
    a, b = sorted((one, other))
    rows = await moment.rows(statements.decided_statement([a]))
    standing = next((r for r in rows if {r["node_a"], r["node_b"]} == {a, b}), None)
    (distance,) = await moment.rows(statements.distance_statement(a, b))
    return nodes[a], nodes[b], standing, distance


def _pair(a: JoinNode, b: JoinNode, distance_m: float, row: Any | None) -> JoinPair:
    """Two nodes with what was decided of them, if anything was."""
    same_id = a.external_id == b.external_id and is_unique_everywhere(a.external_id)
    alike = likeness(a.name, b.name, distance_m=distance_m, same_id=same_id)
    if row is None:
        return JoinPair(a, b, distance_m, alike)
    return JoinPair(
        a, b, distance_m, alike, Decision(row["decision"]), row["note"],
        row["decided_at"], row["by"],
    )


def _edits(
    pair: JoinPair, standing: Any | None, decision: Decision | None, note: str | None
) -> list[Edit]:
    """
    What takes the old decision away and keeps the new one.

    A decision that is changed is made anew, so that it names who made it.
    """
    edits = []
    if standing is not None:
        condition = Condition(versions=frozenset({standing["version"]}))
        edits.append(Edit(Operation.DELETE, NODE_JOINS, standing["id"], condition=condition))
    if decision is not None:
        edits.append(_created(pair, decision, note))
    return edits


def _created(pair: JoinPair, decision: Decision, note: str | None) -> Edit:
    one, other = pair.a, pair.b
    key = f"{one.id} {other.id}"
    return Edit(Operation.CREATE, NODE_JOINS, uuid5(NAMESPACE_OID, key), {
        "type": "Feature",
        "geometry": {
            "type": "Point",
            "coordinates": [(one.lon + other.lon) / 2, (one.lat + other.lat) / 2],
        },
        "properties": {
            "external_id": key,
            "name": f"{one.name} = {other.name}"[:1000],
            "node_a": str(one.id),
            "node_b": str(other.id),
            "decision": decision.value,
            "distance_m": round(pair.distance_m, 1),
            "score": round(pair.likeness.score, 3),
            "note": (note or "").strip() or None,
            "decided_at": datetime.now(UTC).isoformat(timespec="seconds"),
        },
    })


def _nothing_more(_edited: Sequence[Edited]) -> Answer:
    return Answer(200, (), b"")

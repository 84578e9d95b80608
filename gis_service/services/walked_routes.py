"""Routes walked in the field: proposals, until a planner accepts or refuses them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection

from gis_service.errors import InvalidParameter, NotFound
from gis_service.model import codelists
from gis_service.model.audience import Principal
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES, STRUCTURES
from gis_service.model.edits import Condition, Edit
from gis_service.model.fields import Code
from gis_service.model.rights import Operation
from gis_service.services.editing import Editing, allow
from gis_service.services.field_edits import end_node_id
from gis_service.store import walked_routes as statements
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

ACCEPTED: tuple[Code, ...] = tuple(
    code for code in codelists.STATUS if code.code not in {"proposed", "decommissioned"}
)
"""What a route can become."""


@dataclass(frozen=True, slots=True)
class WalkedRoute:
    """
    A route that waits for a planner.

    Parameters
    ----------
    id, version
        Of the proposed link.
    ends
        Names of its nodes.
    line
        Positions (lon, lat) as walked.
    points
        How many structures of each kind were noted.
    recorded
        What the phone told of the recording: `positions`, `accuracy_m`, `gaps` and more.
    """

    id: UUID
    version: int
    name: str | None
    length_m: float
    ends: tuple[str, str]
    made_at: datetime | None
    received_at: datetime
    line: tuple[tuple[float, float], ...]
    points: Mapping[str, int]
    photos: int
    recorded: Mapping[str, Any]


class WalkedRoutes:
    """What planners see of walked routes, and how they decide on them."""

    def __init__(self, reader: Reader, editing: Editing) -> None:
        self._reader = reader
        self._editing = editing

    async def waiting(self, principal: Principal) -> list[WalkedRoute]:
        """The routes that nobody has decided on, the oldest first."""
        login = Login.of(principal.audience)
        rows = await self._reader.rows(statements.waiting_routes(principal.audience), login)
        ids = [row[end] for row in rows for end in ("start_node", "end_node")]
        named = statements.node_names(ids, principal.audience)
        names = {row["id"]: row["name"] for row in await self._reader.rows(named, login)}
        return [_route(row, names) for row in rows]

    async def accept(
        self,
        principal: Principal,
        id_: UUID,
        status: str,
        *,
        public: bool,
        version: int | None,
        request_id: str,
    ) -> None:
        """
        Let a route, and the ends that were made with it, have another status.

        Parameters
        ----------
        public
            Whether the public may see them, as far as its rules go.

        Raises
        ------
        InvalidParameter
            It cannot become that.
        NotFound
            No such route waits.
        PreconditionFailed
            The link was changed since it was shown.
        """
        if status not in {code.code for code in ACCEPTED}:
            raise InvalidParameter("status", status, "a status that a walked route can have")
        changed = {
            "properties": {"status": status, "visibility": "public" if public else "staff"}
        }

        def work(connection: Connection) -> None:
            row = _held(connection, principal, id_)
            link = Edit(Operation.UPDATE, FIBRE_LINKS, id_, changed, condition=_as_shown(version))
            nodes = [
                Edit(Operation.UPDATE, NETWORK_NODES, node, changed)
                for node, _ in _own_nodes(connection, row)
            ]
            self._make(connection, principal, [link, *nodes])

        await self._editing.transact(work, principal, request_id=request_id)

    async def refuse(
        self, principal: Principal, id_: UUID, *, version: int | None, request_id: str
    ) -> None:
        """
        Delete a route with its structures, and the ends that were made with it.

        What was sent from the field stays as it came; ends that other links
        use by now stay too.

        Raises
        ------
        NotFound
            No such route waits.
        Conflict
            Something else refers to one of them.
        PreconditionFailed
            The link was changed since it was shown.
        """

        def work(connection: Connection) -> None:
            row = _held(connection, principal, id_)
            nodes = [node for node, shared in _own_nodes(connection, row) if not shared]
            structures = connection.execute(statements.structures_of(id_)).scalars().all()
            self._make(connection, principal, [
                *(Edit(Operation.DELETE, STRUCTURES, each) for each in structures),
                Edit(Operation.DELETE, FIBRE_LINKS, id_, condition=_as_shown(version)),
                *(Edit(Operation.DELETE, NETWORK_NODES, each) for each in nodes),
            ])

        await self._editing.transact(work, principal, request_id=request_id)

    def _make(self, connection: Connection, principal: Principal, edits: list[Edit]) -> None:
        for edit in edits:
            allow(edit.operation, edit.collection, principal)
        transaction = self._editing.opened(connection, principal, edits)
        for edit in edits:
            transaction.make(edit)
        transaction.finish()


def _held(connection: Connection, principal: Principal, id_: UUID) -> Mapping[str, Any]:
    found = connection.execute(statements.waiting_routes(principal.audience, id_))
    row = found.mappings().first()
    if row is None:
        raise NotFound(f"No walked route {id_} waits for a decision; somebody may have decided.")
    return dict(row)


def _own_nodes(connection: Connection, row: Mapping[str, Any]) -> list[tuple[UUID, bool]]:
    """The nodes that were made for the ends of a route, and whether other links use them."""
    made = {end_node_id(row["id"], end) for end in ("start_node", "end_node")}
    ids = [node for node in (row["start_node"], row["end_node"]) if node in made]
    found = connection.execute(statements.proposed_nodes(ids)).all()
    return [(each.id, each.shared) for each in found]


def _as_shown(version: int | None) -> Condition:
    return Condition(versions=None if version is None else frozenset({version}))


def _route(row: Mapping[str, Any], names: Mapping[UUID, str]) -> WalkedRoute:
    given, line = orjson.loads(row["given"]), orjson.loads(row["line"])
    points = [each for each in given.get("points_of_interest") or () if isinstance(each, dict)]
    recorded = given.get("recorded")
    return WalkedRoute(
        id=row["id"],
        version=row["version"],
        name=row["name"],
        length_m=row["route_length_m"],
        ends=(names.get(row["start_node"], ""), names.get(row["end_node"], "")),
        made_at=row["made_at"],
        received_at=row["received_at"],
        line=tuple((each[0], each[1]) for each in line["coordinates"]),
        points=Counter(str(each.get("kind")) for each in points),
        photos=row["photos"],
        recorded=recorded if isinstance(recorded, dict) else {},
    )

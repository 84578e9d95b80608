"""Plans of connections kept as proposed nodes and links in a phase, and taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4, uuid5

from gis_service.errors import Conflict, InvalidParameter, NotFound, PreconditionFailed
from gis_service.model.audience import Principal
from gis_service.model.connect import Goal
from gis_service.model.declarations.network import PHASES
from gis_service.model.declarations.plant import FIBRE_LINKS, NETWORK_NODES
from gis_service.model.edits import Answer, BatchRejected, Condition, Edit, Edited
from gis_service.model.fields import Collection, Language
from gis_service.model.processes.connect import PROPOSE_CONNECTIONS, WITHDRAW_CONNECTIONS
from gis_service.model.rights import Operation
from gis_service.services.analyses import Handler
from gis_service.services.connecting import Connecting, asked_of
from gis_service.services.editing import Editing, allow
from gis_service.services.proposed_edits import proposed_edits
from gis_service.store.connect import Asked
from gis_service.store.proposals import (
    Made,
    Phase,
    read_made,
    read_named,
    read_networks,
    read_phase,
)
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

Document = dict[str, Any]

MARK = "proposal-"
"""How the identifiers of phases begin that hold a proposal."""
_PARTS = (NETWORK_NODES, FIBRE_LINKS)
_TRIES = 3


class Proposals:
    """Makes and withdraws proposals, for planners."""

    def __init__(
        self, reader: Reader, editing: Editing, connecting: Connecting, *, most_items: int
    ) -> None:
        self._reader = reader
        self._editing = editing
        self._connecting = connecting
        self._most_items = most_items

    async def propose(
        self,
        principal: Principal,
        *,
        name: str,
        asked: Asked,
        budget_kes: float | None = None,
        goal: Goal | None = None,
    ) -> Document:
        """
        Plan connections and keep them as a phase with proposed nodes and links.

        All of it is made in one transaction, or nothing. Asked again with the
        same name and the same inputs, nothing is made twice. Nothing of it is
        public, since nothing proposed is.

        Parameters
        ----------
        name
            Of the phase; with the network it names the proposal.
        asked, budget_kes, goal
            As for `Connecting.plan`.

        Raises
        ------
        UnknownKey, NotAllowed
            Who asks may not make these items.
        InvalidParameter
            There are several networks and none is named, or the plan takes more
            items than one request may make.
        Conflict
            There is a proposal of this name from other inputs, or there is
            nothing to connect.
        """
        for collection in (PHASES, *_PARTS):
            allow(Operation.CREATE, collection, principal)
        async with self._reader.moment(Login.PLANNER) as moment:
            network = _one_network(await read_networks(moment), asked.network)
        asked = replace(asked, network=network)
        id_ = uuid5(network, name)
        known_as = MARK + _fingerprint(name, asked, budget_kes, goal)
        standing = await self._standing(id_, known_as)
        if standing is not None:
            return standing
        found = await self._connecting.plan(principal, asked, budget_kes=budget_kes, goal=goal)
        if not found.plan.connected:
            raise Conflict(
                "There is no office that can be connected so, or none for this budget; "
                "nothing was proposed."
            )
        phase = Phase(id_, known_as, name)
        edits = proposed_edits(phase, network, found.plan)
        if len(edits) > self._most_items:
            raise InvalidParameter(
                "budget_kes", "" if budget_kes is None else budget_kes,
                f"the plan takes {len(edits):,} items and one request makes {self._most_items:,} "
                "at most (GIS_MAX_BATCH); take a smaller budget, a ward or a theme",
            )
        try:
            await self._run(principal, edits)
        except (BatchRejected, Conflict):
            standing = await self._standing(id_, known_as)  # somebody was faster
            if standing is None:
                raise
            return standing
        counts = {c.id: sum(edit.collection is c for edit in edits) for c in _PARTS}
        return {
            "phase": str(phase.id),
            "name": phase.name,
            "made": True,
            **counts,
            "offices": len(found.plan.connected),
            "cost_kes": round(found.plan.cost_kes, 2),
            "trench_m": round(found.plan.trench_m, 1),
        }

    async def withdraw(self, principal: Principal, phase: UUID) -> Document:
        """
        Take back what a proposal made, as far as nobody has changed or named it since.

        What somebody changed stays (a link that was planned or built is one),
        and so does what such items, or others, name; the answer lists it.

        Raises
        ------
        UnknownKey, NotAllowed
            Who asks may not delete these items.
        NotFound
            There is no such phase.
        Conflict
            The phase was not made by a proposal, or is being changed all the time.
        """
        for collection in (PHASES, *_PARTS):
            allow(Operation.DELETE, collection, principal)
        for attempt in range(_TRIES):
            gone, kept = await self._withdrawable(phase)
            edits = [
                Edit(
                    Operation.DELETE, collection, each.id,
                    condition=Condition(versions=frozenset({each.version})),
                )
                for collection, some in gone.items()
                for each in some
            ]
            try:
                if edits:
                    await self._run(principal, edits)
            except (BatchRejected, Conflict, PreconditionFailed):
                if attempt + 1 == _TRIES:
                    raise
                continue  # something was changed meanwhile
            break
        return {
            "phase": str(phase),
            "withdrawn": {collection.id: len(some) for collection, some in gone.items()},
            "kept": kept,
        }

    async def _withdrawable(
        self, id_: UUID
    ) -> tuple[dict[Collection, list[Made]], list[Document]]:
        """What may be deleted, by collection; and what stays, with the reason."""
        async with self._reader.moment(Login.PLANNER) as moment:
            phase = await read_phase(moment, id_)
            if phase is None:
                raise NotFound(f"There is no phase {id_}.")
            if not phase.external_id.startswith(MARK):
                raise Conflict(
                    f"The phase {phase.name!r} was not made by a proposal; nothing was withdrawn."
                )
            gone: dict[Collection, list[Made]] = {}
            kept: list[Document] = []
            for collection in (FIBRE_LINKS, NETWORK_NODES, PHASES):
                made = await read_made(moment, collection, id_)
                leaving = {other.id: [each.id for each in some] for other, some in gone.items()}
                named = await read_named(
                    moment, collection, [each.id for each in made], leaving
                )
                gone[collection] = [e for e in made if e.untouched and e.id not in named]
                kept += [
                    {
                        "collection": collection.id,
                        "id": str(each.id),
                        "reason": "named" if each.untouched else "changed",
                    }
                    for each in made
                    if not each.untouched or each.id in named
                ]
        return gone, kept

    async def _standing(self, id_: UUID, known_as: str) -> Document | None:
        """What a proposal made that is asked for again; None where there is none."""
        async with self._reader.moment(Login.PLANNER) as moment:
            phase = await read_phase(moment, id_)
            if phase is None:
                return None
            if phase.external_id != known_as:
                raise Conflict(
                    f"There is a proposal {phase.name!r} already, made from other inputs or "
                    "changed since. Withdraw it, or choose another name; nothing was changed."
                )
            counts = {
                collection.id: len(await read_made(moment, collection, id_))
                for collection in _PARTS
            }
        return {"phase": str(id_), "name": phase.name, "made": False} | counts

    async def _run(self, principal: Principal, edits: Sequence[Edit]) -> None:
        await self._editing.run(edits, principal, _nothing_more, request_id=str(uuid4()))

    def handlers(self) -> dict[str, Handler]:
        """What answers its processes, by their ids."""
        return {
            PROPOSE_CONNECTIONS.id: self._proposing,
            WITHDRAW_CONNECTIONS.id: self._withdrawing,
        }

    async def _proposing(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> Document:
        return await self.propose(
            principal,
            name=inputs["name"],
            asked=asked_of(inputs),
            budget_kes=inputs["budget_kes"],
            goal=inputs["goal"],
        )

    async def _withdrawing(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> Document:
        return await self.withdraw(principal, inputs["phase"])


def _nothing_more(_edited: Sequence[Edited]) -> Answer:
    return Answer(200, (), b"")


def _one_network(known: Mapping[UUID, str], named: UUID | None) -> UUID:
    """The network that is named, or the only one there is."""
    if named is not None:
        return named
    if len(known) != 1:
        listed = ", ".join(known.values()) or "none yet"
        raise InvalidParameter("network", "", f"name the network; there are: {listed}")
    return next(iter(known))


def _fingerprint(*inputs: object) -> str:
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]

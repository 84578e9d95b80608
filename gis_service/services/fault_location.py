"""Placing an OTDR's reading on the map, and keeping what it found as a fault."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Principal
from gis_service.model.declarations.operations import FAULTS
from gis_service.model.edits import Answer, Edit, Edited, Repeatable
from gis_service.model.fault_location import FaultLocation, Reading
from gis_service.model.fields import Language
from gis_service.model.plant import Plant, PlantNode, PlantStructure
from gis_service.model.processes.fault_location import LOCATE_FAULT, RECORD_FAULT
from gis_service.model.rights import Operation
from gis_service.network.fault_location import locate_fault
from gis_service.services.analyses import Handler
from gis_service.services.cable_paths import CableEnds, CablePaths, path_in
from gis_service.services.edited_values import uuid_or_none
from gis_service.services.editing import Editing, allow
from gis_service.store.plant import read_plant
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


class FaultLocating:
    """Finds on which stretch of a cable a fault lies; for technicians and planners."""

    def __init__(self, reader: Reader, paths: CablePaths, editing: Editing) -> None:
        self._reader = reader
        self._paths = paths
        self._editing = editing

    async def locate(
        self,
        principal: Principal,
        *,
        ends: CableEnds,
        reading: Reading,
    ) -> FaultLocation:
        """
        Where a fault lies.

        Parameters
        ----------
        ends
            Which cables the light meets, from the instrument on.
        reading
            Anchors by id, identifier or name of a node or structure on the path.

        Raises
        ------
        NotFound
            There is no link of one of the ids.
        InvalidInput
            The links make no path, or no way leads where it should; an anchor is
            not on it.
        OffThePath
            The reading ends before the path or beyond it.
        """
        located, _ = await self._located(principal, ends, reading)
        return located

    async def record(
        self,
        principal: Principal,
        *,
        ends: CableEnds,
        reading: Reading,
        summary: str,
        cuts: bool | None = None,
        started_at: datetime | None = None,
        fault: UUID | None = None,
    ) -> dict[str, Any]:
        """
        Locate a fault and keep it, by the rules by which any item is made.

        Parameters
        ----------
        cuts
            Whether no traffic passes; None when that is not known.
        started_at
            When it began; None for now.
        fault
            The id that its maker chooses for it: asked again with it, within a
            day, nothing is made twice.

        Returns
        -------
        dict
            `FaultLocation.document`, with the fault's id.

        Raises
        ------
        UnknownKey, NotAllowed
            Who asks may not add faults.
        EditRejected, Conflict, RepeatedKey
            The fault cannot be made.
        GisError
            As for `locate`.
        """
        allow(Operation.CREATE, FAULTS, principal)
        located, plant = await self._located(principal, ends, reading)
        edit = Edit(
            Operation.CREATE,
            FAULTS,
            fault,
            {
                "type": "Feature",
                "geometry": {"type": "Point", "coordinates": list(located.position)},
                "properties": {
                    "summary": summary,
                    "link": located.link,
                    "cuts": cuts,
                    "started_at": (started_at or datetime.now(UTC)).isoformat(),
                    "source": "otdr",
                    "otdr_distance_m": reading.otdr_distance_m,
                    "uncertainty_m": round(located.uncertainty_m, 1),
                    "network": plant.links[located.link].network,
                },
            },
        )

        def answering(edited: Sequence[Edited]) -> Answer:
            document = located.document(fault=str(edited[0].id))
            return Answer(201, (), orjson.dumps(document))

        asked = (ends, reading, summary, cuts, started_at)
        answer = await self._editing.run(
            [edit], principal, answering, request_id=str(uuid4()),
            repeatable=_repeatable(fault, principal, asked),
        )
        document: dict[str, Any] = orjson.loads(answer.body)
        return document

    def handlers(self) -> dict[str, Handler]:
        """What answers its processes, by their ids."""
        return {LOCATE_FAULT.id: self._locating, RECORD_FAULT.id: self._recording}

    async def _locating(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        located = await self.locate(
            principal, ends=CableEnds.of(inputs), reading=_reading(inputs)
        )
        return located.document()

    async def _recording(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        fault = inputs["fault"]
        chosen = None if fault is None else uuid_or_none(fault)
        if fault is not None and chosen is None:
            raise InvalidParameter("fault", fault, "it must be a UUID")
        return await self.record(
            principal,
            ends=CableEnds.of(inputs),
            reading=_reading(inputs),
            summary=inputs["summary"],
            cuts=inputs["cuts"],
            started_at=inputs["started_at"],
            fault=chosen,
        )

    async def _located(
        self,
        principal: Principal,
        ends: CableEnds,
        reading: Reading,
    ) -> tuple[FaultLocation, Plant]:
        audience = principal.audience
        chosen = await self._paths.path(ends)
        async with self._reader.moment(Login.of(audience)) as moment:
            plant = await read_plant(moment, chosen.links, audience)
        path = path_in(plant, chosen)
        meant = replace(reading, anchors=_meant(reading.anchors, plant))
        return await asyncio.to_thread(locate_fault, path, plant, meant), plant


def _reading(inputs: Mapping[str, Any]) -> Reading:
    names = ("otdr_distance_m", "index_set", "index_true", "launch_m", "helix", "accuracy_m")
    return Reading(
        **{name: inputs[name] for name in names}, anchors=_anchors(inputs["anchors"] or "")
    )


def _anchors(text: str) -> dict[str, float]:
    """`PLACE=METRES, PLACE=METRES` as numbers by place."""
    anchors = {}
    for piece in filter(None, map(str.strip, text.split(","))):
        called, equals, metres = piece.rpartition("=")
        try:
            anchors[called.strip()] = float(metres)
        except ValueError:
            equals = ""
        if not equals or not 0 <= anchors[called.strip()] < math.inf:
            raise InvalidParameter("anchors", piece, "write PLACE=METRES, with commas between")
    return anchors


def _meant(anchors: Mapping[str, float], plant: Plant) -> dict[str, float]:
    """Anchors by id, where they were named otherwise."""
    places: list[PlantNode | PlantStructure] = [*plant.nodes.values()]
    places += [each for link in plant.links.values() for each in link.structures]
    meant = {}
    for called, metres in anchors.items():
        ids = {each.id for each in places if called in (each.id, each.key)}
        ids = ids or {each.id for each in places if called == each.name}
        if len(ids) != 1:
            rule = "no node or structure" if not ids else f"{len(ids)} nodes or structures"
            raise InvalidParameter("anchors", called, f"{rule} of the path is called so")
        meant[ids.pop()] = metres
    return meant


def _repeatable(
    fault: UUID | None, principal: Principal, asked: tuple[object, ...]
) -> Repeatable | None:
    if fault is None:
        return None
    owner = principal.key_id or principal.person_id or ""
    fingerprint = hashlib.sha256(orjson.dumps(["record-fault", *asked]))
    return Repeatable(f"fault {fault}", owner, fingerprint.digest())

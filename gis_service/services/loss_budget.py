"""What light should lose on a path, against what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Principal
from gis_service.model.fields import Language
from gis_service.model.loss_budget import LossBudget
from gis_service.model.processes.loss_budget import LOSS_BUDGET
from gis_service.network.loss_budget import MOST_OUTPUTS, loss_budget
from gis_service.services.analyses import Handler
from gis_service.services.cable_paths import CableEnds, CablePaths, path_in
from gis_service.store.plant import read_plant, read_readings
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

MOST_SPLITTERS = 10


class LossBudgets:
    """Budgets the light of paths; for technicians and planners."""

    def __init__(self, reader: Reader, paths: CablePaths) -> None:
        self._reader = reader
        self._paths = paths

    async def budget(
        self,
        principal: Principal,
        *,
        ends: CableEnds,
        wavelength_nm: int,
        splitters: Sequence[int] | None = None,
        sent_dbm: float | None = None,
    ) -> LossBudget:
        """
        The budget of a path; see `network.loss_budget`.

        Parameters
        ----------
        ends
            Which cables, from where the light is sent.

        Raises
        ------
        NotFound
            There is no link of one of the ids.
        InvalidInput
            The links make no path, or no way leads where it should; nothing is
            stated for a fibre at this wavelength.
        """
        audience = principal.audience
        chosen = await self._paths.path(ends)
        async with self._reader.moment(Login.of(audience)) as moment:
            plant = await read_plant(moment, chosen.links, audience)
            path = path_in(plant, chosen)
            last = UUID(path[-1].last_node)
            readings = await read_readings(moment, chosen.links, last, audience)
        return loss_budget(
            path, plant, readings,
            wavelength_nm=wavelength_nm, splitters=splitters, sent_dbm=sent_dbm,
        )

    def handlers(self) -> dict[str, Handler]:
        """What answers its process, by its id."""
        return {LOSS_BUDGET.id: self._answer}

    async def _answer(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        found = await self.budget(
            principal,
            ends=CableEnds.of(inputs),
            wavelength_nm=inputs["wavelength_nm"],
            splitters=_splitters(inputs["splitters"]),
            sent_dbm=inputs["sent_dbm"],
        )
        return found.document()


def _splitters(text: str | None) -> tuple[int, ...] | None:
    """`8,4` as numbers of outputs; 0 is no splitter."""
    if text is None:
        return None
    pieces = [piece.strip() for piece in text.split(",")]
    fits = all(p.isascii() and p.isdigit() and len(p) < 4 for p in pieces)
    outputs = [int(piece) for piece in pieces] if fits else []
    if not outputs or len(outputs) > MOST_SPLITTERS or max(outputs) > 2 * MOST_OUTPUTS:
        raise InvalidParameter("splitters", text, "write numbers of outputs, as 8,4")
    return tuple(each for each in outputs if each > 0)

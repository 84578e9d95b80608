"""What lies in the way of works, and whom to call before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Principal
from gis_service.model.dig_safe import DigSafe
from gis_service.model.fields import Language
from gis_service.model.processes.dig_safe import DIG_SAFE
from gis_service.services.analyses import Handler
from gis_service.store.dig_safe import read_dig_safe
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

WIDEST_DEG = 1.0
"""Works that reach farther are asked about in parts: about 110 km."""


class Digging:
    """Finds what works could hit; for technicians and planners."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def near(
        self, principal: Principal, *, works: shapely.Geometry, distance_m: float
    ) -> DigSafe:
        """
        What lies within a distance of works, or may lie there.

        Parameters
        ----------
        works
            A valid line or area, in degrees of WGS84 with longitude first.

        Raises
        ------
        InvalidParameter
            The works are too large.
        """
        west, south, east, north = works.bounds
        if max(east - west, north - south) > WIDEST_DEG:
            raise InvalidParameter(
                "works", works.geom_type,
                f"it is wider than {WIDEST_DEG:g} degree; ask about it in parts",
            )
        async with self._reader.moment(Login.of(principal.audience)) as moment:
            return await read_dig_safe(
                moment, works, principal.audience, distance_m=distance_m
            )

    def handlers(self) -> dict[str, Handler]:
        """What answers its process, by its id."""
        return {DIG_SAFE.id: self._answer}

    async def _answer(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        found = await self.near(
            principal, works=inputs["works"], distance_m=inputs["distance_m"]
        )
        return found.document()

"""Which devices have to be certified, and which inspections wait for a repair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from gis_service.model.audience import Principal
from gis_service.model.certification import Certifications
from gis_service.model.fields import Language
from gis_service.model.processes.certification import CERTIFICATIONS_DUE
from gis_service.services.analyses import Handler
from gis_service.store.certification import read_certifications
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


class CertificationsDue:
    """Tells what certification and inspection want; for technicians and planners."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def due(
        self, principal: Principal, *, within_days: int, ward: UUID | None = None
    ) -> Certifications:
        """
        The state of every device that is installed, and the open inspections.

        Parameters
        ----------
        within_days
            What is due within so many days counts as due, not as valid.
        ward
            Only what stands in this ward.
        """
        async with self._reader.moment(Login.of(principal.audience)) as moment:
            found = await read_certifications(moment, principal.audience, within_days=within_days)
        return found if ward is None else found.within(str(ward))

    def handlers(self) -> dict[str, Handler]:
        """What answers its process, by its id."""
        return {CERTIFICATIONS_DUE.id: self._answer}

    async def _answer(
        self, inputs: Mapping[str, Any], principal: Principal, _language: Language
    ) -> dict[str, Any]:
        found = await self.due(
            principal, within_days=inputs["within_days"], ward=inputs["ward"]
        )
        return found.document()

"""The quality of a network held here, for planners who ask over the web."""

from __future__ import annotations

from gis_service.errors import Busy, NotAllowed, UnknownKey
from gis_service.model.audience import Audience, Principal
from gis_service.model.quality import QualityReport
from gis_service.model.rights import publishes
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.quality import QualityRequest, quality_of_network
from gis_service.settings import Settings


class NetworkQuality:
    """Checks networks as packages of the Open Fibre Data Standard, a few at a time."""

    def __init__(self, exports: NetworkExports, settings: Settings) -> None:
        self._exports = exports
        self._settings = settings
        self._checked = 0

    async def known(self, principal: Principal) -> list[tuple[str, str]]:
        """Identifier and name of the networks that can be checked; raises as `report`."""
        _require(principal)
        return await self._exports.known(Audience.PLANNER)

    async def report(self, network: str, principal: Principal) -> QualityReport:
        """
        The quality report of a network.

        Raises
        ------
        NotAllowed, UnknownKey
            It is not for this reader.
        NotFound
            There is no such network.
        Busy
            Too many are checked at the moment.
        """
        _require(principal)
        if self._checked >= self._settings.max_exports:
            raise Busy
        self._checked += 1
        try:
            return await quality_of_network(
                self._exports, self._settings, [network], QualityRequest()
            )
        finally:
            self._checked -= 1


def _require(principal: Principal) -> None:
    if publishes(principal.audience):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed("The quality of networks is for planners.")

"""The quality of a network held here or of a package sent, for planners who ask over the web."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis_service.errors import Busy, NotAllowed, UnknownKey
from gis_service.model.audience import Audience, Principal
from gis_service.model.quality import QualityReport
from gis_service.model.rights import publishes
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.quality import QualityRequest, quality_of_file, quality_of_network
from gis_service.settings import Settings

MOST_SENT_MB = 20
"""Of a package that is sent: it is checked while its sender waits."""


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
        with self._turn():
            return await quality_of_network(
                self._exports, self._settings, [network], QualityRequest()
            )

    async def report_of_file(self, path: Path, principal: Principal) -> QualityReport:
        """
        The quality report of a package in a file; nothing of it is kept.

        Raises
        ------
        NotAllowed, UnknownKey
            It is not for this reader.
        UnreadableFile
            It is no package that can be read.
        Busy
            Too many are checked at the moment.
        """
        _require(principal)
        settings = self._settings.model_copy(update={"max_file_mb": self.most_mb})
        with self._turn():
            return await asyncio.to_thread(quality_of_file, settings, path, QualityRequest())

    @property
    def most_mb(self) -> int:
        """Of a package that is sent."""
        return min(MOST_SENT_MB, self._settings.max_file_mb)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if self._checked >= self._settings.max_exports:
            raise Busy
        self._checked += 1
        try:
            yield
        finally:
            self._checked -= 1


def may_check(principal: Principal) -> bool:
    """Whether the quality of networks is for a reader."""
    return publishes(principal.audience)


def _require(principal: Principal) -> None:
    if may_check(principal):
        return
    if not principal.audience.is_staff:
        raise UnknownKey
    raise NotAllowed("The quality of networks is for planners.")

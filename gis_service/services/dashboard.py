"""The dashboard: what several services know, at one glance."""

from __future__ import annotations

import asyncio

from gis_service.errors import NotAllowed
from gis_service.model.audience import Audience, Principal
from gis_service.model.dashboard import Dashboard
from gis_service.model.indicators import Grouping
from gis_service.services.certification import CertificationsDue
from gis_service.services.coverage import Coverages
from gis_service.services.network_questions import NetworkQuestions
from gis_service.store.dashboard import read_loads, read_open_faults, read_synthetic
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

WITHIN_DAYS = 30
MOST_FAULTS = 12
MOST_LOADS = 8
MOST_WEAK = 5


class Dashboards:
    """Tells staff how the network and its records stand."""

    def __init__(
        self,
        reader: Reader,
        coverages: Coverages,
        certifications: CertificationsDue,
        questions: NetworkQuestions,
    ) -> None:
        self._reader = reader
        self._coverages = coverages
        self._certifications = certifications
        self._questions = questions
        self._one_at_a_time = asyncio.Lock()

    async def dashboard(self, principal: Principal) -> Dashboard:
        """
        How things stand now; weak points are for planners.

        Raises
        ------
        NotAllowed
            The reader is not of the staff.
        Unavailable
            The database does not answer.
        """
        audience = principal.audience
        if not audience.is_staff:
            raise NotAllowed("The dashboard is for staff.")
        async with self._one_at_a_time:
            scorecards = await self._coverages.scorecards(principal)
            wards = await self._coverages.coverage(principal, Grouping.WARD)
            certifications = await self._certifications.due(principal, within_days=WITHIN_DAYS)
            weak = None
            if audience.includes(Audience.PLANNER):
                _, weak = await self._questions.weak_points(principal, most=MOST_WEAK)
        async with self._reader.moment(Login.of(audience)) as moment:
            faults, faults_open = await read_open_faults(moment, audience, most=MOST_FAULTS)
            loads = await read_loads(moment, most=MOST_LOADS)
            synthetic = await read_synthetic(moment, audience)
        return Dashboard(
            scorecards, wards, weak, certifications, faults, faults_open, loads, synthetic
        )

"""The front page's figures, the same for every reader."""

from __future__ import annotations

from gis_service.model import days
from gis_service.model.audience import PUBLIC, Audience
from gis_service.model.coverage import Counts
from gis_service.model.front import Front
from gis_service.model.indicators import Grouping
from gis_service.services.coverage import Coverages
from gis_service.store.dashboard import read_synthetic
from gis_service.store.front import read_published_counts
from gis_service.store.reading import Reader
from gis_service.store.roles import Login


class Fronts:
    """Tells everybody, staff too, what is published."""

    def __init__(self, reader: Reader, coverages: Coverages) -> None:
        self._reader = reader
        self._coverages = coverages

    async def front(self) -> Front:
        """
        The figures of now, read under the public's login.

        Raises
        ------
        Unavailable
            The database does not answer.
        """
        sums = (await self._coverages.coverage(PUBLIC, Grouping.WHOLE)).whole.sums
        async with self._reader.moment(Login.PUBLIC) as moment:
            wifi, faults_open = await read_published_counts(moment)
            synthetic = await read_synthetic(moment, Audience.PUBLIC)
        return Front(
            offices=Counts(*(int(sums[k]) for k in ("connected", "unconnected", "unknown"))),
            wifi=wifi,
            faults_open=faults_open,
            synthetic=synthetic,
            as_of=days.today(),
        )

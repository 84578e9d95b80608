"""Coverage as staff and the public ask for it, from records kept in memory while they stand."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Generic, TypeVar

from gis_service.coverage.documents import (
    Document,
    coverage_features,
    scorecards_document,
)
from gis_service.coverage.measures import Situation, of_theme
from gis_service.coverage.places import shapes_of
from gis_service.coverage.telling import coverage_of
from gis_service.errors import InvalidParameter, NotAllowed
from gis_service.model import days
from gis_service.model.audience import Principal
from gis_service.model.coverage import (
    NOW,
    Circumstances,
    Comparison,
    Coverage,
    Quality,
    compared,
)
from gis_service.model.fields import Language
from gis_service.model.indicators import Grouping
from gis_service.model.processes.coverage import (
    COVERAGE,
    MOST_WINDOW_DAYS,
    MOST_WITHIN_M,
    SCORECARDS,
)
from gis_service.model.rights import reads_history
from gis_service.model.scorecards import WINDOW_DAYS, Scorecards
from gis_service.services.analyses import Handler
from gis_service.services.scorecards import scored
from gis_service.services.situations import Survey, situation_of, surveyed
from gis_service.store.changes import Changes
from gis_service.store.coverage import Wanted, read_rows
from gis_service.store.reading import Reader
from gis_service.store.roles import Login

MOST_CUT = 1_000
FIRST_DAY = date(1990, 1, 1)
SETTLED = timedelta(minutes=5)
"""After this the records of a time are sure to change no more."""
KEPT_SITUATIONS = 12
KEPT_SURVEYS = 3

K = TypeVar("K")
V = TypeVar("V")
_SurveyKey = tuple[bool, datetime | None, tuple[object, ...]]
_Found = tuple[Situation, Quality]


class _Kept(Generic[K, V]):
    """A few values, of which those that were not asked for the longest give way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K | None) -> V | None:
        if key is None or key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key]

    def put(self, key: K | None, value: V) -> None:
        """Keep a value; without a key nothing is kept."""
        if key is not None:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._most:
                self._values.popitem(last=False)


class Coverages:
    """
    Tells coverage by groups.

    What was read is kept while the collections stand as they are; an answer
    after a change that this process heard of is told from new records.
    """

    def __init__(self, reader: Reader, changes: Changes) -> None:
        self._reader = reader
        self._changes = changes
        self._one_at_a_time = {staff: asyncio.Lock() for staff in (True, False)}
        self._surveys = _Kept[_SurveyKey, Survey](KEPT_SURVEYS)
        self._situations = _Kept[tuple[_SurveyKey, Circumstances, date], _Found](KEPT_SITUATIONS)

    async def coverage(
        self,
        principal: Principal,
        by: Grouping,
        circumstances: Circumstances = NOW,
        *,
        theme: str | None = None,
    ) -> Coverage:
        """
        Coverage by the groups of a grouping.

        The public is told the reported connections of now, and nothing else.

        Parameters
        ----------
        theme
            Only what is of the offices of this theme.

        Raises
        ------
        NotAllowed
            The reader may not ask for these circumstances.
        InvalidParameter, NotFound
            A distance is out of bounds; a scenario or a cut names what is not there.
        """
        return (await self._told(principal, by, circumstances, theme))[2]

    async def comparison(
        self, principal: Principal, by: Grouping, before: Circumstances, after: Circumstances = NOW
    ) -> Comparison:
        """Two coverages and the difference between them; as for `coverage`."""
        return compared(
            await self.coverage(principal, by, before), await self.coverage(principal, by, after)
        )

    async def features(
        self,
        principal: Principal,
        by: Grouping,
        circumstances: Circumstances = NOW,
        *,
        theme: str | None = None,
        with_shapes: bool = True,
        beside: Circumstances | None = None,
        language: Language,
    ) -> Document:
        """
        Coverage as GeoJSON, wards and constituencies with their areas; as for `coverage`.

        Parameters
        ----------
        with_shapes
            Whether the areas come with them.
        beside
            Circumstances whose figures stand beside, as those before.
        """
        survey, _, coverage = await self._told(principal, by, circumstances, theme)
        before = None
        if beside is not None:
            before = await self.coverage(principal, by, beside, theme=theme)

        def written() -> Document:
            shapes = shapes_of(survey.ground.places, by) if with_shapes else {}
            return coverage_features(coverage, shapes, language, before=before)

        return await asyncio.to_thread(written)

    async def scorecards(
        self,
        principal: Principal,
        *,
        since: date | None = None,
        window_days: int = WINDOW_DAYS,
    ) -> Scorecards:
        """
        The scorecards of the four themes, for staff.

        Parameters
        ----------
        since
            The earlier day with which trends compare; a year ago where none is given.
        window_days
            Over how many days repairs and availability are told.

        Raises
        ------
        NotAllowed
            The reader is not of the staff.
        InvalidParameter
            The day is not past, or the days are out of bounds.
        """
        today = days.today()
        day = since or today - timedelta(days=365)
        if not principal.audience.is_staff:
            raise NotAllowed("Only staff may see the scorecards.")
        if not FIRST_DAY <= day < today:
            raise InvalidParameter("since", day, "it must be a day that is past")
        if not 1 <= window_days <= MOST_WINDOW_DAYS:
            rule = f"it must lie between 1 and {MOST_WINDOW_DAYS}"
            raise InvalidParameter("window_days", window_days, rule)
        survey, situation, now = await self._told(principal, Grouping.THEME, NOW, None)
        recorded = None
        if reads_history(principal.audience):
            then = Circumstances(recorded=days.end_of(day))
            recorded = await self.coverage(principal, Grouping.THEME, then)
        return await asyncio.to_thread(
            scored, survey, situation, now, recorded=recorded, day=day, window_days=window_days
        )

    def handlers(self) -> dict[str, Handler]:
        """What answers its processes, by their ids."""
        return {COVERAGE.id: self._coverage, SCORECARDS.id: self._scorecards}

    async def _coverage(
        self, inputs: Mapping[str, Any], principal: Principal, language: Language
    ) -> Document:
        circumstances = Circumstances(
            day=inputs["day"],
            recorded=inputs["recorded"],
            plan=inputs["plan"],
            scenario=str(inputs["scenario"]) if inputs["scenario"] else None,
            cut_links=tuple(map(str, inputs["cut_links"])),
            cut_nodes=tuple(map(str, inputs["cut_nodes"])),
            cut_trenches=(inputs["cut_trench"],) if inputs["cut_trench"] else (),
            within_m=inputs["within_m"],
        )
        beside = None
        if inputs["beside_now"] or inputs["beside_day"]:
            beside = Circumstances(day=inputs["beside_day"], within_m=circumstances.within_m)
        return await self.features(
            principal, Grouping(inputs["by"]), circumstances,
            theme=inputs["theme"], with_shapes=inputs["shapes"], beside=beside, language=language,
        )

    async def _scorecards(
        self, inputs: Mapping[str, Any], principal: Principal, language: Language
    ) -> Document:
        found = await self.scorecards(
            principal, since=inputs["since"], window_days=inputs["window_days"]
        )
        return scorecards_document(found, language)

    async def _told(
        self, principal: Principal, by: Grouping, circumstances: Circumstances, theme: str | None
    ) -> tuple[Survey, Situation, Coverage]:
        """Coverage, and what it was told from."""
        check_asked(principal, circumstances)
        survey, (situation, quality) = await self._found(principal, circumstances)
        coverage = await asyncio.to_thread(
            coverage_of, of_theme(situation, theme) if theme else situation, by,
            circumstances=circumstances, read_at=survey.read_at, quality=quality,
            reported_only=not principal.audience.is_staff, phases=survey.phases,
        )
        return survey, situation, coverage

    async def _found(
        self, principal: Principal, circumstances: Circumstances
    ) -> tuple[Survey, _Found]:
        wanted = Wanted(principal.audience, circumstances.recorded)
        recorded = circumstances.recorded
        today = days.today() if recorded is None else days.day_of(recorded)
        if kept := self._kept(self._key(wanted), circumstances, today):
            return kept
        async with self._one_at_a_time[wanted.audience.is_staff]:
            key = self._key(wanted)
            if kept := self._kept(key, circumstances, today):
                return kept
            survey = self._surveys.get(key)
            if survey is None:
                async with self._reader.moment(Login.of(principal.audience)) as moment:
                    rows = await read_rows(moment, wanted)
                survey = await asyncio.to_thread(surveyed, rows, datetime.now(UTC))
                self._surveys.put(key, survey)
            found = await asyncio.to_thread(situation_of, survey, circumstances, today)
            self._situations.put(key and (key, circumstances, today), found)
            return survey, found

    def _kept(
        self, key: _SurveyKey | None, circumstances: Circumstances, today: date
    ) -> tuple[Survey, _Found] | None:
        survey = self._surveys.get(key)
        found = self._situations.get(key and (key, circumstances, today))
        return (survey, found) if survey is not None and found is not None else None

    def _key(self, wanted: Wanted) -> _SurveyKey | None:
        """What names the state of the records; None when it is not known."""
        staff = wanted.audience.is_staff
        if wanted.recorded is not None:
            settled = wanted.recorded < datetime.now(UTC) - SETTLED
            return (staff, wanted.recorded, ()) if settled else None
        versions = tuple(
            self._changes.version(id_, staff=staff) for id_ in wanted.collections
        )
        if None in versions:
            return None
        return staff, None, (self._changes.epoch, *versions)


def check_asked(principal: Principal, circumstances: Circumstances) -> None:
    """Raise unless the reader may ask for the circumstances; as for `Coverages.coverage`."""
    if not 0 < circumstances.within_m <= MOST_WITHIN_M:
        raise InvalidParameter(
            "within_m", circumstances.within_m, f"it must lie between 0 and {MOST_WITHIN_M:g}"
        )
    if not principal.audience.is_staff and circumstances != NOW:
        raise NotAllowed("Only staff may ask for coverage on another day or in a scenario.")
    if circumstances.recorded is not None and not reads_history(principal.audience):
        raise NotAllowed("Only planners may ask how things were recorded before.")
    cuts = (*circumstances.cut_links, *circumstances.cut_nodes, *circumstances.cut_trenches)
    if len(cuts) > MOST_CUT:
        raise InvalidParameter("cut", len(cuts), f"at most {MOST_CUT} things can be cut at once")

"""Scorecards from a survey: figures now, and what is known of an earlier day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from gis_service.coverage.fault_log import log_begins, median_days_to_repair, open_at
from gis_service.coverage.measures import Situation
from gis_service.coverage.scoring import (
    NO_RECORDS,
    NOT_FOR_READER,
    Earlier,
    connection_trends,
    scorecards_of,
)
from gis_service.coverage.situations import reported_situation
from gis_service.coverage.standing import Moment
from gis_service.model import days
from gis_service.model.coverage import Coverage
from gis_service.model.scorecards import AVAILABILITY, MEDIAN_REPAIR, Scorecards
from gis_service.services.situations import Survey, availability, network_of


def scored(
    survey: Survey,
    situation: Situation,
    now: Coverage,
    *,
    recorded: Coverage | None,
    day: date,
    window_days: int,
) -> Scorecards:
    """
    The scorecards.

    Parameters
    ----------
    situation, now
        Of now, and coverage by theme from it.
    recorded
        Coverage by theme from the records of the earlier day; None for a
        reader who may not know them.
    day, window_days
        See `Coverages.scorecards`.
    """
    today = days.today()
    then = reported_situation(survey.records, survey.ground, Moment(day, today))
    reaches = recorded is not None and recorded.whole.sums.get("offices", 0) > 0
    end = days.end_of(day)
    begins = log_begins(network_of(survey).faults)
    logged = begins is not None and begins <= end
    return scorecards_of(
        now,
        _from_log(survey, datetime.now(UTC), window_days),
        Earlier(
            day=day,
            connection=connection_trends(situation, then),
            faults=_from_log(survey, end, window_days) if logged else None,
            recorded=recorded if reaches else None,
            no_records=NOT_FOR_READER if recorded is None else NO_RECORDS,
        ),
        window_days=window_days,
    )


def _from_log(survey: Survey, end: datetime, window_days: int) -> Mapping[str, float]:
    faults = network_of(survey).faults
    start = end - timedelta(days=window_days)
    return {
        "open_faults": float(open_at(faults, end).sum()),
        MEDIAN_REPAIR.id: median_days_to_repair(faults, start, end),
        AVAILABILITY.id: availability(survey, start, end, days.today()),
    }

"""The scorecards of the four themes, from coverage now and what is known of before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from gis_service.coverage.measures import Situation
from gis_service.coverage.standing import UNKNOWN, YES
from gis_service.model.coverage import Coverage, GroupCoverage
from gis_service.model.fields import Text
from gis_service.model.indicators import Indicator
from gis_service.model.scorecards import (
    FROM_FAULTS,
    OF_ALL,
    OF_THEME,
    Basis,
    Scorecard,
    Scorecards,
    ScoreFigure,
    Trend,
)

_ENOUGH = 0.5
"""Share of the offices known now that must be known on the earlier day, too."""

NO_RECORDS = Text(
    "The records do not reach back to that day.", "Kumbukumbu hazifiki nyuma hadi siku hiyo."
)
NOT_FOR_READER = Text(
    "Only planners may know how things were recorded before.",
    "Ni wapangaji tu wanaoweza kujua jinsi mambo yalivyoandikwa awali.",
)
_TOO_FEW_DATES = Text(
    "Of too few offices it is known since when they are connected.",
    "Ni ofisi chache mno zinazojulikana zimeunganishwa tangu lini.",
)
_NO_LOG = Text(
    "The log of faults does not reach back to that day.",
    "Kumbukumbu za hitilafu hazifiki nyuma hadi siku hiyo.",
)
_NO_DATA_NOW = Text("There is no data now.", "Hakuna data sasa.")
_NO_DATA_THEN = Text("There was no data on that day.", "Hakukuwa na data siku hiyo.")

_CONNECTED = "share_connected"


@dataclass(frozen=True, slots=True)
class Earlier:
    """
    What is known of the earlier day.

    Parameters
    ----------
    connection
        Of each theme, from the days in the records; see `connection_trends`.
    faults
        Figures of the log of faults, by indicator; None where it does not reach back.
    recorded
        Coverage by theme from the records of that day; None without them, and
        `no_records` says why.
    """

    day: date
    connection: Mapping[str, Trend]
    faults: Mapping[str, float] | None
    recorded: Coverage | None
    no_records: Text = NO_RECORDS


def scorecards_of(
    now: Coverage, faults_now: Mapping[str, float], earlier: Earlier, *, window_days: int
) -> Scorecards:
    """
    The four scorecards.

    Parameters
    ----------
    now
        Coverage by theme.
    faults_now
        Figures of the log of faults, by indicator.
    """
    groups = now.by_key()
    cards = []
    for theme, of_theme in OF_THEME.items():
        own = groups.get(theme)
        figures = [_of_offices(each, theme, own, earlier) for each in of_theme]
        for each in OF_ALL.get(theme, ()):
            if each in FROM_FAULTS:
                figures.append(_of_faults(each, faults_now, earlier))
            else:
                before = earlier.recorded.whole if earlier.recorded else None
                figures.append(_of_records(each, now.whole, before, earlier, of_theme=False))
        cards.append(Scorecard(theme, tuple(figures)))
    return Scorecards(now.read_at, earlier.day, window_days, tuple(cards))


def connection_trends(now: Situation, then: Situation) -> dict[str, Trend]:
    """
    Of each theme the share of offices connected on two days, of those known on both.

    A theme is left out where too few of the offices known now are.
    """
    offices = now.offices
    known_now = offices.connection != UNKNOWN
    known = known_now & (then.offices.connection != UNKNOWN)
    found = {}
    for theme in np.unique(offices.theme.astype(str)):
        own = offices.theme == theme
        both = known & own
        if not both.any() or both.sum() < _ENOUGH * (known_now & own).sum():
            continue
        before, after = (
            100 * float(np.mean(each.offices.connection[both] == YES)) for each in (then, now)
        )
        found[str(theme)] = Trend(before, after, Basis.DATES)
    return found


def _of_offices(
    indicator: Indicator, theme: str, now: GroupCoverage | None, earlier: Earlier
) -> ScoreFigure:
    if indicator.id != _CONNECTED:
        recorded = earlier.recorded.by_key().get(theme) if earlier.recorded else None
        return _of_records(indicator, now, recorded, earlier, of_theme=True)
    trend = earlier.connection.get(theme)
    value = now.value(indicator) if now else math.nan
    reason = None if trend else (_NO_DATA_NOW if math.isnan(value) else _TOO_FEW_DATES)
    return ScoreFigure(indicator, True, value, trend, reason)


def _of_faults(
    indicator: Indicator, now: Mapping[str, float], earlier: Earlier
) -> ScoreFigure:
    value = now.get(indicator.id, math.nan)
    if earlier.faults is None:
        return ScoreFigure(indicator, False, value, None, _NO_LOG)
    before = earlier.faults.get(indicator.id, math.nan)
    return _figure(indicator, value, before, Basis.DATES, of_theme=False)


def _of_records(
    indicator: Indicator,
    now: GroupCoverage | None,
    before: GroupCoverage | None,
    earlier: Earlier,
    *,
    of_theme: bool,
) -> ScoreFigure:
    value = now.value(indicator) if now else math.nan
    if earlier.recorded is None and not math.isnan(value):
        return ScoreFigure(indicator, of_theme, value, None, earlier.no_records)
    then = before.value(indicator) if before else math.nan
    return _figure(indicator, value, then, Basis.RECORDS, of_theme=of_theme)


def _figure(
    indicator: Indicator, value: float, before: float, basis: Basis, *, of_theme: bool
) -> ScoreFigure:
    if math.isnan(value):
        return ScoreFigure(indicator, of_theme, value, None, _NO_DATA_NOW)
    if math.isnan(before):
        return ScoreFigure(indicator, of_theme, value, None, _NO_DATA_THEN)
    return ScoreFigure(indicator, of_theme, value, Trend(before, value, basis), None)

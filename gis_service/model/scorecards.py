"""The scorecards of the ICT roadmap's four themes: figures, definitions and trends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from gis_service.model import codelists
from gis_service.model.fields import Text
from gis_service.model.indicators import INDICATORS, PEOPLE, PER_CENT, Indicator

WINDOW_DAYS = 365
"""Over how many days repairs and availability are told, where nothing else is asked."""

MEDIAN_REPAIR = Indicator(
    "median_days_to_repair",
    Text("Median days to repair", "Siku za kati za kutengeneza"),
    Text(
        "Half of the faults that were mended in the stated days took no longer from beginning to "
        "end. No data where none was mended.",
        "Nusu ya hitilafu zilizotatuliwa katika siku zilizotajwa hazikuchukua muda zaidi tangu "
        "mwanzo hadi mwisho. Hakuna data pasipo na iliyotatuliwa.",
    ),
    "d",
    of="",
    more_is_better=False,
)
AVAILABILITY = Indicator(
    "availability",
    Text("Availability", "Upatikanaji"),
    Text(
        "Share of the stated days in which the connected offices had a way to a gateway, all "
        "offices alike, as far as faults that cut traffic are recorded. Of offices that would "
        "have a way to a gateway if nothing were broken; the network is that of today. Days "
        "before the first recorded fault are left out. No data without a recorded fault.",
        "Sehemu ya siku zilizotajwa ambazo ofisi zilizounganishwa zilikuwa na njia hadi lango, "
        "ofisi zote sawa, kadiri hitilafu zinazokata zilivyoandikwa. Ni kwa ofisi ambazo "
        "zingekuwa na njia bila hitilafu; mtandao ni wa leo. Siku kabla ya hitilafu ya kwanza "
        "haziingizwi. Hakuna data pasipo na hitilafu iliyoandikwa.",
    ),
    PER_CENT,
    of="",
    more_is_better=True,
)

_OFFICES = ("share_connected", "share_lit", "share_redundant", "share_bandwidth_met")
OF_THEME: Mapping[str, tuple[Indicator, ...]] = {
    theme: tuple(INDICATORS[id_] for id_ in ids)
    for theme, ids in {
        "connectedCountyGovernment": _OFFICES,
        "citizenSatisfaction": ("share_connected",),
        "connectedCitizen": ("share_connected",),
        "connectedLegislator": _OFFICES,
    }.items()
}
"""Figures of the offices of each theme."""
OF_ALL: Mapping[str, tuple[Indicator, ...]] = {
    "citizenSatisfaction": (INDICATORS["open_faults"], MEDIAN_REPAIR, AVAILABILITY),
    "connectedCitizen": (
        INDICATORS[f"share_{PEOPLE}"], INDICATORS["wifi_points"], INDICATORS[f"{PEOPLE}_wifi"],
    ),
}
"""Figures of the whole place that stand on a theme's card, too."""
FROM_FAULTS = (INDICATORS["open_faults"], MEDIAN_REPAIR, AVAILABILITY)
"""Figures whose past is told by the days in the log of faults."""


class Basis(StrEnum):
    """What a trend is told from."""

    DATES = "dates"
    RECORDS = "records"


@dataclass(frozen=True, slots=True)
class Trend:
    """
    How a figure moved since the earlier day.

    Parameters
    ----------
    before, after
        With `DATES` of the connection: of the offices whose state is known on
        both days, so `after` may differ from the figure itself.
    """

    before: float
    after: float
    basis: Basis

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class ScoreFigure:
    """
    A figure of a scorecard.

    Parameters
    ----------
    indicator
        Its title and definition.
    of_theme
        Whether it tells of the offices of the theme, or of the whole place.
    value
        NaN for no data.
    trend, no_trend
        Either how it moved, or why that is not told.
    """

    indicator: Indicator
    of_theme: bool
    value: float
    trend: Trend | None
    no_trend: Text | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """One theme's figures."""

    theme: str
    figures: tuple[ScoreFigure, ...]

    @property
    def title(self) -> Text:
        return next(code.title for code in codelists.THEME if code.code == self.theme)


@dataclass(frozen=True, slots=True)
class Scorecards:
    """
    The scorecards of the four themes, in the order of their list.

    Parameters
    ----------
    since
        The earlier day with which trends compare.
    window_days
        Over how many days repairs and availability are told.
    """

    read_at: datetime
    since: date
    window_days: int
    cards: tuple[Scorecard, ...]

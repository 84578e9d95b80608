"""The dashboard: how the network and its records stand, for staff."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model import codelists
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import GroupCoverage, Quality
from gis_service.model.dashboard import Dashboard
from gis_service.model.fields import Language
from gis_service.model.indicators import INDICATORS, PER_CENT, Indicator
from gis_service.model.locales import measured, medium_date, number
from gis_service.model.scorecards import ScoreFigure
from gis_service.model.weak_points import WeakKind, WeakPoint
from gis_service.ogc.media import HTML
from gis_service.web.asked import Asked, read
from gis_service.web.local_times import local_time
from gis_service.web.maps import maps_beside
from gis_service.web.pages import static_address, words_of

MOST_WARDS = 10
MOST_DEVICES = 10
WARD_FIGURES = ("share_connected", "unconnected", "open_faults")
"""What is told of each of the worst wards; they are ranked by the first, then the second."""
_KEYS = {WeakKind.LINK: "fibre_links", WeakKind.NODE: "network_nodes"}
"""What a weak point is called in the address of a map."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    A number as it is shown.

    Parameters
    ----------
    value
        None for no data.
    text
        The number with its unit.
    trend
        How it moved, or why that is not told.
    ends
        Before and after, each as a part of the plot's height, where both are known.
    """

    title: str
    definition: str
    source: str
    value: float | None
    text: str
    trend: str = ""
    ends: tuple[float, float] | None = None


async def dashboard(request: Request) -> Response:
    """How things stand, as a page."""
    asked = read(request, HTML)
    found = await asked.services.dashboards.dashboard(asked.principal)
    language = asked.language
    return asked.page(
        "dashboard.html",
        found=found,
        stylesheets_beside=[static_address(asked.at, "dashboard.css")],
        read_at=local_time(found.scorecards.read_at, language),
        since=medium_date(found.scorecards.since, language),
        cards=[
            (card.title[language], [_score(figure, asked) for figure in card.figures])
            for card in found.scorecards.cards
        ],
        ward_indicators=[INDICATORS[id_] for id_ in WARD_FIGURES],
        wards=[(each, _ward_figures(each, asked)) for each in _worst(found)],
        states=_states(found, language),
        devices=found.certifications.wanting[:MOST_DEVICES],
        quality=_quality(found, asked),
        map_address=_map_address(asked),
        weak_key=_weak_key,
        called=lambda id_: REGISTRY[id_].title[language] if id_ in REGISTRY else id_,
        state_title=lambda state: codelists.CERTIFICATION.title(state, language),
        category_title=lambda code: codelists.EQUIPMENT_CATEGORY.title(code, language),
        day=lambda day: medium_date(day, language) if isinstance(day, date) else None,
        time=lambda at: local_time(at, language),
        age_days=lambda at: (found.scorecards.read_at - at).days,
    )


def _score(figure: ScoreFigure, asked: Asked) -> Figure:
    language, indicator = asked.language, figure.indicator
    words, trend, told = words_of(language), figure.trend, ""
    ends = None
    if figure.no_trend is not None:
        told = figure.no_trend[language]
    elif trend is not None and not math.isnan(trend.change):
        change = number(round(abs(trend.change), 1), language)
        if indicator.unit == PER_CENT:
            change = f"{change} {words['points']}"
        else:
            change = measured(change, indicator.unit, language)
        kind = "same" if not trend.change else "more" if trend.change > 0 else "less"
        told = words[f"trend_{kind}"].format(change=change)
        top = 100.0 if indicator.unit == PER_CENT else max(trend.before, trend.after, 1.0)
        ends = trend.before / top, trend.after / top
    return _figure(indicator, figure.value, asked, trend=told, ends=ends)


def _figure(
    indicator: Indicator,
    value: float,
    asked: Asked,
    *,
    trend: str = "",
    ends: tuple[float, float] | None = None,
) -> Figure:
    language = asked.language
    words = words_of(language)
    known = not math.isnan(value)
    text = words["no_data"]
    if known:
        text = measured(number(round(value, 1), language), indicator.unit, language)
    source = words["rule_ours"] if indicator.source == "ours" else indicator.source
    return Figure(
        indicator.title[language], indicator.description[language], source,
        value if known else None, text, trend, ends,
    )


def _worst(found: Dashboard) -> list[GroupCoverage]:
    """The wards with data where the least is connected."""
    share, without, _ = WARD_FIGURES
    known = [g for g in found.wards.groups if g.key and not math.isnan(g.value(share))]
    return sorted(known, key=lambda g: (g.value(share), -g.value(without), g.key))[:MOST_WARDS]


def _ward_figures(group: GroupCoverage, asked: Asked) -> list[Figure]:
    return [_figure(INDICATORS[id_], group.value(id_), asked) for id_ in WARD_FIGURES]


def _states(found: Dashboard, language: Language) -> list[tuple[str, str, int]]:
    """States of certification, with how many devices are in each."""
    counts = found.certifications.counts()
    return [
        (code.code, code.title[language], counts.get(code.code, 0))
        for code in codelists.CERTIFICATION
    ]


def _quality(found: Dashboard, asked: Asked) -> list[tuple[str, str]]:
    """What stands in doubt: how many, and what that means."""
    words, quality, whole = words_of(asked.language), found.wards.quality, found.wards.whole
    unknown = whole.sums.get("unknown", math.nan)
    counted: Iterable[tuple[str, float]] = (
        ("quality_unknown", unknown), *((key, len(ids)) for key, ids in _doubts(quality)),
        ("quality_undated", quality.undated_links),
    )
    return [
        (words["no_data"] if math.isnan(count) else number(count, asked.language), words[key])
        for key, count in counted
    ]


def _doubts(quality: Quality) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (
        ("quality_disagreeing", quality.disagreeing), ("quality_outside", quality.outside),
        ("quality_edge", quality.on_edge),
    )


def _map_address(asked: Asked) -> str | None:
    """The first map on which staff can compare wards; None where there is none."""
    found = [each for each in maps_beside(asked) if each.indicators]
    return asked.at.map(found[0].id) if found else None


def _weak_key(point: WeakPoint) -> str:
    """The parameters by which a map shows a weak point."""
    key = f"{_KEYS.get(point.kind, point.kind.value)}/{point.id}"
    return urlencode({"weak": "1", "cut": key}, safe="/")


ROUTES = (Route("/dashboard", dashboard, methods=["GET"]),)

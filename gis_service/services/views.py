"""What staff have chosen to colour a map's areas by, as its address says it, on paper."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gis_service.cartography.colours import colour
from gis_service.cartography.definition import MapDefinition
from gis_service.cartography.desk import staff_indicators
from gis_service.cartography.ramp import change_ramp, ramp, shown
from gis_service.cartography.wording import wording
from gis_service.errors import InvalidParameter
from gis_service.model import codelists, days
from gis_service.model.coverage import (
    NOW,
    Circumstances,
    Coverage,
    GroupCoverage,
    GroupDifference,
    compared,
)
from gis_service.model.fields import Language
from gis_service.model.indicators import PER_CENT, Indicator
from gis_service.model.locales import medium_date
from gis_service.printing.map_sheet import FigureLine, FigureTable, LegendPart
from gis_service.printing.signs import Fill
from gis_service.services.painting import Painting

PLANNED = "planned"
NAMES = ("indicator", "theme", "at", "against")
"""The parameters of a view, as the map's page has them."""


@dataclass(frozen=True, slots=True)
class View:
    """
    A choice on a map.

    Parameters
    ----------
    indicator
        Its id.
    theme
        Code of the theme whose offices alone count.
    at, against
        The circumstances that are shown, and those that they are compared with.
    """

    indicator: Indicator
    theme: str | None
    at: Circumstances
    against: Circumstances | None


def view_of(definition: MapDefinition, asked: Mapping[str, str | None]) -> View | None:
    """
    The view that parameters mean; None for the map as everybody has it.

    Raises
    ------
    InvalidParameter
        The map does not offer that.
    """
    if not any(asked.get(name) for name in NAMES):
        return None
    offered = {each.id: each for each in staff_indicators(definition)}
    if not offered:
        name = next(name for name in NAMES if asked.get(name))
        raise InvalidParameter(name, asked[name], "this map has nothing to choose")
    indicator = asked.get("indicator") or next(iter(offered))
    if indicator not in offered:
        rule = f"it is one of {', '.join(offered)}"
        raise InvalidParameter("indicator", indicator, rule)
    theme = asked.get("theme") or None
    if theme is not None and theme not in codelists.THEME:
        rule = f"it is one of {', '.join(codelists.THEME.values())}"
        raise InvalidParameter("theme", theme, rule)
    against = asked.get("against")
    return View(
        offered[indicator], theme, _circumstances("at", asked.get("at") or "now"),
        _circumstances("against", against) if against else None,
    )


def _circumstances(name: str, text: str) -> Circumstances:
    if text == "now":
        return NOW
    if text == PLANNED:
        return Circumstances(plan=True)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return Circumstances(day=day, plan=day > days.today())
    try:
        return Circumstances(scenario=str(UUID(text)))
    except ValueError:
        rule = f"it is now, {PLANNED}, a day, or the id of a scenario"
        raise InvalidParameter(name, text, rule) from None


def view_painting(  # noqa: PLR0917 - one thing each
    definition: MapDefinition,
    view: View,
    at: Coverage,
    against: Coverage | None,
    scenarios: Mapping[str, str],
    language: Language,
) -> Painting:
    """
    The areas in the colours of a view, with its numbers.

    Parameters
    ----------
    at, against
        Coverage by ward in the view's circumstances.
    scenarios
        Names of the scenarios by id.
    """
    layer, indicator = definition.indicator_layer, view.indicator
    assert layer is not None  # noqa: S101 - else the map has nothing to choose
    words = wording(language)
    wards, whole = _figures(indicator, at, against, language)
    known = [each.value for each in wards if not math.isnan(each.value)]
    signs: list[tuple[Fill, str]] = []
    fills: dict[str, Fill] = {}
    if known:
        make = ramp if against is None else change_ramp
        classes = make(layer, indicator, known, language)
        signs = [(Fill(colour(token, layer.palette)), title) for token, title in classes.rows]
        fills = {
            each.key: signs[classes.class_of(each.value)][0]
            for each in wards if not math.isnan(each.value)
        }
    title, unit, heads = indicator.title[language], indicator.unit, [words["ward"]]
    if view.against is None:
        heads.append(title)
    else:
        title = f"{title} ({words['desk_change']})"
        unit = words["desk_points"] if unit == PER_CENT else unit
        heads.extend(_situation(each, scenarios, language) for each in (view.against, view.at))
        heads.append(words["desk_change"])
    none = Fill(None)
    lines = [FigureLine(each.title, each.texts, fills.get(each.key, none)) for each in wards]
    lines.append(FigureLine(whole.title, whole.texts))
    return Painting(
        fills=fills,
        legend=LegendPart(f"{title}, {unit}".rstrip(", "), (*signs, (none, words["no_data"]))),
        headline=" ".join([f"{title}: {whole.texts[-1]}.", *_words(view, scenarios, language)]),
        description=indicator.description[language],
        after=(FigureTable(title, tuple(heads), tuple(lines)),),
    )


@dataclass(frozen=True, slots=True)
class _Figure:
    """A ward's value, which its colour tells, and what stands in its row."""

    key: str
    title: str
    value: float
    texts: tuple[str, ...]


def _figures(
    indicator: Indicator, at: Coverage, against: Coverage | None, language: Language
) -> tuple[list[_Figure], _Figure]:
    """Of the wards, and of the whole."""

    def told(value: float) -> str:
        if math.isnan(value):
            return wording(language)["no_data"]
        return shown(value, indicator.unit, language)

    def alone(group: GroupCoverage) -> _Figure:
        value = group.value(indicator)
        return _Figure(group.key, group.title[language], value, (told(value),))

    def beside(group: GroupDifference) -> _Figure:
        found = group.differences[indicator.id]
        change = found.change
        sign = "+" if change > 0 else "\N{MINUS SIGN}" if change < 0 else "\N{PLUS-MINUS SIGN}"
        text = told(abs(change)).removesuffix("%")
        moved = text if math.isnan(change) else sign + text
        texts = (told(found.before), told(found.after), moved)
        return _Figure(group.key, group.title[language], change, texts)

    if against is None:
        return [alone(each) for each in at.groups if each.key], alone(at.whole)
    comparison = compared(against, at)
    return [beside(each) for each in comparison.groups if each.key], beside(comparison.whole)


def _words(view: View, scenarios: Mapping[str, str], language: Language) -> list[str]:
    words = wording(language)
    at = _situation(view.at, scenarios, language)
    if view.against is None:
        told = [words["desk_view_situation"].replace("{at}", at)]
    else:
        against = _situation(view.against, scenarios, language)
        sentence = words["desk_view_difference"].replace("{against}", against)
        told = [sentence.replace("{at}", at)]
    if view.theme:
        theme = codelists.THEME.title(view.theme, language)
        told.append(words["desk_view_theme"].replace("{theme}", theme))
    return told


def _situation(at: Circumstances, scenarios: Mapping[str, str], language: Language) -> str:
    words = wording(language)
    if at.day is not None:
        return medium_date(at.day, language)
    if at.scenario is not None:
        return scenarios.get(at.scenario, at.scenario)
    return words["at_planned" if at.plan else "at_now"]

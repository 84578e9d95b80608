"""Coverage, themes and progress, as sections of the report."""

from __future__ import annotations

import math
from collections.abc import Iterable

from gis_service.model.coverage import GroupCoverage
from gis_service.model.fields import Language
from gis_service.model.indicators import INDICATORS, PER_CENT, Indicator
from gis_service.model.locales import long_date, number
from gis_service.model.scorecards import Scorecard, ScoreFigure
from gis_service.printing.board_facts import BoardFacts, map_drawings
from gis_service.printing.document import (
    Card,
    CardLine,
    Cell,
    Column,
    Kind,
    Section,
    Table,
    has_data,
    per_cent,
)
from gis_service.printing.wording import phrase

_OF_WARDS = ("share_connected", "connected", "unconnected", "unknown", "share_redundant")
_OF_THEMES = ("share_connected", "connected", "unconnected", "unknown", "share_bandwidth_met")
MAP_MM = 165.0
DAY = "d"


def themes_section(facts: BoardFacts, language: Language) -> Section:
    """The four scorecards, with their definitions."""
    cards = facts.scorecards
    return Section(
        id="themes",
        title=phrase("themes_section", language),
        paragraphs=(
            phrase(
                "themes_intro", language,
                since=long_date(cards.since, language), days=cards.window_days,
            ),
        ),
        cards=tuple(_card(each, language) for each in cards.cards),
        tables=(
            _table("theme_table", "theme", facts.by_theme.groups, _OF_THEMES,
                   facts.by_theme.whole, language),
            _figure_table(cards.cards, language),
        ),
        starts_page=True,
    )


def coverage_section(facts: BoardFacts, language: Language) -> Section:
    """The map and the table of the wards."""
    title = phrase("coverage_section", language)
    wards = facts.by_ward.groups
    if not any(each.key for each in wards):
        return Section("coverage", title, (phrase("no_wards", language),))
    caption = phrase("coverage_map", language)
    drawings = map_drawings("coverage", facts.coverage_map, MAP_MM, title, caption, language)
    table = _table("coverage_table", "ward", wards, _OF_WARDS, facts.by_ward.whole, language)
    intro = phrase("coverage_intro", language)
    return Section(
        "coverage", title, (intro,), drawings=drawings, tables=(table,), starts_page=True
    )


def progress_section(facts: BoardFacts, language: Language) -> Section:
    """What is different from the earlier day, from the days in the records."""
    since = long_date(facts.since, language)
    title = phrase("progress_section", language, since=since)
    now, then = facts.by_ward.whole.sums, facts.before.whole.sums
    if not then.get("known", 0) > 0:
        return Section("progress", title, (phrase("progress_none", language, since=since),))
    told = [phrase(
        "progress_intro", language, since=since,
        before=number(then["connected"], language), after=number(now["connected"], language),
    )]
    undated = then["unknown"] - now["unknown"]
    if undated > 0:
        told.append(phrase("progress_undated", language, count=number(undated, language)))
    before = facts.before.by_key()
    rows: list[tuple[Cell, ...]] = []
    for ward in facts.by_ward.groups:
        earlier = before[ward.key].sums if ward.key in before else {}
        counts = earlier.get("connected", math.nan), ward.sums.get("connected", math.nan)
        if counts[0] != counts[1] and ward.key:
            rows.append((ward.title[language], *counts, earlier.get("unknown", math.nan)))
    if not rows:
        return Section(
            "progress", title, (*told, phrase("progress_unchanged", language))
        )
    columns = (
        Column(phrase("ward", language)),
        *(Column(phrase(key, language), Kind.COUNT)
          for key in ("connected_then", "connected_now", "unknown_then")),
    )
    name = phrase("progress_table", language)
    return Section("progress", title, tuple(told), tables=(
        Table(name, name, columns, tuple(rows)),
    ))


def column_of(indicator: Indicator, language: Language) -> Column:
    """The column of an indicator."""
    if indicator.unit == PER_CENT:
        return Column(indicator.title[language], Kind.PER_CENT)
    kind = Kind.NUMBER if indicator.unit else Kind.COUNT
    return Column(indicator.title[language], kind, indicator.unit)


def _table(  # noqa: PLR0917 - one line each
    title: str, first: str, groups: Iterable[GroupCoverage], ids: tuple[str, ...],
    whole: GroupCoverage, language: Language,
) -> Table:
    """The indicators of each group, and of all of them."""
    shown = [INDICATORS[each] for each in ids]
    rows: list[tuple[Cell, ...]] = [
        (
            each.title[language] if each is not whole else phrase("all_together", language),
            *(each.value(indicator) for indicator in shown),
        )
        for each in (*(g for g in groups if g.key or g.sums.get("offices")), whole)
    ]
    columns = (Column(phrase(first, language)), *(column_of(each, language) for each in shown))
    name = phrase(title, language)
    return Table(name, name, columns, tuple(rows), has_total=True)


def _card(card: Scorecard, language: Language) -> Card:
    return Card(
        card.title[language], tuple(_line(each, language) for each in card.figures)
    )


def _line(figure: ScoreFigure, language: Language) -> CardLine:
    indicator = figure.indicator

    def told(value: float) -> str:
        if not has_data(value):
            return phrase("no_data", language)
        if indicator.unit == PER_CENT:
            return per_cent(value, language)
        text = number(value, language, decimals=0 if value == round(value) else 1)
        if indicator.unit == DAY:
            return phrase("days", language, days=text)
        return f"{text} {indicator.unit}".strip()

    trend = figure.trend
    if trend is not None:
        change = phrase("trend", language, before=told(trend.before), after=told(trend.after))
    else:
        change = figure.no_trend[language] if figure.no_trend else ""
    return CardLine(
        indicator.title[language], told(figure.value), change, indicator.description[language]
    )


def _figure_table(cards: Iterable[Scorecard], language: Language) -> Table:
    """The figures of all cards as they are, for the workbook and the appendix."""
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            card.title[language], each.indicator.title[language], each.value,
            each.indicator.unit,
            each.trend.before if each.trend else None, each.trend.after if each.trend else None,
        )
        for card in cards for each in card.figures
    )
    columns = (
        Column(phrase("theme", language)), Column(phrase("figure", language)),
        Column(phrase("value", language), Kind.NUMBER), Column(phrase("unit", language)),
        Column(phrase("then", language), Kind.NUMBER),
        Column(phrase("trend_now", language), Kind.NUMBER),
    )
    name = phrase("figure_table", language)
    return Table(name, name, columns, rows, workbook_only=True)

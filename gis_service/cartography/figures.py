"""The numbers beside a map, written out for the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.indicators import INDICATORS, class_of, value_of
from gis_service.cartography.legend import class_steps
from gis_service.cartography.wording import wording
from gis_service.model import codelists
from gis_service.model.coverage import Counts, CoverageTable
from gis_service.model.fields import Language
from gis_service.model.locales import number


@dataclass(frozen=True, slots=True)
class FigureRow:
    """
    Counts under a heading.

    Parameters
    ----------
    step
        The colour of its class on the map; None for no data.
    """

    key: str
    title: str
    note: str
    counts: Counts
    share: str
    step: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What the page's panel tells."""

    total: FigureRow
    headline: str
    themes: tuple[FigureRow, ...]
    wards: tuple[FigureRow, ...]
    outside: FigureRow | None
    edge_note: str


def figures(table: CoverageTable, layer: LayerDefinition | None, language: Language) -> Figures:
    """The coverage in words and numbers of a language."""
    words = wording(language)
    outside = _row("", words["outside_wards"], table.outside, layer, language)
    return Figures(
        total=_row("", words["all_offices"], table.total, layer, language),
        headline=headline(table.total, language),
        themes=tuple(_theme_rows(table, layer, language)),
        wards=tuple(
            _row(w.code, w.name, w.counts, layer, language, note=w.constituency)
            for w in table.wards
        ),
        outside=outside if table.outside.offices else None,
        edge_note=_edge_note(table, language),
    )


def _row(
    key: str, title: str, counts: Counts, layer: LayerDefinition | None, language: Language,
    *, note: str = "",
) -> FigureRow:
    share = f"{100 * counts.share_connected:.0f}%" if counts.known else "\N{EN DASH}"
    return FigureRow(key, title, note, counts, share, step_of(counts, layer))


def step_of(counts: Counts, layer: LayerDefinition | None) -> int | None:
    """The step of the layer's palette that counts fall into; None for no data."""
    if layer is None or layer.indicator is None:
        return None
    found = class_of(value_of(INDICATORS[layer.indicator], counts), layer.breaks)
    return None if found is None else class_steps(layer)[found]


def _theme_rows(
    table: CoverageTable, layer: LayerDefinition | None, language: Language
) -> Sequence[FigureRow]:
    known = {code.code: code.title[language] for code in codelists.THEME}
    titles = {**known, **{t: t for t in table.by_theme if t and t not in known}}
    titles[""] = wording(language)["no_theme"]
    return [
        _row(theme, title, table.by_theme[theme], layer, language)
        for theme, title in titles.items()
        if theme in table.by_theme
    ]


def headline(total: Counts, language: Language) -> str:
    """How many offices are connected, in a sentence or two."""
    words = wording(language)
    if not total.known:
        return words["headline_none"]
    text = words["headline"]
    if total.unknown:
        text = f"{text} {words['headline_unknown']}"
    for name in ("connected", "known", "unknown"):
        text = text.replace(f"{{{name}}}", number(getattr(total, name), language))
    return text


def _edge_note(table: CoverageTable, language: Language) -> str:
    count = len(table.offices_on_edge)
    text = wording(language)["on_edge"].replace("{count}", number(count, language))
    return text.replace("{metres}", f"{table.edge_m:g}") if count else ""

"""The public's pages in words: what their templates are given, served or as files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.figures import FigureRow, Figures, figures
from gis_service.cartography.legend import LegendRow, legend
from gis_service.cartography.picture import Picture
from gis_service.cartography.ramp import SHARES
from gis_service.cartography.rendering import NavLink
from gis_service.cartography.wording import wording
from gis_service.model import codelists, days
from gis_service.model.collections import REGISTRY
from gis_service.model.coverage import Counts, CoverageTable
from gis_service.model.fields import Language
from gis_service.model.locales import long_date, medium_date, number
from gis_service.model.public import Found, Outages, PublicFacts, ServicePoint, WifiPlace

LAYER = LayerDefinition(
    "wards", "indicator", REGISTRY["wards"].title, indicator="share_connected", breaks=SHARES
)
"""How the wards of the picture are coloured: five equal classes."""
_NAMED = 3
"""So many wards are named in the picture's alternative text, from either end."""


@dataclass(frozen=True, slots=True)
class PublicLinks:
    """
    Where the pages lead.

    Parameters
    ----------
    ward
        The page of a ward, by its code.
    map
        The interactive map; None where there is none.
    ask
        Where the form that finds sends its text; None for pages without a service.
    report
        Where a fault is reported; None where that cannot be told.
    data
        Files to take away, by the title of what they hold.
    """

    home: str
    ward: Callable[[str], str]
    map: str | None
    catalog: str
    ask: str | None = None
    report: str | None = None
    data: tuple[tuple[str, tuple[NavLink, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class WardRow:
    """A ward in the table of wards."""

    row: FigureRow
    href: str
    faults: int


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """An office or a Wi-Fi place in words; `sign` is the code of its connection."""

    name: str
    kind: str
    sign: str
    told: str
    ward: NavLink | None
    away: str = ""
    spot: tuple[int, int] | None = None


def public_context(
    facts: PublicFacts, picture: Picture | None, links: PublicLinks, language: Language
) -> dict[str, Any]:
    """What the template `public.html` is given beside the frame of every page."""
    told = figures(facts.table, LAYER, language)
    return {
        **_shared(facts, links, language),
        "told": told,
        "first_answer": _first_answer(facts, told, language),
        "answers": list(_answers(facts, language)),
        "picture": picture,
        "wifi_spots": [] if picture is None else [picture.spot(w.lon, w.lat) for w in facts.wifi],
        "rows": rows_by_code(told),
        "picture_title": wording(language)["picture_title"],
        "picture_desc": picture_desc(told, language),
        "ward_rows": [
            WardRow(row, links.ward(row.key), facts.outages.get(row.key, Outages()).count)
            for row in told.wards
        ],
        "types": _type_rows(facts, language),
        "wifi": [_wifi_row(each, facts, links) for each in facts.wifi],
        "outages": list(_outage_rows(facts, links, language)),
    }


def ward_context(
    code: str,
    facts: PublicFacts,
    links: PublicLinks,
    language: Language,
    *,
    offices: Sequence[ServicePoint],
    picture: Picture,
) -> dict[str, Any]:
    """What the template `public_ward.html` is given; the ward is one of the facts'."""
    words = wording(language)
    told = figures(facts.table, LAYER, language)
    row = rows_by_code(told)[code]
    wifi = [each for each in facts.wifi if each.ward == code]
    outages = facts.outages.get(code, Outages())
    return {
        **_shared(facts, links, language),
        "row": row,
        "first_answer": ward_answer(row, language),
        "answers": [
            counted("answer_wifi", len(wifi), language),
            _faults_answer(outages, language),
            *_people(facts, code, language),
        ],
        "picture": picture,
        "rows": {code: row},
        "picture_title": row.title,
        "picture_desc": words["picture_ward_desc"].replace("{ward}", row.title),
        "signs": [code for code in codelists.CONNECTION.values()
                  if any(each.connection == code for each in offices)],
        "offices": [
            replace(
                _place_row(each, facts, links, language),
                ward=None, spot=picture.spot(each.lon, each.lat),
            )
            for each in offices
        ],
        "wifi": [replace(_wifi_row(each, facts, links), ward=None) for each in wifi],
        "wifi_spots": [picture.spot(each.lon, each.lat) for each in wifi],
    }


def embed_context(
    facts: PublicFacts,
    picture: Picture | None,
    links: PublicLinks,
    language: Language,
    *,
    ward: str | None = None,
    theme: str | None = None,
) -> dict[str, Any]:
    """
    What the template `embed.html` is given.

    Parameters
    ----------
    ward
        Code of the ward that it is about; one of the facts'.
    theme
        Code of the theme whose offices alone are counted.
    """
    table = facts.table if theme is None else of_theme(facts.table, theme)
    told = figures(table, LAYER, language)
    rows = rows_by_code(told)
    if ward is not None:
        answer = ward_answer(rows[ward], language)
    elif theme is not None:
        answer = _theme_answer(told.total, theme, language)
    else:
        answer = _first_answer(facts, told, language)
    return {
        **_shared(facts, links, language),
        "first_answer": answer,
        "second_answer": "" if ward or theme or answer == told.headline else told.headline,
        "theme_title": codelists.THEME.title(theme, language) if theme else "",
        "picture": picture,
        "rows": rows if ward is None else {ward: rows[ward]},
        "counts": (told.total if ward is None else rows[ward]).counts,
        "picture_title": wording(language)["picture_title"],
        "picture_desc": picture_desc(told, language),
        "more": links.home if ward is None else links.ward(ward),
    }


def found_rows(
    found: Found, facts: PublicFacts, links: PublicLinks, language: Language
) -> tuple[list[FigureRow], list[PlaceRow]]:
    """What was found, in words: wards, and places in them."""
    rows = rows_by_code(figures(facts.table, LAYER, language))
    return (
        [rows[code] for code in found.wards if code in rows],
        [
            *(_place_row(each, facts, links, language) for each in found.offices),
            *(replace(_wifi_row(each, facts, links), kind=wording(language)["wifi_title"])
              for each in found.wifi),
        ],
    )


def of_theme(table: CoverageTable, theme: str) -> CoverageTable:
    """The coverage of the offices of one theme alone."""
    return replace(
        table,
        wards=tuple(replace(w, counts=w.by_theme.get(theme, Counts())) for w in table.wards),
        total=table.by_theme.get(theme, Counts()),
    )


def rows_by_code(told: Figures) -> dict[str, FigureRow]:
    """The rows of wards by their codes."""
    return {row.key: row for row in told.wards}


def counted(key: str, count: int, language: Language, **facts: str) -> str:
    """A phrase with a number, in its form for none and for one where it has them."""
    words = wording(language)
    form = {0: f"{key}_none", 1: f"{key}_one"}.get(count, key)
    text = words.get(form, words[key]).replace("{count}", number(count, language))
    for name, value in facts.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def ward_answer(row: FigureRow, language: Language) -> str:
    """How a ward stands, in a sentence."""
    key = "answer_ward_name" if row.counts.known else "answer_ward_none"
    return _filled(key, row.counts, language).replace("{ward}", row.title)


def picture_desc(told: Figures, language: Language) -> str:
    """The picture of all wards, for who does not see it."""
    words = wording(language)
    known = sorted(
        (row for row in told.wards if row.counts.known),
        key=lambda row: (-row.counts.share_connected, row.title),
    )
    text = words["picture_desc"].replace("{count}", number(len(told.wards), language))
    for name, rows in (("most", known[:_NAMED]), ("least", known[_NAMED:][::-1][:_NAMED])):
        listed = ", ".join(f"{row.title} {row.share}" for row in rows) or words["no_data"]
        text = text.replace(f"{{{name}}}", listed)
    return text


def _shared(facts: PublicFacts, links: PublicLinks, language: Language) -> dict[str, Any]:
    return {
        "facts": facts,
        "links": links,
        "as_of": long_date(facts.as_of, language),
        "legend_rows": _legend(language),
    }


def _legend(language: Language) -> tuple[LegendRow, ...]:
    group, = legend((LAYER,), {"wards": REGISTRY["wards"].public_fields}, language)
    return group.rows


def _first_answer(facts: PublicFacts, told: Figures, language: Language) -> str:
    """Of ward offices, which people know best; of all offices where there are none."""
    wards = facts.types.get("ward", Counts())
    return _filled("answer_ward", wards, language) if wards.known else told.headline


def _theme_answer(total: FigureRow, theme: str, language: Language) -> str:
    text = _filled("answer_theme", total.counts, language)
    return text.replace("{theme}", codelists.THEME.title(theme, language))


def _filled(key: str, counts: Counts, language: Language) -> str:
    text = wording(language)[key]
    for name in ("connected", "known"):
        text = text.replace(f"{{{name}}}", number(getattr(counts, name), language))
    return text


def _answers(facts: PublicFacts, language: Language) -> Iterator[str]:
    if facts.types.get("ward", Counts()).known:
        yield figures(facts.table, LAYER, language).headline
    yield counted("answer_wifi", len(facts.wifi), language)
    yield counted("answer_outages", facts.open_faults, language)
    if facts.links:
        yield counted("answer_links", facts.links, language, km=number(round(facts.km), language))


def _faults_answer(outages: Outages, language: Language) -> str:
    text = counted("answer_outages", outages.count, language)
    if outages.since is None:
        return text
    return f"{text} {wording(language)['outages_since']}: {_day(outages.since, language)}."


def _people(facts: PublicFacts, code: str, language: Language) -> Iterator[str]:
    if code in facts.population:
        people, year = facts.population[code]
        key = "ward_people" if year is not None else "ward_people_undated"
        text = wording(language)[key].replace("{people}", number(people, language))
        yield text.replace("{year}", str(year))


def _type_rows(facts: PublicFacts, language: Language) -> list[FigureRow]:
    return [
        FigureRow(
            type_, codelists.OFFICE_TYPE.title(type_, language), "", counts, _share(counts), None
        )
        for type_, counts in facts.types.items()
    ]


def _share(counts: Counts) -> str:
    share = counts.share_connected
    return "\N{EN DASH}" if math.isnan(share) else f"{100 * share:.0f}%"


def _outage_rows(
    facts: PublicFacts, links: PublicLinks, language: Language
) -> Iterator[tuple[NavLink | None, str, str]]:
    """The ward, how many faults are open, and since when; wards by name, the unknown last."""
    named = {code: _ward_link(code, facts, links) for code in facts.outages}
    for code in sorted(named, key=lambda code: w.title if (w := named[code]) else "\uffff"):
        each = facts.outages[code]
        since = "" if each.since is None else _day(each.since, language)
        yield named[code], number(each.count, language), since


def _ward_link(code: str, facts: PublicFacts, links: PublicLinks) -> NavLink | None:
    ward = facts.ward(code)
    return None if ward is None else NavLink(ward.name, links.ward(code))


def _place_row(
    point: ServicePoint, facts: PublicFacts, links: PublicLinks, language: Language
) -> PlaceRow:
    return PlaceRow(
        point.name,
        codelists.OFFICE_TYPE.title(point.office_type, language),
        point.connection,
        codelists.CONNECTION.title(point.connection, language),
        _ward_link(point.ward, facts, links),
        _away(point.distance_m, language),
    )


def _wifi_row(place: WifiPlace, facts: PublicFacts, links: PublicLinks) -> PlaceRow:
    return PlaceRow(place.name, "", "wifi", "", _ward_link(place.ward, facts, links))


def _away(distance_m: float | None, language: Language) -> str:
    if distance_m is None:
        return ""
    words = wording(language)
    if distance_m < 950:
        return words["away_m"].replace("{distance}", number(round(distance_m, -1), language))
    return words["away_km"].replace("{distance}", number(round(distance_m / 1000, 1), language))


def _day(at: datetime, language: Language) -> str:
    return medium_date(days.day_of(at), language)

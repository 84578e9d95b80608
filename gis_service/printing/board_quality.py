"""The quality of the data, and the definitions, as sections of the report."""

from __future__ import annotations

from collections.abc import Iterator

from gis_service.model.codelists import CERTIFICATION
from gis_service.model.fields import Language
from gis_service.model.indicators import Indicator
from gis_service.model.locales import long_date
from gis_service.printing.board_facts import BoardFacts
from gis_service.printing.document import Column, Kind, Section, Table
from gis_service.printing.wording import phrase


def quality_section(facts: BoardFacts, language: Language) -> Section:
    """What in the records stands in doubt, and which equipment wants certification."""
    quality = facts.by_ward.quality
    checks = (
        (phrase("quality_unknown", language), facts.by_ward.whole.sums.get("unknown")),
        (phrase("quality_outside", language), len(quality.outside)),
        (phrase("quality_edge", language, metres=f"{quality.edge_m:g}"), len(quality.on_edge)),
        (phrase("quality_disagreeing", language), len(quality.disagreeing)),
        (phrase("quality_undated", language), facts.before.quality.undated_links),
    )
    name = phrase("quality_table", language)
    tables = [Table(name, name, (
        Column(phrase("check", language)), Column(phrase("count", language), Kind.COUNT)
    ), checks)]
    told = [phrase("quality_outlines", language)] if facts.approximate else []
    if facts.certifications.devices:
        counts = facts.certifications.counts()
        name = phrase("certification_table", language)
        tables.append(Table(name, name, (
            Column(phrase("state", language)), Column(phrase("devices", language), Kind.COUNT)
        ), tuple((CERTIFICATION.title(state, language), count) for state, count in counts.items())))
    else:
        told.append(phrase("certification_none", language))
    return Section(
        "quality", phrase("quality_section", language), tuple(told), tables=tuple(tables),
        starts_page=True,
    )


def definitions_section(facts: BoardFacts, language: Language) -> Section:
    """What each figure means, and where unit costs come from."""
    seen = dict.fromkeys(_indicators(facts))
    name, costs = phrase("definitions_table", language), phrase("costs_table", language)
    definitions = Table(name, name, (
        Column(phrase("figure", language)), Column(phrase("definition", language))
    ), tuple((each.title[language], each.description[language]) for each in seen))
    unit_costs = Table(costs, costs, (
        Column(phrase("what", language)),
        Column(phrase("amount", language), Kind.NUMBER, decimals=None),
        Column(phrase("cost_source", language)),
    ), tuple(
        (phrase(key, language), each.amount, each.source)
        for key, each in facts.plan.costs.figures().items()
    ))
    intro = phrase("definitions_intro", language, day=long_date(facts.as_of, language))
    return Section(
        "definitions", phrase("definitions_section", language), (intro,),
        tables=(unit_costs, definitions),
    )


def _indicators(facts: BoardFacts) -> Iterator[Indicator]:
    yield from (i for i in facts.by_ward.indicators if i.id in _BESIDES)
    for card in facts.scorecards.cards:
        for figure in card.figures:
            yield figure.indicator


_BESIDES = ("share_connected", "connected", "unconnected", "unknown", "share_redundant")

"""The quality of the data, and the definitions, as sections of the report."""

from __future__ import annotations

from gis_service.model.codelists import CERTIFICATION
from gis_service.model.fields import Language
from gis_service.model.locales import long_date
from gis_service.printing.board_facts import BoardFacts
from gis_service.printing.document import Column, Kind, Section, Table
from gis_service.printing.wording import phrase

COUNTS = ("share_connected", "connected", "unconnected", "unknown", "share_redundant")
"""Indicators of the tables of wards and themes."""


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
    on_cards = dict.fromkeys(f.indicator for c in facts.scorecards.cards for f in c.figures)
    others = [i for i in facts.by_ward.indicators if i.id in COUNTS and i not in on_cards]
    name, costs = phrase("definitions_table", language), phrase("costs_table", language)
    definitions = Table(name, name, (
        Column(phrase("figure", language)), Column(phrase("definition", language))
    ), tuple((each.title[language], each.description[language]) for each in (*others, *on_cards)),
        note=phrase("definitions_note", language), most_on_pages=len(others))
    unit_costs = Table(costs, costs, (
        Column(phrase("what", language)),
        Column(phrase("amount", language), Kind.NUMBER, decimals=None),
        Column(phrase("cost_source", language)),
    ), tuple(
        (phrase(key, language), each.amount, each.source)
        for key, each in facts.plan.costs.figures().items()
    ))
    told = [phrase("definitions_intro", language, day=long_date(facts.as_of, language))]
    if facts.ward_sources:
        sources = " ".join(facts.ward_sources)
        told.append(phrase("ward_sources", language, sources=sources))
    return Section(
        "definitions", phrase("definitions_section", language), tuple(told),
        tables=(unit_costs, definitions),
    )

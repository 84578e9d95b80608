"""Risks and proposals, as sections of the report."""

from __future__ import annotations

from collections import Counter

from gis_service.model.connect import ConnectionPlan
from gis_service.model.fields import Language
from gis_service.model.locales import number
from gis_service.model.weak_points import WeakKind
from gis_service.printing.board_facts import BoardFacts, map_drawings
from gis_service.printing.document import Cell, Column, Kind, Section, Table
from gis_service.printing.wording import money, phrase

MOST_SHOWN = 20
"""Proposals that pages list; the workbook has them all."""
NUMBERED = 15
"""Things that maps number."""
MAP_MM = 120.0


def risks_section(facts: BoardFacts, language: Language) -> Section:
    """The single points of failure, ranked by what they darken."""
    title = phrase("risks_section", language)
    if facts.weak is None:
        return Section("risks", title, (phrase("risks_no_gateway", language),))
    points, counts = facts.weak.points, facts.weak.counts
    if not points:
        return Section("risks", title, (phrase("risks_none", language),))
    intro = phrase(
        "risks_intro", language, shown=len(points),
        links=counts.get(WeakKind.LINK, 0), nodes=counts.get(WeakKind.NODE, 0),
        trenches=counts.get(WeakKind.TRENCH, 0), sites=counts.get(WeakKind.SITE, 0),
    )
    rows = tuple(
        (
            rank, phrase(f"weak_{each.kind.value}", language),
            each.name or phrase("unnamed", language),
            each.offices, each.beneficiaries, each.offices_unknown,
        )
        for rank, each in enumerate(points, 1)
    )
    name = phrase("risks_table", language)
    columns = (
        Column(phrase("rank", language), Kind.COUNT),
        Column(phrase("what", language)),
        Column(phrase("name", language)),
        Column(phrase("offices_dark", language), Kind.COUNT),
        Column(phrase("people_served", language), Kind.COUNT),
        Column(phrase("people_unknown", language), Kind.COUNT),
    )
    drawings = map_drawings(
        "risks", facts.risk_map, MAP_MM, title, phrase("risks_map", language), language
    )
    table = Table(name, name, columns, rows, note=phrase("risks_note", language))
    return Section("risks", title, (intro,), drawings=drawings, tables=(table,), starts_page=True)


def plan_section(facts: BoardFacts, language: Language) -> Section:
    """What to connect next, for how much."""
    title = phrase("plan_section", language)
    plan = facts.plan
    told = list(_plan_words(plan, facts.connection_unknown, language))
    if not plan.connected:
        return Section("proposals", title, (phrase("plan_none", language), *told))
    caption = phrase("plan_map", language, shown=min(NUMBERED, len(plan.connected)))
    drawings = map_drawings("proposals", facts.plan_map, MAP_MM, title, caption, language)
    return Section(
        "proposals", title, tuple(told), drawings=drawings, tables=(_plan_table(plan, language),),
        starts_page=True,
    )


def _plan_words(plan: ConnectionPlan, unknown: int, language: Language) -> list[str]:
    def told(value: float, decimals: int = 0) -> str:
        return number(value, language, decimals=decimals)

    words = []
    outcomes = Counter(each.outcome for each in plan.offices)
    if plan.connected:
        words.append(phrase(
            "plan_intro", language,
            offices=told(len(plan.connected)), km=told(plan.trench_m / 1000, 1),
            singly=told(plan.singly_m / 1000, 1), cost=money(plan.cost_kes, language),
            each=money(plan.kes_per_office or 0, language),
        ))
    if plan.budget_kes is not None:
        words.append(phrase(
            "plan_budget", language, budget=money(plan.budget_kes, language),
            beyond=told(outcomes["beyondBudget"]),
        ))
    if plan.method == "roads":
        words.append(phrase("plan_roads", language))
    else:
        factor = f"{plan.costs.detour_factor.amount:g}"
        words.append(phrase("plan_straight", language, factor=factor))
    if outcomes["unreachable"]:
        words.append(phrase("plan_unreachable", language, count=told(outcomes["unreachable"])))
    if unknown:
        words.append(phrase("plan_unknown", language, count=told(unknown)))
    return [" ".join(words)] if words else []


def _plan_table(plan: ConnectionPlan, language: Language) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            each.rank, each.office.name or phrase("unnamed", language),
            None if each.added_m is None else each.added_m / 1000,
            each.added_kes, each.office.beneficiaries, each.kes_per_beneficiary,
        )
        for each in plan.connected
    ]
    columns = (
        Column(phrase("rank", language), Kind.COUNT),
        Column(phrase("office", language)),
        Column(phrase("added_trench", language), Kind.NUMBER, "km", decimals=2),
        Column(phrase("added_cost", language), Kind.NUMBER, "KES", decimals=0),
        Column(phrase("people_served", language), Kind.COUNT),
        Column(phrase("cost_per_person", language), Kind.NUMBER, "KES", decimals=0),
    )
    total: tuple[Cell, ...] = (
        "", phrase("all_together", language), plan.trench_m / 1000, plan.cost_kes,
        plan.beneficiaries, plan.kes_per_beneficiary,
    )
    name = phrase("plan_table", language)
    return Table(
        name, name, columns, (*rows, total), note=phrase("plan_note", language),
        has_total=True, most_on_pages=MOST_SHOWN,
    )

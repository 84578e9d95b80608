"""The report to the board: its headline and its sections, from the facts."""

from __future__ import annotations

from collections.abc import Iterator

from gis_service.model.fields import Language
from gis_service.model.locales import long_date, number
from gis_service.model.weak_points import WeakPoint
from gis_service.printing.board_coverage import coverage_section, progress_section, themes_section
from gis_service.printing.board_facts import BoardFacts
from gis_service.printing.board_network import plan_section, risks_section
from gis_service.printing.board_quality import definitions_section, quality_section
from gis_service.printing.document import Document, per_cent
from gis_service.printing.wording import money, phrase


def board_report(facts: BoardFacts, language: Language) -> Document:
    """The report in a language; a section without data says so, in a sentence."""
    return Document(
        language=language,
        municipality=facts.municipality,
        title=phrase("report_title", language),
        subtitle=phrase("report_subtitle", language),
        as_of=facts.as_of,
        banner=phrase("sample_banner", language) if facts.synthetic else "",
        headline=tuple(_headline(facts, language)),
        highlights_title=phrase("highlights", language),
        highlights=tuple(
            (theme.title[language], per_cent(theme.value("share_connected"), language))
            for theme in facts.by_theme.groups if theme.key
        ),
        sections=(
            themes_section(facts, language),
            coverage_section(facts, language),
            progress_section(facts, language),
            risks_section(facts, language),
            plan_section(facts, language),
            quality_section(facts, language),
            definitions_section(facts, language),
        ),
    )


def _headline(facts: BoardFacts, language: Language) -> Iterator[str]:
    def told(value: float) -> str:
        return number(round(value), language)

    whole, before = facts.by_ward.whole.sums, facts.before.whole.sums
    if whole.get("known", 0) > 0:
        share = per_cent(facts.by_ward.whole.value("share_connected"), language)
        sentence = phrase(
            "head_connected", language,
            connected=told(whole["connected"]), known=told(whole["known"]), share=share,
        )
        if whole["unknown"]:
            sentence += " " + phrase("head_unknown", language, unknown=told(whole["unknown"]))
        if before.get("known", 0) > 0:
            sentence += " " + phrase(
                "head_before", language,
                since=long_date(facts.since, language), before=told(before["connected"]),
            )
        yield sentence
    else:
        yield phrase("head_none", language)
    if facts.weak is not None and facts.weak.points:
        worst = facts.weak.points[0]
        yield phrase(
            "head_weak", language,
            count=told(sum(facts.weak.counts.values())),
            name=_named(worst, language), offices=told(worst.offices),
        )
    if facts.plan.connected:
        key = "head_plan" if facts.plan.budget_kes is None else "head_plan_budget"
        yield phrase(
            key, language,
            offices=told(len(facts.plan.connected)), cost=money(facts.plan.cost_kes, language),
            budget=money(facts.plan.budget_kes or 0, language),
        )


def _named(point: WeakPoint, language: Language) -> str:
    return point.name or phrase("unnamed", language)

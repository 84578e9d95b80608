"""The quality report of a package as a document: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.fields import Language
from gis_service.model.locales import number
from gis_service.model.quality import Family, Finding, QualityReport, RuleCount, family_of
from gis_service.model.reports import Severity
from gis_service.printing.document import Column, Document, Kind, Section, Table
from gis_service.printing.wording import phrase

_RULES = {rule.id: rule for rule in QUALITY_RULES}
_MOST_ON_PAGE = 200
"""Findings of one rule that a page shows; a workbook has them all."""


def quality_document(
    report: QualityReport, language: Language, as_of: date, municipality: str
) -> Document:
    """
    The report in one language.

    Messages of single findings hold the package's own words and are English.
    """
    networks = ", ".join(dict.fromkeys(each.name or each.id for each in report.networks))
    return Document(
        language=language,
        municipality=municipality,
        title=phrase("package_title", language, networks=networks or report.source),
        subtitle=phrase("package_subtitle", language, source=report.source, form=report.form),
        as_of=as_of,
        banner="",
        headline=tuple(_headline(report, language)),
        highlights_title=phrase("package_highlights", language),
        highlights=tuple(
            (phrase(f"severities_{each.value}", language), number(report.total(each), language))
            for each in Severity
        ),
        sections=(
            _overview(report, language),
            *_findings(report, language),
            _coverage(report, language),
        ),
    )


def _headline(report: QualityReport, language: Language) -> Iterable[str]:
    versions = ", ".join(sorted({each.version for each in report.networks}))
    verdict = "package_conforms" if report.conforms else "package_breaks"
    yield phrase(verdict, language, versions=versions or "0.4")
    if report.conforms and report.counts:
        yield phrase("package_conforms_but", language)
    if any(not each.stated for each in report.networks):
        yield phrase("package_unstated", language)
    yield from report.notes


def _overview(report: QualityReport, language: Language) -> Section:
    networks = Table(
        phrase("package_networks", language), phrase("package_networks", language),
        (
            Column(phrase("package_network", language)),
            Column("OFDS"),
            Column(phrase("package_nodes", language), Kind.COUNT),
            Column(phrase("package_spans", language), Kind.COUNT),
            Column(phrase("package_routes", language), Kind.NUMBER, unit="km"),
        ),
        tuple(
            (each.name or each.id, each.version, float(each.objects.get("nodes", 0)),
             float(each.objects.get("spans", 0)), each.route_km)
            for each in report.networks
        ),
    )
    rules = Table(
        phrase("package_rules", language), phrase("package_rules", language),
        (
            Column(phrase("package_rule", language)),
            Column(phrase("package_severity", language)),
            Column(phrase("count", language), Kind.COUNT),
            Column(phrase("package_meaning", language)),
            Column(phrase("package_remedy", language)),
        ),
        tuple(_rule_row(each, language) for each in report.counts),
        note=phrase("package_families", language),
    )
    return Section(
        "overview", phrase("package_overview", language),
        () if report.counts else (phrase("package_nothing", language),),
        tables=(networks, rules) if report.counts else (networks,),
    )


def _rule_row(count: RuleCount, language: Language) -> tuple[str | float, ...]:
    rule = _RULES[count.rule]
    return (
        count.rule, phrase(f"severity_{count.severity.value}", language), float(count.count),
        rule.title[language], rule.remedy[language],
    )


def _findings(report: QualityReport, language: Language) -> Iterable[Section]:
    for family in Family:
        tables = tuple(
            _table(number_, count, [
                f for f in report.findings
                if (f.rule, f.severity) == (count.rule, count.severity)
            ], language)
            for number_, count in enumerate(report.counts, 1) if family_of(count.rule) is family
        )
        if tables:
            yield Section(
                family.value, phrase(f"family_{family.value}", language),
                (phrase(f"family_{family.value}_what", language),), tables=tables,
            )


def _table(
    number_: int, count: RuleCount, found: list[Finding], language: Language
) -> Table:
    rule = _RULES[count.rule]
    severity = phrase(f"severity_{count.severity.value}", language)
    rows = sorted(found, key=_worst) if count.rule in {"KIS-G2", "KIS-G9"} else found
    return Table(
        f"{number_}. {count.rule}",
        f"{rule.title[language]} ({count.rule}, {severity}): {number(count.count, language)}",
        (
            Column(phrase("package_item", language)),
            Column(phrase("package_message", language)),
            Column(phrase("package_path", language)),
        ),
        tuple((_item(each), each.message, "/".join(map(str, each.path))) for each in rows),
        note=rule.remedy[language],
        most_on_pages=_MOST_ON_PAGE,
    )


def _worst(finding: Finding) -> float:
    return -float(finding.details.get("gap_m", 0))


def _item(finding: Finding) -> str:
    return f"{finding.kind} {finding.name or finding.id}".strip()


def _coverage(report: QualityReport, language: Language) -> Section:
    title = phrase("package_coverage", language)
    covered = Table(
        title, title,
        (
            Column(phrase("package_property", language)),
            Column(phrase("package_filled", language), Kind.COUNT),
            Column(phrase("package_objects", language), Kind.COUNT),
            Column(phrase("package_share", language), Kind.PER_CENT),
        ),
        tuple(
            (each.path, float(each.filled), float(each.objects), 100 * each.share)
            for each in report.coverage
        ),
        note=phrase("package_coverage_note", language),
    )
    added = Table(
        phrase("package_additional", language), phrase("package_additional", language),
        (
            Column(phrase("package_property", language)),
            Column(phrase("count", language), Kind.COUNT),
            Column(phrase("package_examples", language)),
        ),
        tuple(
            (each.path, float(each.count), ", ".join(each.examples)) for each in report.additional
        ),
    )
    return Section("coverage", title, tables=(covered, added) if report.additional else (covered,))

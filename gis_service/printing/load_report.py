"""A load's report as one page that holds all it needs, or as a table."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from functools import partial

from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Language
from gis_service.model.locales import number
from gis_service.model.reports import LoadReport
from gis_service.model.rules import RULES, sentence
from gis_service.printing.document_html import environment
from gis_service.printing.wording import phrase

MOST_ROWS = 20_000
"""Rows that the page lists; a table has no such bound."""
_AT_ONCE = 5_000
_COLUMNS = ("row", "column", "rule", "severity", "value", "message", "what to do")


def load_report_html(
    report: LoadReport, language: Language, *, rejected: bool, service: str = ""
) -> bytes:
    """
    The page, UTF-8.

    It loads nothing and has no script; its policy stands in it. What it is
    given is text, never markup.

    Parameters
    ----------
    rejected
        Whether nothing was loaded because rows are at fault.
    service
        Address of the service, whose page of rules each rule then leads to.
    """
    counted = Counter((fault.rule, fault.severity) for fault in report.faults)
    template = environment().get_template("load_report.html")
    return template.render(
        report=report,
        language=language,
        t=lambda key: phrase(key, language),
        number=partial(number, language=language),
        sentence=partial(sentence, language=language),
        heading=phrase(
            "load_into", language, source=report.source,
            collection=REGISTRY[report.collection].title[language],
        ),
        rejected=rejected,
        service=service,
        verdict=_verdict(report, language, rejected=rejected),
        outcomes=_outcomes(report),
        facts=_facts(report),
        summary=[
            (RULES[rule], severity, count) for (rule, severity), count in counted.most_common()
        ],
        faults=report.faults[:MOST_ROWS],
        more=_more(report, language),
    ).encode()


def load_report_csv(report: LoadReport, language: Language) -> Iterator[str]:
    """
    Every fault in a row, some thousands at a time.

    Cells that a table program would compute are made harmless.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    in_english = language == "en"
    writer.writerow(_COLUMNS if in_english else (*_COLUMNS, "in English"))
    for count, fault in enumerate(report.faults, 1):
        rule = RULES[fault.rule]
        message = _harmless(fault.message)
        writer.writerow((
            fault.row, _harmless(fault.column), fault.rule, fault.severity.value,
            _harmless(fault.value), message if in_english else rule.title[language],
            rule.remedy[language], *(() if in_english else (message,)),
        ))
        if count % _AT_ONCE == 0:
            yield file.getvalue()
            file.seek(0)
            file.truncate()
    yield file.getvalue()


def _verdict(report: LoadReport, language: Language, *, rejected: bool) -> str:
    counts = {"n": number(report.rejected, language), "all": number(report.read, language)}
    if rejected:
        return phrase("load_rejected", language, **counts)
    if report.dry_run:
        return phrase("load_dry", language)
    return phrase("load_partly" if report.rejected else "load_done", language, **counts)


def _outcomes(report: LoadReport) -> list[tuple[str, int]]:
    counts = [
        ("load_read", report.read), ("load_inserted", report.inserted),
        ("load_updated", report.updated), ("load_unchanged", report.unchanged),
        ("load_rejected_rows", report.rejected),
    ]
    if report.set_aside:
        counts.append(("load_set_aside", report.set_aside))
    if report.decommissioned:
        counts.append(("load_decommissioned", report.decommissioned))
    return counts


def _facts(report: LoadReport) -> list[tuple[str, str]]:
    found = [
        ("load_network", report.network or ""),
        ("load_crs", report.crs),
        ("load_unmapped", ", ".join(report.unmapped)),
        ("load_id", report.load_id),
    ]
    return [(title, value) for title, value in found if value]


def _more(report: LoadReport, language: Language) -> str:
    listed, found = len(report.faults), max(len(report.faults), report.faults_found)
    if found <= min(listed, MOST_ROWS):
        return ""
    return phrase(
        "load_more", language,
        n=number(min(listed, MOST_ROWS), language), all=number(found, language),
    )


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text

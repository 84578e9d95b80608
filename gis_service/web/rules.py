"""The rules that data are checked by, and the quality of the networks held here."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.formats.ofds_mapping import collection_of
from gis_service.model.quality import Finding, QualityReport, RuleCount
from gis_service.model.reports import Rule, Severity
from gis_service.model.rules import RULE_GROUPS, RULES
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML, JSON
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.pages import static_address

RULES_PATH, QUALITY_PATH = "/rules", "/quality"
MOST_SHOWN = 10
"""Findings of a rule that the page shows; the document has them all."""
_ARRAYS = {"node": "nodes", "span": "spans", "organisation": "organisations", "phase": "phases",
           "contract": "contracts"}


@dataclass(frozen=True, slots=True)
class Place:
    """One finding as the page shows it; `href` leads to the item, on a map where it has one."""

    kind: str
    name: str
    message: str
    href: str | None


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that was broken, how often, and the first places."""

    rule: Rule
    severity: Severity
    count: int
    places: tuple[Place, ...]


async def rules(request: Request) -> Response:
    """Every rule by its id: what it means, and what to do."""
    asked = read(request, JSON, HTML)
    if not asked.is_html:
        return asked.document({"rules": [each.as_json() for each in RULES.values()]})
    return asked.page("rules.html", groups=RULE_GROUPS, page_styles=_styles(asked))


async def quality(request: Request) -> Response:
    """What is wrong with a network that is held here, or which there are."""
    asked = read(request, JSON, HTML, known=(*COMMON_PARAMETERS, "network"))
    site, principal = asked.services.quality, asked.principal
    networks = await site.known(principal)
    chosen = asked.parameters.get("network")
    report = await site.report(chosen, principal) if chosen else None
    if not asked.is_html:
        if report is not None:
            return asked.document(report.as_json())
        return asked.document({
            "networks": [
                {"id": id_, "title": name, "href": with_query(
                    asked.at.base + QUALITY_PATH, [("network", id_), ("f", JSON.name)]
                )}
                for id_, name in networks
            ]
        })
    return asked.page(
        "quality.html",
        networks=networks,
        chosen=chosen,
        report=report,
        severities=list(Severity),
        broken=[_broken(report, each, asked) for each in report.counts] if report else [],
        rule_href=lambda id_: f"{asked.at.to(RULES_PATH)}#{id_}",
        json_href=asked.address_with(f=JSON.name),
        most=MOST_SHOWN,
        page_styles=_styles(asked),
    )


def _broken(report: QualityReport, count: RuleCount, asked: Asked) -> Broken:
    found = [f for f in report.findings if (f.rule, f.severity) == (count.rule, count.severity)]
    found.sort(key=lambda each: -float(each.details.get("gap_m", 0)))
    return Broken(
        RULES[count.rule], count.severity, count.count,
        tuple(_place(each, asked) for each in found[:MOST_SHOWN]),
    )


def _place(finding: Finding, asked: Asked) -> Place:
    kind = finding.kind if finding.kind in _ARRAYS else ""
    href = None
    if finding.id and kind:
        items = f"/collections/{collection_of(_ARRAYS[kind]).id}/items"
        href = with_query(
            asked.at.base + items,
            [("external_id", finding.id), ("f", HTML.name), *asked.at.language],
        )
    named = finding.name or finding.id or "/".join(map(str, finding.path))
    return Place(kind, named, finding.message, href)


def _styles(asked: Asked) -> list[str]:
    return [static_address(asked.at, "rules.css")]


ROUTES = (
    Route(RULES_PATH, rules, methods=["GET"]),
    Route(QUALITY_PATH, quality, methods=["GET"]),
)

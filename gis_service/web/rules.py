"""The rules that data are checked by, and the quality of networks held here and packages sent."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidInput
from gis_service.formats.ofds_mapping import collection_of
from gis_service.model.quality import Finding, QualityReport, RuleCount
from gis_service.model.reports import Rule, Severity
from gis_service.model.rules import RULE_GROUPS, RULES
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML, JSON
from gis_service.services.received import Arrival
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.page_words import spoken
from gis_service.web.pages import static_address
from gis_service.web.receiving import receive

RULES_PATH, QUALITY_PATH = "/rules", "/quality"
MOST_EMBEDDED = 1_400_000
"""Bytes of findings in the page of a package that is kept nowhere."""
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
    if not asked.is_html and report is not None:
        return asked.document(report.as_json())
    if not asked.is_html:
        return asked.document({
            "networks": [
                {"id": id_, "title": name, "href": with_query(
                    asked.at.base + QUALITY_PATH, [("network", id_), ("f", JSON.name)]
                )}
                for id_, name in networks
            ]
        })
    return _page(
        asked, networks, report, chosen=chosen, json_href=asked.address_with(f=JSON.name)
    )


async def check_sent(request: Request) -> Response:
    """What is wrong with a package that is sent; nothing of it is kept."""
    asked = read(request, JSON, HTML)
    site, principal = asked.services.quality, asked.principal
    networks = await site.known(principal)
    try:
        with Arrival(asked.settings, most_mb=site.most_mb) as arrival:
            if await receive(request, arrival):
                raise InvalidInput("Send nothing but the files of one package.")
            path = await asyncio.to_thread(arrival.whole)
            report = await site.report_of_file(path, principal)
    except InvalidInput as error:
        if not asked.is_html:
            raise
        response = _page(asked, networks, None, fault=error)
        response.status_code = HTTPStatus.BAD_REQUEST
        return response
    if not asked.is_html:
        response = asked.document(report.as_json())
        response.headers["content-disposition"] = 'attachment; filename="quality.json"'
    else:
        response = _page(asked, networks, report, sent=True, json_href=_embedded(report))
    response.headers["cache-control"] = "private, no-store"
    return response


def _page(
    asked: Asked,
    networks: Sequence[tuple[str, str]],
    report: QualityReport | None,
    *,
    chosen: str | None = None,
    sent: bool = False,
    json_href: str = "",
    fault: InvalidInput | None = None,
) -> Response:
    """
    The page; `sent` is whether the report is of a package that is not held here.
    """
    return asked.page(
        "quality.html",
        networks=networks,
        chosen=chosen,
        report=report,
        sent=sent,
        fault=fault,
        spoken=spoken,
        most_mb=asked.services.quality.most_mb,
        severities=list(Severity),
        broken=[_broken(report, each, asked, held=not sent) for each in report.counts]
        if report else [],
        rule_href=lambda id_: f"{asked.at.to(RULES_PATH)}#{id_}",
        json_href=json_href,
        most=MOST_SHOWN,
        page_styles=[static_address(asked.at, "report.css"), *_styles(asked)],
    )


def _embedded(report: QualityReport) -> str:
    """All findings as an address that holds them; empty where browsers take none so long."""
    told = orjson.dumps(report.as_json(), default=str)
    if len(told) > MOST_EMBEDDED:
        return ""
    return f"data:application/json;base64,{base64.b64encode(told).decode()}"


def _broken(report: QualityReport, count: RuleCount, asked: Asked, *, held: bool) -> Broken:
    found = [f for f in report.findings if (f.rule, f.severity) == (count.rule, count.severity)]
    found.sort(key=lambda each: -float(each.details.get("gap_m", 0)))
    return Broken(
        RULES[count.rule], count.severity, count.count,
        tuple(_place(each, asked, held=held) for each in found[:MOST_SHOWN]),
    )


def _place(finding: Finding, asked: Asked, *, held: bool) -> Place:
    kind = finding.kind if finding.kind in _ARRAYS else ""
    href = None
    if held and finding.id and kind:
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
    Route(QUALITY_PATH, check_sent, methods=["POST"]),
)

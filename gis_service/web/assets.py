"""`/a/TAG`: where a label's code leads, from any camera."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model.audience import visible_fields
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Language
from gis_service.model.locales import medium_date
from gis_service.ogc.media import HTML
from gis_service.services.assets import Asset
from gis_service.web.asked import Asked, read
from gis_service.web.local_times import local_time
from gis_service.web.menu import has_page
from gis_service.web.pages import static_address
from gis_service.web.tables import Reading, called, entries, references

LONGEST_TAG = 100
REPORT = "/report"
_STATE = ("lifecycle", "status", "connection")
"""Fields that say how a thing stands; the first that it has is shown above all else."""
_SIGNS: Mapping[str, str] = {
    **dict.fromkeys(("inService", "operational", "connected"), "field-yes"),
    **dict.fromkeys(("retired", "decommissioned", "unconnected", "underRepair"), "field-no"),
    "unknown": "field-unknown",
}
_ELSE = "field-wait"
_UNSAID = frozenset({"version", "updated_at", "visibility", "network"})


async def asset(request: Request) -> Response:
    """
    What a label stands on, for staff.

    The public's page is the same for every label, and for what is none.
    """
    asked = read(request, HTML, negotiate=False)
    tag = request.path_params["tag"][:LONGEST_TAG]
    styles = [static_address(asked.at, "asset.css")]
    if not asked.principal.audience.is_staff:
        report = asked.at.to(REPORT) if has_page(request, REPORT) else None
        return asked.page("asset_public.html", report=report, stylesheets_beside=styles)
    field_href = f"{asked.at.to('/field')}#/a/{quote(tag, safe='')}"
    found = await asked.services.assets.asset(tag, asked.principal)
    if found is None:
        response = asked.page(
            "asset.html", found=None, tag=tag, field_href=field_href, stylesheets_beside=styles
        )
        response.status_code = 404
        return response
    return await _page(asked, found, tag, field_href, styles)


async def _page(
    asked: Asked, found: Asset, tag: str, field_href: str, styles: list[str]
) -> Response:
    language, properties = asked.language, found.item["properties"]
    fields = [
        field for field in visible_fields(found.collection, asked.principal.audience)
        if field.name not in _UNSAID and properties.get(field.name) not in (None, [])
    ]
    labels = await asked.services.features.labels(
        references([properties], fields), asked.principal
    )
    state = next((f for f in fields if f.name in _STATE and f.codelist is not None), None)
    code = "" if state is None else str(properties[state.name])
    work = REGISTRY["work_log"].by_name
    due = properties.get("certification_due_on")
    return asked.page(
        "asset.html",
        found=found,
        tag=tag,
        name=called(found.collection, found.item, language),
        state="" if state is None or state.codelist is None
        else state.codelist.title(code, language),
        state_sign=_SIGNS.get(code, _ELSE),
        entries=[
            each for each in entries(found.item, fields, Reading(language, asked.at, labels))
            if each[0].name != "certification_due_on"
        ],
        due=None if due is None else medium_date(date.fromisoformat(due), language),
        due_title=REGISTRY["equipment"].by_name["certification_due_on"].title[language],
        place=None if found.position is None
        else f"{found.position[1]:.6f}, {found.position[0]:.6f}",
        geo=None if found.position is None
        else f"geo:{found.position[1]:.6f},{found.position[0]:.6f}",
        kind=lambda row: _title(work, "kind", row, language),
        result=lambda row: _title(work, "result", row, language),
        time=lambda at: local_time(at, language) if at else "\N{EN DASH}",
        photo_href=lambda row: f"{asked.at.path}/field/photos/{row['id']}",
        field_href=field_href,
        stylesheets_beside=styles,
    )


def _title(fields: Mapping[str, Any], name: str, row: Any, language: Language) -> str:
    value = row[name]
    return "" if value is None else str(fields[name].codelist.title(value, language))


ROUTES = (Route("/a/{tag}", asset, methods=["GET"]),)

"""What is kept about persons, for everybody: the notice that the law asks for."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.model.fields import Text
from gis_service.model.locales import number
from gis_service.model.personal_data import REGISTER, Kept, personal_fields
from gis_service.ogc.media import HTML, JSON
from gis_service.web.asked import Asked, read
from gis_service.web.pages import static_address

PATH = "/privacy"
RIGHTS = ("told", "access", "object", "correct", "move", "complain")


async def privacy(request: Request) -> Response:
    """What is kept, why, how long, who sees it; and what one can ask for."""
    asked = read(request, JSON, HTML)
    kept = [_told(each, asked) for each in REGISTER]
    if not asked.is_html:
        return asked.document({
            "controller": asked.settings.controller or asked.settings.municipality,
            "kept": kept, "links": [],
        })
    return asked.page(
        "privacy.html", kept=kept, rights=RIGHTS, controller=asked.settings.controller,
        page_styles=[static_address(asked.at, "people.css")],
    )


def _told(each: Kept, asked: Asked) -> dict[str, str]:
    language, settings = asked.language, asked.settings
    values = {
        "report_contact_days": number(settings.report_contact_days, language),
        "session_hours": number(settings.session_hours, language),
        "backup_keep": settings.backup_keep,
        "fields": ", ".join(
            f"{collection.title[language]} ({field.title[language]})"
            for collection, field in personal_fields()
        ),
    }

    def filled(text: Text) -> str:
        return text[language].format(**values)

    return {
        "id": each.id, "what": filled(each.what), "why": filled(each.why),
        "until": filled(each.until), "seen_by": filled(each.seen_by),
    }


ROUTES = (Route(PATH, privacy, methods=["GET"]),)

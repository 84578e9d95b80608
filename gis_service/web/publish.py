"""Publishing: what the public sees, what changed of it, and the hand that stands by it."""

from __future__ import annotations

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.collections import REGISTRY
from gis_service.model.publications import Moved
from gis_service.ogc.media import HTML
from gis_service.ogc.parameters import parse_id
from gis_service.services.publications import LONGEST_NOTE
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_form
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address

LONGEST_FORM = 16_384


async def publish(request: Request) -> Response:
    """What the public sees, beside what it saw when somebody published last."""
    asked = read(request, HTML, known=(*COMMON_PARAMETERS, "collection", "q"))
    site, principal = asked.services.publications, asked.principal
    changes = await site.changes(principal)
    collection, words = asked.parameters.get("collection"), asked.parameters.get("q")
    found = None
    if collection is not None and words is not None:
        found = await site.named_like(collection, words, principal)
    return asked.page(
        "publish.html",
        latest=await site.latest(),
        changes=changes,
        withheld=await site.withheld(principal),
        found=found,
        chosen=collection,
        words=words or "",
        kinds=list(Moved),
        longest_note=LONGEST_NOTE,
        titles={id_: each.title[asked.language] for id_, each in REGISTRY.items()},
        time=lambda at: local_time(at, asked.language),
        page_styles=[static_address(asked.at, "report.css")],
    )


async def record(request: Request) -> Response:
    """Write a publication down."""
    asked, form = await _sent(request)
    await asked.services.publications.publish(
        form.get("note", ""), asked.principal, request_id=request.state.request_id
    )
    return _back(asked)


async def show(request: Request) -> Response:
    """Withhold a row, or release it."""
    asked, form = await _sent(request)
    id_ = parse_id(form.get("id", ""))
    if id_ is None:
        raise InvalidParameter("id", form.get("id", ""), "it must be a UUID")
    visibility = form.get("visibility", "")
    if visibility not in ("public", "staff"):
        raise InvalidParameter("visibility", visibility, "it is public or staff")
    await asked.services.publications.show(
        form.get("collection", ""), id_, asked.principal, public=visibility == "public",
        request_id=request.state.request_id,
    )
    return _back(asked)


async def _sent(request: Request) -> tuple[Asked, dict[str, str]]:
    """The request, and the fields of its form; the envelope has asked for its token."""
    asked = read(request, HTML, negotiate=False)
    return asked, await read_form(request, longest=LONGEST_FORM)


def _back(asked: Asked) -> Response:
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={"location": asked.at.to("/publish"), "cache-control": "private, no-store"},
    )


ROUTES = (
    Route("/publish", publish, methods=["GET"]),
    Route("/publish", record, methods=["POST"]),
    Route("/publish/visibility", show, methods=["POST"]),
)

"""People and their keys, for admins; to everybody else there is nothing here."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import Conflict, GisError, InvalidInput, InvalidParameter, NotFound
from gis_service.model.audience import Audience
from gis_service.model.keys import IssuedKey, KeyRecord, KeyState
from gis_service.model.rights import keeps_people
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.parameters import parse_id
from gis_service.services.keys import parse_expiry
from gis_service.services.people_desk import NewKey
from gis_service.services.personal_data import Taken
from gis_service.web.asked import Asked, read
from gis_service.web.bodies import is_form, read_form, read_json
from gis_service.web.pages import static_address
from gis_service.web.people_documents import days, key_document, person_document, place
from gis_service.web.principal import CSRF_FIELD

PATH = "/people"
LONGEST_FORM = 8_000
ROLES = tuple(each for each in Audience if each.is_staff)
_PERSON = ("name", "contact")
_KEY = ("role", "client", "ward", "expires")
_FAULTS = (Conflict, InvalidInput)


async def people(request: Request) -> Response:
    """Everyone, with the keys they hold."""
    asked = _asked(request)
    return await _list(asked)


async def make(request: Request) -> Response:
    """Make a key for a person, who is made known when new; its text is in this answer only."""
    asked = _asked(request)
    try:
        given = await _given(asked, *_PERSON, *_KEY)
        issued = await asked.services.people.make(
            asked.principal, _wanted(given), name=given.get("name", ""),
            contact=given.get("contact"), request_id=request.state.request_id,
        )
    except _FAULTS as error:
        if not asked.is_html:
            raise
        return await _list(asked, fault=error)
    return _shown(asked, issued)


async def person(request: Request) -> Response:
    """One person, their keys, and what is kept of them."""
    return await _one(_asked(request))


async def change(request: Request) -> Response:
    """Correct a name and contact."""
    asked = _asked(request)
    id_ = _id(request)
    try:
        given = await _given(asked, *_PERSON)
        await asked.services.people.change(
            asked.principal, id_, name=given.get("name", ""), contact=given.get("contact"),
            request_id=request.state.request_id,
        )
    except _FAULTS as error:
        return await _faulty(asked, error)
    return await _done(asked, id_)


async def add_key(request: Request) -> Response:
    """Make a key for a person who is known."""
    asked = _asked(request)
    id_ = _id(request)
    try:
        given = await _given(asked, *_KEY)
        known, _, _ = await asked.services.people.one(asked.principal, id_)
        if known.name is None:
            raise Conflict("This person was erased, for good.")
        issued = await asked.services.people.make(
            asked.principal, _wanted(given), name=known.name, contact=None,
            request_id=request.state.request_id,
        )
    except _FAULTS as error:
        return await _faulty(asked, error)
    return _shown(asked, issued)


async def replace(request: Request) -> Response:
    """Make a second key beside one; the old one works until it is revoked."""
    asked = _asked(request)
    try:
        await _given(asked)
        issued = await asked.services.people.replace(
            asked.principal, _id(request), request.path_params["prefix"],
            request_id=request.state.request_id,
        )
    except _FAULTS as error:
        return await _faulty(asked, error)
    return _shown(asked, issued)


async def revoke(request: Request) -> Response:
    """Refuse a key from now on, and end its sessions."""
    asked = _asked(request)
    id_ = _id(request)
    try:
        await _given(asked)
        await asked.services.people.revoke(
            asked.principal, id_, request.path_params["prefix"],
            request_id=request.state.request_id,
        )
    except _FAULTS as error:
        return await _faulty(asked, error)
    return await _done(asked, id_)


async def erase(request: Request) -> Response:
    """Take away what names a person; their acts stay."""
    asked = _asked(request)
    id_ = _id(request)
    try:
        given = await _given(asked, "sure")
        if given.get("sure") != "yes":
            raise InvalidParameter("sure", given.get("sure", ""), "say yes: it is for good")
        await asked.services.people.erase(
            asked.principal, id_, request_id=request.state.request_id
        )
    except _FAULTS as error:
        return await _faulty(asked, error)
    return await _done(asked, id_)


async def export(request: Request) -> Response:
    """All that is kept of a person, as a zip."""
    asked = _asked(request)
    id_ = _id(request)
    await _given(asked)
    taken = await asked.services.people.export(
        asked.principal, id_, request_id=request.state.request_id
    )
    return _zip(taken, f"person-{id_}.zip")


async def by_contact(request: Request) -> Response:
    """Take out, or erase, what is kept of somebody whom a contact identifies."""
    asked = _asked(request)
    try:
        given = await _given(asked, "contact", "act", "sure")
        contact, act = given.get("contact", ""), given.get("act", "")
        if act == "export":
            taken = await asked.services.people.export_contact(
                asked.principal, contact, request_id=request.state.request_id
            )
            return _zip(taken, "contact.zip")
        if act != "erase":
            raise InvalidParameter("act", act, "it is export or erase")
        if given.get("sure") != "yes":
            raise InvalidParameter("sure", given.get("sure", ""), "say yes: it is for good")
        changed = await asked.services.people.erase_contact(
            asked.principal, contact, request_id=request.state.request_id
        )
    except _FAULTS as error:
        if not asked.is_html:
            raise
        return await _list(asked, fault=error)
    if not asked.is_html:
        return _kept_from_caches(asked.document({"erased": changed}))
    return await _list(asked, erased=sum(changed.values()))


def _zip(taken: Taken, name: str) -> Response:
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="{name}"',
    }
    return Response(taken.content, headers=headers, media_type="application/zip")


def admins_only(request: Request) -> None:
    """Answer anybody but admins as where there is no such route."""
    if not keeps_people(request.state.principal.audience):
        raise HTTPException(HTTPStatus.NOT_FOUND)


def _asked(request: Request) -> Asked:
    """The request, of an admin, as a page's or a program's."""
    admins_only(request)
    if request.method in ("GET", "HEAD"):
        return read(request, JSON, HTML)
    return read(request, HTML if is_form(request) else JSON, negotiate=False)


async def _given(asked: Asked, *known: str) -> dict[str, str]:
    """The values of a form or a JSON object that are not empty; no others than `known`."""
    request = asked.request
    if asked.is_html:
        fields = await read_form(request, longest=LONGEST_FORM)
        fields.pop(CSRF_FIELD, None)
    elif not known and request.headers.get("content-length", "0") == "0":
        fields = {}
    else:
        fields, _ = await read_json(
            request, ("application/json",), most_mb=1, header="accept-post"
        )
    if not isinstance(fields, dict):
        raise InvalidInput("Send an object.")
    for name, value in fields.items():
        if name not in known:
            told = ", ".join(known) or "none"
            raise InvalidParameter(name, "", f"there is no such value here; known: {told}")
        if value is not None and not isinstance(value, str):
            raise InvalidParameter(name, value, "it is a text")
    return {name: value for name, value in fields.items() if value}


def _wanted(given: Mapping[str, str]) -> NewKey:
    role = given.get("role", "")
    if role not in ROLES:
        raise InvalidParameter("role", role, f"it is one of {', '.join(ROLES)}")
    expires = given.get("expires")
    return NewKey(
        Audience(role), given.get("client"), given.get("ward"),
        None if expires is None else parse_expiry(expires),
    )


def _id(request: Request) -> UUID:
    found = parse_id(request.path_params["id"])
    if found is None:
        raise NotFound("There is no such person.")
    return found


async def _list(
    asked: Asked, *, fault: GisError | None = None, erased: int | None = None
) -> Response:
    found, held = await asked.services.people.everyone(asked.principal)
    by_person: dict[UUID, list[KeyRecord]] = {}
    for key in held:
        by_person.setdefault(key.person_id, []).append(key)
    if not asked.is_html:
        return _kept_from_caches(asked.document({
            "people": [person_document(each, by_person.get(each.id, [])) for each in found],
            "links": [],
        }))
    response = asked.page(
        "people.html",
        people=[(each, by_person.get(each.id, [])) for each in found if each.erased_at is None],
        erased=sum(each.erased_at is not None for each in found),
        erased_values=erased,
        fault=fault,
        **await _telling(asked),
    )
    return _kept_from_caches(response, fault)


async def _one(asked: Asked, *, fault: GisError | None = None) -> Response:
    found, held, mentions = await asked.services.people.one(asked.principal, _id(asked.request))
    if not asked.is_html:
        document = {
            **person_document(found, held),
            "kept": [{"place": each.place, "rows": each.rows} for each in mentions],
        }
        return _kept_from_caches(asked.document(document))
    response = asked.page(
        "person.html", person=found, held=held,
        mentions=[(place(each, asked), each.rows) for each in mentions], fault=fault,
        **await _telling(asked),
    )
    return _kept_from_caches(response, fault)


async def _faulty(asked: Asked, error: GisError) -> Response:
    if not asked.is_html:
        raise error
    return await _one(asked, fault=error)


async def _done(asked: Asked, id_: UUID) -> Response:
    if not asked.is_html:
        return await _one(asked)
    return _kept_from_caches(Response(
        status_code=HTTPStatus.SEE_OTHER, headers={"location": asked.at.to(f"{PATH}/{id_}")}
    ))


def _shown(asked: Asked, issued: IssuedKey) -> Response:
    """A new key with its text: the only time that it is told."""
    key = issued.record
    at = asked.at.to(f"{PATH}/{key.person_id}")
    if asked.is_html:
        response = asked.page(
            "person_key.html", key=key, text=issued.text.shown(), person_href=at,
            day=days(asked.language), page_styles=[static_address(asked.at, "people.css")],
        )
    else:
        response = asked.document({**key_document(key), "person": str(key.person_id),
                                   "text": issued.text.shown()})
    response.status_code = HTTPStatus.CREATED
    response.headers["location"] = at
    return _kept_from_caches(response)


def _kept_from_caches(response: Response, fault: GisError | None = None) -> Response:
    response.headers["cache-control"] = "private, no-store"
    if fault is not None:
        response.status_code = (
            HTTPStatus.CONFLICT if isinstance(fault, Conflict) else HTTPStatus.BAD_REQUEST
        )
    return response


async def _telling(asked: Asked) -> dict[str, object]:
    """What the templates of these pages need besides."""
    wards = await asked.services.reports.wards()
    return {
        "roles": ROLES,
        "wards": {ward.code: ward.name for ward in wards},
        "day": days(asked.language),
        "is_live": lambda key: key.state is KeyState.LIVE,
        "page_styles": [static_address(asked.at, "people.css")],
    }


_ONE = f"{PATH}/{{id}}"
ROUTES = (
    Route(PATH, people, methods=["GET"]),
    Route(PATH, make, methods=["POST"]),
    Route(f"{PATH}/contact", by_contact, methods=["POST"]),
    Route(_ONE, person, methods=["GET"]),
    Route(_ONE, change, methods=["POST"]),
    Route(f"{_ONE}/keys", add_key, methods=["POST"]),
    Route(f"{_ONE}/keys/{{prefix}}/replace", replace, methods=["POST"]),
    Route(f"{_ONE}/keys/{{prefix}}/revoke", revoke, methods=["POST"]),
    Route(f"{_ONE}/export", export, methods=["POST"]),
    Route(f"{_ONE}/erase", erase, methods=["POST"]),
)

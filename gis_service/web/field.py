"""What the technician's page asks of the service: who, wards, words, operations. For staff."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.field_operations import MOST_OPERATIONS, Outcome, Result, uuid_of
from gis_service.model.field_reasons import CONFLICT, REASONS, Reason
from gis_service.model.field_words import field_words
from gis_service.model.fields import Language, Text
from gis_service.model.rules import RULES
from gis_service.ogc.media import JSON
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import read_json
from gis_service.web.field_shell import app_version
from gis_service.web.principal import require

MOST_MB = 1
TAKEN = ("application/json",)


async def me(request: Request) -> Response:
    """
    Who is logged in, with the token that changes must carry.

    Without a login `person` and `role` are null: the page asks often, and a refusal would fill
    the browser's console with what is no fault.
    """
    asked = read(request, JSON, known=COMMON_PARAMETERS, negotiate=False)
    session = request.state.session
    role = None
    if asked.principal.audience.is_staff:
        require(asked.principal, Audience.TECHNICIAN)
        role = asked.principal.audience.value
    return _fresh(asked, {
        "person": role if session is None or role is None else session.client,
        "role": role,
        "ward": asked.principal.ward,
        "csrf": None if session is None else session.csrf_token,
        "server_time": _now(),
        "version": app_version(asked.settings),
    })


async def wards(request: Request) -> Response:
    """The wards that can be taken along."""
    asked = _staff(request)
    return _known(asked, {"wards": await asked.services.ward_packages.wards(asked.principal)})


async def ward(request: Request) -> Response:
    """One ward with all that stands in it."""
    asked = _staff(request)
    package = await asked.services.ward_packages.package(
        request.path_params["code"], asked.principal
    )
    return asked.answer(package.content, headers={"etag": f'"{package.digest}"'})


async def words(request: Request) -> Response:
    """What forms are made of, in the reader's language."""
    asked = _staff(request)
    return _known(asked, field_words(asked.principal.audience, asked.language))


async def send(request: Request) -> Response:
    """Take operations, and answer each."""
    asked = _staff(request)
    body, _ = await read_json(request, TAKEN, most_mb=MOST_MB, header="accept-post")
    results = await asked.services.field_operations.receive(
        asked.principal, body, language=asked.language, request_id=request.state.request_id
    )
    return _told(asked, results)


async def answers(request: Request) -> Response:
    """What became of operations that were sent."""
    asked = _staff(request, "ids")
    given = [each for each in (asked.parameters.get("ids") or "").split(",") if each]
    ids = [each for each in map(uuid_of, given) if each is not None]
    if not given or len(ids) != len(given) or len(ids) > MOST_OPERATIONS:
        raise InvalidParameter(
            "ids", asked.parameters.get("ids") or "",
            f"1 to {MOST_OPERATIONS} ids of operations, with commas between",
        )
    return _told(asked, await asked.services.field_operations.answers(asked.principal, ids))


def result_document(result: Result, language: Language) -> dict[str, Any]:
    """What became of an operation, in words."""
    why, what_to_do = _reasons(result, language)
    return {
        "id": result.id,
        "outcome": result.outcome,
        "item": None if result.item is None else {
            "collection": result.item.collection, "id": str(result.item.id)
        },
        "why": why,
        "what_to_do": what_to_do,
        "fields": list(result.fields),
        "made_at": None if result.made_at is None else result.made_at.isoformat(),
        "occurred_at": None if result.occurred_at is None else result.occurred_at.isoformat(),
    }


def _staff(request: Request, *parameters: str) -> Asked:
    asked = read(request, JSON, known=(*COMMON_PARAMETERS, *parameters), negotiate=False)
    require(asked.principal, Audience.TECHNICIAN)
    return asked


def _fresh(asked: Asked, document: object) -> Response:
    """An answer that is kept nowhere."""
    return asked.answer(
        orjson.dumps(document), headers={"cache-control": "private, no-store"}
    )


def _known(asked: Asked, document: object) -> Response:
    """An answer that a phone asks for again by its tag."""
    content = orjson.dumps(document)
    digest = hashlib.blake2b(content, digest_size=16).hexdigest()
    return asked.answer(content, headers={"etag": f'"{digest}"'})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _told(asked: Asked, results: list[Result]) -> Response:
    return _fresh(asked, {
        "server_time": _now(),
        "results": [result_document(each, asked.language) for each in results],
    })


def _reasons(result: Result, language: Language) -> tuple[str | None, str | None]:
    if result.outcome == Outcome.CONFLICT:
        titles = [_title(result, name, language) for name in result.fields]
        return _filled(CONFLICT, ", ".join(titles), language)
    told = [
        _filled(_reason(name), _title(result, subject, language), language)
        for name, subject in result.reasons
    ]
    if not told:
        return None, None
    whys, whats = (list(dict.fromkeys(each)) for each in zip(*told, strict=True))
    return " ".join(whys), " ".join(whats)


def _reason(name: str) -> Reason:
    """Of a rule of values, the subject is the field at fault."""
    if name in REASONS:
        return REASONS[name]
    rule = RULES.get(name)
    if rule is None:
        return REASONS["malformed"]
    title = Text(f"{{subject}}: {rule.title.en}.", f"{{subject}}: {rule.title.sw}.")
    return title, rule.remedy


def _filled(reason: Reason, subject: str, language: Language) -> tuple[str, str]:
    why, what = (each[language].replace("{subject}", subject) for each in reason)
    return why.replace(": .", ".").removeprefix(": "), what


def _title(result: Result, subject: str, language: Language) -> str:
    """A field's or a collection's name as people know it; else the word itself."""
    if subject in REGISTRY:
        return REGISTRY[subject].title[language]
    field = None
    if result.collection in REGISTRY:
        field = REGISTRY[result.collection or ""].by_name.get(subject)
    if field is not None:
        return field.title[language]
    if subject == "geometry":
        return Text("Place", "Mahali")[language]
    return subject


ROUTES = (
    Route("/field/me", me, methods=["GET"]),
    Route("/field/wards", wards, methods=["GET"]),
    Route("/field/wards/{code}", ward, methods=["GET"]),
    Route("/field/words", words, methods=["GET"]),
    Route("/field/operations", answers, methods=["GET"]),
    Route("/field/operations", send, methods=["POST"]),
)

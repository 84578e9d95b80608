"""Errors become answers here and nowhere else."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gis_service.errors import (
    Conflict,
    GisError,
    InvalidDefinition,
    InvalidInput,
    InvalidParameter,
    NoSuchProcess,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    RepeatedKey,
    TooManyRequests,
    Unavailable,
    UnknownCollection,
    UnknownInput,
    UnknownKey,
    UnknownProperty,
)
from gis_service.model.edits import BatchRejected, EditRejected
from gis_service.model.reports import LoadRejected
from gis_service.ogc.links import Addresses
from gis_service.ogc.media import HTML, PROBLEM, Format
from gis_service.web.bodies import (
    BodyTooLarge,
    MethodNotPossible,
    PreconditionMissing,
    UnsupportedMediaType,
)
from gis_service.web.negotiation import NotAcceptable, choose_format, choose_language
from gis_service.web.pages import page
from gis_service.web.query_string import UnknownParameter, read_parameters
from gis_service.web.security import PREFLIGHT

log = logging.getLogger("gis_service.web")

RETRY_AFTER_S = 5

STATUS: dict[type[GisError], HTTPStatus] = {
    InvalidDefinition: HTTPStatus.INTERNAL_SERVER_ERROR,
    UnknownCollection: HTTPStatus.NOT_FOUND,
    InvalidInput: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    UnknownKey: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    LoadRejected: HTTPStatus.UNPROCESSABLE_ENTITY,
    EditRejected: HTTPStatus.BAD_REQUEST,
    BatchRejected: HTTPStatus.BAD_REQUEST,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    PreconditionMissing: HTTPStatus.PRECONDITION_REQUIRED,
    RepeatedKey: HTTPStatus.UNPROCESSABLE_ENTITY,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    MethodNotPossible: HTTPStatus.METHOD_NOT_ALLOWED,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first class of an error's ancestry that stands here decides; any other error is a 500."""

_TELLING = (
    InvalidParameter, NoSuchProcess, UnknownCollection, UnknownInput, UnknownParameter,
    UnknownProperty,
)
_TOLD = ("name", "known", "rule")


def add_problem_handlers(app: FastAPI) -> None:
    """Answer every error of the routes as a problem."""
    for error in (GisError, HTTPException, RequestValidationError):
        app.add_exception_handler(error, _handle)


def problem_response(request: Request, error: Exception) -> Response:
    """
    The answer to an error: `application/problem+json`, or a page when HTML was asked for.

    What the database or the program said goes to the log; the reader gets the
    request's id to quote.
    """
    status, detail = _status_and_detail(request, error)
    document: dict[str, Any] = {
        "type": getattr(error, "type_uri", f"urn:gis-service:problem:{_slug(error, status)}"),
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "instance": f"urn:uuid:{request.state.request_id}",
    }
    if isinstance(error, _TELLING):
        document.update({k: getattr(error, k) for k in _TOLD if hasattr(error, k)})
    document.update(_faults(request, error))
    headers = {"cache-control": "no-store", "vary": "Accept, Accept-Language"}
    if isinstance(error, MethodNotPossible):
        headers["allow"] = error.allow
    if isinstance(error, UnsupportedMediaType):
        headers[error.header] = ", ".join(error.accepted)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(RETRY_AFTER_S)
    if status is HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = "Bearer"
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(error.retry_after_s)
    if isinstance(error, HTTPException) and error.headers:
        headers.update({name.lower(): value for name, value in error.headers.items()})
    html = _page(request, document) if _format(request) is HTML else None
    body, type_ = (html, HTML) if html is not None else (orjson.dumps(document), PROBLEM)
    return Response(body, int(status), headers, type_.media_type)


def _faults(request: Request, error: Exception) -> dict[str, Any]:
    """What is wrong with the items of an edit, one by one."""
    if isinstance(error, EditRejected):
        return {
            "faults": [
                {"property": f.column, "rule": f.rule, "value": f.value, "message": f.message}
                for f in error.faults
            ]
        }
    if not isinstance(error, BatchRejected):
        return {}
    operations = []
    for position, each in sorted(error.errors.items()):
        status, detail = _status_and_detail(request, each)
        operations.append(
            {"index": position, "status": int(status), "detail": detail, **_faults(request, each)}
        )
    return {"operations": operations}


async def _handle(request: Request, error: Exception) -> Response:
    refused = isinstance(error, HTTPException) and error.status_code == 405
    if refused and request.method == "OPTIONS":
        return _options(error)
    return problem_response(request, error)


def _options(error: Exception) -> Response:
    """A route answers OPTIONS by what it would allow."""
    headers = getattr(error, "headers", None) or {}
    methods = {name.strip() for name in headers.get("Allow", "GET, HEAD").split(",")}
    allow = ", ".join(sorted({*methods, "OPTIONS"}))
    return Response(
        status_code=200,
        headers={"allow": allow, "access-control-allow-methods": allow, **PREFLIGHT},
    )


def _status_and_detail(request: Request, error: Exception) -> tuple[HTTPStatus, str]:
    request_id = request.state.request_id
    if isinstance(error, HTTPException):
        return _of_route(request, HTTPStatus(error.status_code))
    if isinstance(error, RequestValidationError):
        return HTTPStatus.BAD_REQUEST, "The request does not have the form that is needed here."
    status = _status(error)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        log.warning("request %s: %s", request_id, error)
        return status, "The service cannot answer now. Try again in a few seconds."
    if status is not HTTPStatus.INTERNAL_SERVER_ERROR:
        return status, str(error)
    if isinstance(error, GisError):
        log.error("request %s: %s", request_id, error)
    return status, f"The service failed. Its log says more under the id {request_id}."


def _status(error: Exception) -> HTTPStatus:
    for class_ in type(error).__mro__:
        if class_ in STATUS:
            return STATUS[class_]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def _of_route(request: Request, status: HTTPStatus) -> tuple[HTTPStatus, str]:
    """Starlette's own answers, where no route fits."""
    if status is HTTPStatus.NOT_FOUND:
        return status, f"There is nothing at {_shortened(request.scope['path'])}."
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        return status, f"{_shortened(request.method)} is not possible here."
    return status, status.description or status.phrase


def _slug(error: Exception, status: HTTPStatus) -> str:
    named = isinstance(error, GisError) and status is not HTTPStatus.INTERNAL_SERVER_ERROR
    name = type(error).__name__ if named else status.phrase.title().replace(" ", "")
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


def _shortened(text: str) -> str:
    return text if len(text) <= 100 else text[:97] + "..."


def _format(request: Request) -> Format:
    """What to tell a problem in; a request that asks badly is told in JSON."""
    offered = (PROBLEM, HTML)
    try:
        name = read_parameters(request.scope["query_string"]).get("f")
    except InvalidInput:
        name = None
    if name is not None:
        return HTML if name == HTML.name else PROBLEM
    try:
        return choose_format(None, request.headers.get("accept"), offered)
    except NotAcceptable:
        return PROBLEM


def _page(request: Request, document: dict[str, Any]) -> bytes | None:
    """The problem as a page; None when the page itself is what fails."""
    accepted = request.headers.get("accept-language")
    try:
        name = read_parameters(request.scope["query_string"]).get("lang")
        language = choose_language(name, accepted)
    except InvalidInput:
        language = choose_language(None, accepted)
    try:
        at = Addresses(Addresses(request.state.services.settings.public_base_url).path)
        return page(request, "ogc_problem.html", language, at, problem=document)
    except Exception:
        log.exception("request %s: no page for its problem", request.state.request_id)
        return None

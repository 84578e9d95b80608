"""
Loading files: sent, looked at, tried, confirmed, undone; pages for planners, JSON for programs.

To everybody else there is nothing here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from gis_service.errors import Conflict, GisError, InvalidInput, NotFound
from gis_service.model.rights import loads as may_load
from gis_service.model.uploads import Upload
from gis_service.ogc.media import GEOJSON, HTML, JSON, Format
from gis_service.printing.load_report import MOST_ROWS, load_report_csv, load_report_html
from gis_service.services.mappings import saved_text
from gis_service.services.received import Arrival
from gis_service.services.upload_choices import LOOKING, mapping_of
from gis_service.web import loads_documents, loads_pages
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import is_form, read_form, read_json
from gis_service.web.multipart import is_multipart
from gis_service.web.principal import CSRF_FIELD
from gis_service.web.receiving import receive
from gis_service.web.upload_form import MOST_FIELDS, said_by

LONGEST_FORM = 500_000
TAKEN = ("application/json",)
PAGE = ("outcome", "page")
_REFUSALS = (Conflict, InvalidInput)


async def loads(request: Request) -> Response:
    """The newest uploads and loads of everybody."""
    asked = _planner(request, JSON, HTML)
    return await _list(asked)


async def send(request: Request) -> Response:
    """Take files in, and have each looked at."""
    asked = _planner(request, HTML if _is_page(request) else JSON, negotiate=False)
    try:
        kept = await _kept(asked)
    except _REFUSALS as error:
        if not _is_page(request):
            raise
        return await _list(asked, fault=error)
    if _is_page(request):
        one = kept[0] if len(kept) == 1 else None
        return _see_other(asked, f"/loads/{one}" if one else "/loads")
    found = [await asked.services.uploads.find(id_, asked.principal) for id_ in kept]
    response = asked.document(
        {"loads": [loads_documents.brief(each, asked) for each in found]}, status=201
    )
    response.headers["location"] = f"{asked.at.base}/loads/{kept[0]}"
    return _unkept(response)


async def load(request: Request) -> Response:
    """One upload, or one load: how it stands, and what can be done with it."""
    asked = _planner(request, JSON, HTML, known=(*COMMON_PARAMETERS, *PAGE))
    return await _one(asked)


async def look(request: Request) -> Response:
    """Look at a file again: another layer, collection, network or encoding."""
    asked, sent = await _sent(request)
    sent = {name: value for name, value in sent.items() if value not in ("", None)}
    if unknown := [name for name in sent if name not in LOOKING]:
        raise InvalidInput(f"There is no choice {unknown[0][:40]!r} here.")
    return await _done(asked, asked.services.uploads.look(
        _id(request), sent, asked.principal, request_id=request.state.request_id
    ))


async def use_mapping(request: Request) -> Response:
    """Look at a file again as a saved mapping says, which is sent."""
    asked = _planner(request, HTML if _is_page(request) else JSON, negotiate=False)
    with Arrival(asked.settings, most_mb=1) as arrival:
        try:
            if await receive(request, arrival):
                raise InvalidInput("Send nothing but the file of the mapping.")
            path = await asyncio.to_thread(arrival.whole)
            content = await asyncio.to_thread(path.read_bytes)
        except _REFUSALS as error:
            return await _refused(asked, error)
    return await _done(asked, asked.services.uploads.use_mapping(
        _id(request), path.name, content, asked.principal, request_id=request.state.request_id
    ))


async def trial(request: Request) -> Response:
    """Try a file as it was chosen; nothing is loaded."""
    asked, sent = await _sent(request)
    try:
        if _is_page(request):
            sent = await _form_of(asked, sent)
        await asked.services.uploads.attempt(
            _id(request), sent, asked.principal, request_id=request.state.request_id
        )
    except _REFUSALS as error:
        return await _refused(asked, error)
    return await _answer(asked)


async def again(request: Request) -> Response:
    """Try a file once more as it was chosen last."""
    asked, _ = await _sent(request)
    upload = await asked.services.uploads.find(_id(request), asked.principal)
    if upload.trial is None:
        raise Conflict("The file has not been tried yet.")
    return await _done(asked, asked.services.uploads.attempt(
        _id(request), loads_documents.choice_of(upload.trial), asked.principal,
        request_id=request.state.request_id,
    ))


async def confirm(request: Request) -> Response:
    """Load a file exactly as it was tried."""
    asked, sent = await _sent(request)
    said = sent.get("decommission")
    return await _done(asked, asked.services.uploads.confirm(
        _id(request), str(sent.get("trial", "")), asked.principal,
        decommission=int(str(said)) if str(said).isdecimal() and len(str(said)) < 10 else None,
        request_id=request.state.request_id,
    ))


async def discard(request: Request) -> Response:
    """Take an uploaded file away."""
    asked, _ = await _sent(request)
    await asked.services.uploads.discard(
        _id(request), asked.principal, request_id=request.state.request_id
    )
    return _see_other(asked, "/loads") if _is_page(request) else await _answer(asked)


async def cancel(request: Request) -> Response:
    """End what is being done with a file."""
    asked, _ = await _sent(request)
    return await _done(asked, asked.services.uploads.cancel(_id(request), asked.principal))


async def undo(request: Request) -> Response:
    """Take a load back, as long as nothing later touched its rows."""
    asked, _ = await _sent(request)
    return await _done(asked, asked.services.uploads.undo(
        _id(request), asked.principal, request_id=request.state.request_id
    ))


async def mapping(request: Request) -> Response:
    """The mapping that a form says, as the file that the command line reads."""
    asked, sent = await _sent(request)
    upload = await asked.services.uploads.find(_id(request), asked.principal)
    try:
        said = await _form_of(asked, sent) if _is_page(request) else sent
        text = saved_text(mapping_of(said), upload.source)
    except _REFUSALS as error:
        return await _refused(asked, error)
    return Response(
        text, media_type="application/toml",
        headers=_file_headers(f"{upload.source.rpartition('.')[0] or 'mapping'}.toml"),
    )


async def report_html(request: Request) -> Response:
    """The report of the last trial or load as one page that stands alone."""
    asked, report, upload = await _report(request)
    page = await asyncio.to_thread(
        load_report_html, report, asked.language, rejected=_rejected(upload),
        service=asked.at.base,
    )
    return Response(page, media_type=HTML.media_type, headers=_file_headers("report.html"))


async def report_json(request: Request) -> Response:
    """The same as JSON."""
    asked, report, _ = await _report(request)
    headers = _file_headers("report.json")
    if len(report.faults) > MOST_ROWS:
        return StreamingResponse(report.written(), media_type="application/json", headers=headers)
    response = asked.document(report.as_json())
    response.headers.update(headers)
    return response


async def report_csv(request: Request) -> Response:
    """Every fault in a row."""
    asked, report, _ = await _report(request)
    return StreamingResponse(
        load_report_csv(report, asked.language), media_type="text/csv",
        headers=_file_headers("report.csv"),
    )


async def rejects(request: Request) -> Response:
    """The rows that the last trial refused, as a GeoPackage to be corrected and sent again."""
    asked = _planner(request, JSON, negotiate=False)
    uploads = asked.services.uploads
    path = uploads.rejects(await uploads.find(_id(request), asked.principal))
    if path is None:
        raise NotFound("No row was refused, or the file is gone.")
    return FileResponse(
        path, media_type="application/geopackage+sqlite3", headers=_file_headers("rejected.gpkg")
    )


async def shapes(request: Request) -> Response:
    """The rows of the last trial by their outcome, as GeoJSON."""
    asked = _planner(request, GEOJSON, negotiate=False)
    uploads = asked.services.uploads
    upload = await uploads.find(_id(request), asked.principal)
    return _unkept(asked.answer(await uploads.shapes(upload)))


def _planner(
    request: Request, *offered: Format, known: tuple[str, ...] = COMMON_PARAMETERS,
    negotiate: bool = True,
) -> Asked:
    """The request of somebody who may load; to others there is no such page."""
    if not may_load(request.state.principal.audience):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return read(request, *offered, known=known, negotiate=negotiate)


def _is_page(request: Request) -> bool:
    """Whether a page's own form asks, which is answered with a page."""
    return request.state.session is not None and (is_form(request) or is_multipart(request))


def _id(request: Request) -> str:
    return str(request.path_params["id"])


async def _sent(request: Request) -> tuple[Asked, dict[str, Any]]:
    """The request, and what its form or its JSON says."""
    if _is_page(request):
        asked = _planner(request, HTML, negotiate=False)
        fields = await read_form(request, longest=LONGEST_FORM, most_fields=MOST_FIELDS)
        fields.pop(CSRF_FIELD, None)
        return asked, dict(fields)
    asked = _planner(request, JSON, negotiate=False)
    if request.headers.get("content-length", "0") == "0" and (
        "transfer-encoding" not in request.headers
    ):
        return asked, {}
    body, _ = await read_json(
        request, TAKEN, most_mb=asked.settings.max_edit_mb, header="accept-post"
    )
    if not isinstance(body, dict):
        raise InvalidInput("Send a JSON object.")
    return asked, body


async def _kept(asked: Asked) -> list[str]:
    """The files of a form on disk, and the ids of what they became."""
    with Arrival(asked.settings) as arrival:
        chosen = await receive(asked.request, arrival)
        files = await asked.services.uploads.keep(
            arrival, asked.principal, chosen, request_id=asked.request.state.request_id
        )
    return [str(each.id) for each in files]


async def _form_of(asked: Asked, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What a page's form says of the layer that it was made for."""
    upload = await asked.services.uploads.find(_id(asked.request), asked.principal)
    if fields.get("inspection") != str(upload.inspection.id):
        raise Conflict("The file was looked at again meanwhile. Look at what is shown now.")
    if "networks" in (upload.inspection.result or {}):
        return {
            "network": fields.get("network") or None,
            "read_only": {"yes": True, "no": False}.get(str(fields.get("read_only"))),
            "sync": fields.get("sync") == "yes",
        }
    layer, proposal = loads_pages.chosen_layer(upload)
    if layer is None or proposal is None:
        raise Conflict("Say first which layer is meant, and what its rows are.")
    result = upload.inspection.result or {}
    return said_by(
        {n: str(v) for n, v in fields.items()}, layer, result["layers"], proposal,
        upload.inspection.payload.get("encoding"),
    )


async def _done(asked: Asked, work: Any) -> Response:
    """Do what was asked; a page is shown again, with what stood in the way."""
    try:
        await work
    except _REFUSALS as error:
        return await _refused(asked, error)
    return await _answer(asked)


async def _refused(asked: Asked, error: GisError) -> Response:
    if not _is_page(asked.request):
        raise error
    return await _one(asked, fault=error)


async def _answer(asked: Asked) -> Response:
    """After something was asked for: the page again, or how it stands now."""
    if _is_page(asked.request):
        return _see_other(asked, f"/loads/{_id(asked.request)}")
    return await _one(asked, status=202)


async def _list(asked: Asked, *, fault: GisError | None = None) -> Response:
    uploads = asked.services.uploads
    found, done = await uploads.newest(asked.principal), await uploads.done(asked.principal)
    if not asked.is_html:
        return _unkept(asked.document(loads_documents.listed(found, done, asked)))
    response = loads_pages.list_page(asked, found, done, fault=fault)
    return _with_status(response, fault)


async def _one(asked: Asked, *, status: int = 200, fault: GisError | None = None) -> Response:
    uploads, id_ = asked.services.uploads, _id(asked.request)
    try:
        upload = await uploads.find(id_, asked.principal)
    except NotFound:
        done = await uploads.one_done(id_, asked.principal)
        job = await uploads.undoing(done, asked.principal)
        if not asked.is_html:
            return _unkept(asked.document(loads_documents.done(done, job, asked), status=status))
        return _with_status(loads_pages.done_page(asked, done, job, fault=fault), fault)
    if not asked.is_html:
        return _unkept(asked.document(loads_documents.full(upload, asked), status=status))
    return _with_status(await loads_pages.one_page(asked, upload, fault=fault), fault)


async def _report(request: Request) -> tuple[Asked, Any, Upload]:
    asked = _planner(request, JSON, negotiate=False)
    upload = await asked.services.uploads.find(_id(request), asked.principal)
    return asked, await asked.services.uploads.report(upload), upload


def _rejected(upload: Upload) -> bool:
    """Whether nothing was loaded because rows are at fault."""
    return bool(upload.trial and upload.trial.payload.get("sync") and (
        (upload.trial.result or {}).get("rejected")
    ))


def _file_headers(name: str) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="{name}"',
        "cache-control": "private, no-store",
    }


def _see_other(asked: Asked, path: str) -> Response:
    return Response(
        status_code=HTTPStatus.SEE_OTHER,
        headers={"location": asked.at.to(path), "cache-control": "private, no-store"},
    )


def _unkept(response: Response) -> Response:
    response.headers["cache-control"] = "private, no-store"
    return response


def _with_status(response: Response, fault: GisError | None) -> Response:
    if fault is not None:
        response.status_code = (
            HTTPStatus.CONFLICT if isinstance(fault, Conflict) else HTTPStatus.BAD_REQUEST
        )
    return response


ROUTES = (
    Route("/loads", loads, methods=["GET"]),
    Route("/loads", send, methods=["POST"]),
    Route("/loads/{id}", load, methods=["GET"]),
    Route("/loads/{id}/look", look, methods=["POST"]),
    Route("/loads/{id}/mapping", use_mapping, methods=["POST"]),
    Route("/loads/{id}/trial", trial, methods=["POST"]),
    Route("/loads/{id}/again", again, methods=["POST"]),
    Route("/loads/{id}/mapping.toml", mapping, methods=["POST"]),
    Route("/loads/{id}/confirm", confirm, methods=["POST"]),
    Route("/loads/{id}/discard", discard, methods=["POST"]),
    Route("/loads/{id}/cancel", cancel, methods=["POST"]),
    Route("/loads/{id}/undo", undo, methods=["POST"]),
    Route("/loads/{id}/report.html", report_html, methods=["GET"]),
    Route("/loads/{id}/report.json", report_json, methods=["GET"]),
    Route("/loads/{id}/report.csv", report_csv, methods=["GET"]),
    Route("/loads/{id}/rejected.gpkg", rejects, methods=["GET"]),
    Route("/loads/{id}/rows.geojson", shapes, methods=["GET"]),
)

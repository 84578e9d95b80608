"""Processes: what can be asked of the network as a whole (OGC API - Processes, Part 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import Conflict, GisError, InvalidInput
from gis_service.model.fields import Field
from gis_service.model.processes import Process
from gis_service.model.processes.words import ROLE
from gis_service.ogc import processes as documents
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.process_inputs import parse_inputs
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import MethodNotPossible, is_form, read_form, read_json
from gis_service.web.principal import CSRF_FIELD
from gis_service.web.tables import Cell, Column, Reading, cell, entries, references

TAKEN = ("application/json",)
LONGEST_FORM = 20_000
MOST_ROWS = 500
"""Rows of each role on an answer's page; the others are in the answer for programs."""


@dataclass(frozen=True, slots=True)
class Group:
    """Features of one role: what they are called, and what is said of each; `more` are unsaid."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: int


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as people read it: what it says as a whole, and of each thing."""

    facts: tuple[tuple[Column, Cell], ...]
    groups: tuple[Group, ...]


async def processes(request: Request) -> Response:
    """Every process that the reader may run."""
    asked = read(request, JSON, HTML)
    known = asked.services.analyses.known(asked.principal)
    if asked.is_html:
        return asked.page("ogc_processes.html", processes=known)
    return asked.document(
        documents.process_list(known, asked.language, asked.at, links=asked.links())
    )


async def process(request: Request) -> Response:
    """What one process takes and gives."""
    asked = read(request, JSON, HTML)
    described = _process(asked)
    if asked.is_html:
        return _page(asked, described, {})
    return asked.document(
        documents.process_description(described, asked.language, asked.at, links=asked.links())
    )


async def execution(request: Request) -> Response:
    """Run a process with inputs from the address."""
    asked = read(request, JSON, HTML, known=None)
    described = _process(asked)
    if described.changes:
        raise MethodNotPossible(request.method, "POST")
    asked.parameters.only((*COMMON_PARAMETERS, *described.by_name))
    given = {
        name: value for name, value in asked.parameters.once() if name in described.by_name
    }
    if asked.is_html:
        return await _shown(asked, described, given)
    return _answered(described, await _run(asked, described, given), wrapped=False)


async def execute(request: Request) -> Response:
    """Run a process with inputs from the body; a page's own form is answered with a page."""
    if request.state.session is not None and is_form(request):
        asked = read(request, HTML, negotiate=False)
        fields = await read_form(request, longest=LONGEST_FORM)
        fields.pop(CSRF_FIELD, None)
        return await _shown(asked, _process(asked), fields)
    asked = read(request, JSON, negotiate=False)
    described = _process(asked)
    body, _ = await read_json(
        request, TAKEN, most_mb=asked.settings.max_edit_mb, header="accept-post"
    )
    given, wrapped = documents.read_execution(body)
    return _answered(described, await _run(asked, described, given), wrapped=wrapped)


def _process(asked: Asked) -> Process:
    return asked.services.analyses.process(
        asked.request.path_params["process_id"], asked.principal
    )


async def _run(asked: Asked, described: Process, given: Mapping[str, Any]) -> dict[str, Any]:
    inputs = parse_inputs(described, given)
    return await asked.services.analyses.run(
        described, inputs, asked.principal, asked.language
    )


def _answered(described: Process, document: dict[str, Any], *, wrapped: bool) -> Response:
    media_type = documents.answer_format(described).media_type
    if wrapped:
        document, media_type = documents.results(described, document), JSON.media_type
    return Response(
        documents.answer_bytes(document),
        headers={"cache-control": "no-store"},
        media_type=media_type,
    )


async def _shown(asked: Asked, described: Process, given: Mapping[str, str]) -> Response:
    """The answer as a page, or the page that says what is wrong with the question."""
    try:
        document = await _run(asked, described, given)
    except (Conflict, InvalidInput) as error:
        return _page(asked, described, given, fault=error)
    found = dict(given)
    following = _following(asked, described)
    if following is not None:
        found |= {
            name: str(document[name]) for name in following.by_name
            if isinstance(document.get(name), str) and name not in given
        }
    answer = await _answer(asked, described, document)
    return _page(asked, described, given, answer, following=following, found=found)


def _following(asked: Asked, described: Process) -> Process | None:
    """What can be done with an answer, as far as the reader may."""
    known = {each.id: each for each in asked.services.analyses.known(asked.principal)}
    return known.get(described.then or "")


def _page(
    asked: Asked,
    described: Process,
    given: Mapping[str, str],
    answer: Answer | None = None,
    *,
    fault: GisError | None = None,
    following: Process | None = None,
    found: Mapping[str, str] | None = None,
) -> Response:
    return asked.page(
        "ogc_process.html",
        process=described,
        given=given,
        following=following,
        found=found,
        plain=[each for each in described.inputs if documents.is_plain(each.field)],
        is_whole=all(documents.is_plain(e.field) or not e.field.required for e in described.inputs),
        answer=answer,
        fault=fault,
    )


async def _answer(asked: Asked, described: Process, document: dict[str, Any]) -> Answer:
    fields = described.answer
    by_role: dict[str, list[dict[str, Any]]] = {}
    for feature in document.get("features", []):
        properties = feature.get("properties") or {}
        by_role.setdefault(str(properties.get(ROLE) or ""), []).append(properties)
    shown = [each for valued in by_role.values() for each in valued[:MOST_ROWS]]
    referred = references((*shown, document), fields)
    labels = await asked.services.features.labels(referred, asked.principal)
    reading = Reading(asked.language, asked.at, labels)
    facts = [f for f in fields if f.name in document]
    return Answer(
        facts=tuple(entries({"properties": document}, facts, reading)),
        groups=tuple(
            _group(role, valued, fields, reading) for role, valued in by_role.items()
        ),
    )


def _group(
    role: str, valued: list[dict[str, Any]], fields: Sequence[Field], reading: Reading
) -> Group:
    said = [
        f for f in fields
        if f.name != ROLE and any(each.get(f.name) is not None for each in valued)
    ]
    said.sort(key=lambda field: field.references is None)  # what names the row stands first
    named = next((f for f in fields if f.name == ROLE), None)
    title = "" if named is None or not role else cell(named, role, reading).parts[0].text
    rows = [entries({"properties": each}, said, reading) for each in valued[:MOST_ROWS]]
    return Group(
        title,
        columns=tuple(column for column, _ in entries({"properties": {}}, said, reading)),
        rows=tuple(tuple(each for _, each in row) for row in rows),
        more=max(0, len(valued) - MOST_ROWS),
    )


ROUTES = (
    Route("/processes", processes, methods=["GET"]),
    Route("/processes/{process_id}", process, methods=["GET"]),
    Route("/processes/{process_id}/execution", execution, methods=["GET"]),
    Route("/processes/{process_id}/execution", execute, methods=["POST"]),
)

"""Conflicts: what the field says beside what stands, for planners to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import Conflict, GisError, InvalidInput, NotFound, PreconditionFailed
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.edits import EditRejected
from gis_service.model.field_operations import uuid_of
from gis_service.model.fields import Field, FieldType, Language
from gis_service.ogc.links import with_query
from gis_service.ogc.media import HTML, JSON
from gis_service.services.conflicts import OTHER, STANDS, WANTED, Choice, OpenConflict
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.bodies import is_form, read_form, read_json
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address
from gis_service.web.principal import CSRF_FIELD, require
from gis_service.web.tables import Cell, Part, Reading, called, cell, references

TAKEN = ("application/json",)
LONGEST_FORM = 40_000
_TYPED = (FieldType.TEXT, FieldType.INTEGER, FieldType.NUMBER, FieldType.DATE, FieldType.CODE,
          FieldType.BOOLEAN)
"""Fields of which something else can be typed in the form."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One field of a conflict, as the page shows it."""

    name: str
    field: Field | None
    title: str
    base: Cell
    stands: Cell
    wanted: Cell
    stands_by: str
    wanted_by: str

    @property
    def can_be_typed(self) -> bool:
        return self.field is not None and self.field.type in _TYPED


async def conflicts(request: Request) -> Response:
    """What waits for a decision."""
    asked = read(request, JSON, HTML, known=(*COMMON_PARAMETERS, "settled"))
    require(asked.principal, Audience.PLANNER)
    if asked.is_html:
        return await _page(asked)
    found = await asked.services.conflicts.open_ones(asked.principal)
    return asked.document({"conflicts": [_document(each, asked.language) for each in found]})


async def settle(request: Request) -> Response:
    """Decide one."""
    by_form = is_form(request)
    asked = read(request, HTML if by_form else JSON, negotiate=False)
    require(asked.principal, Audience.PLANNER)
    id_ = uuid_of(request.path_params["id"])
    if id_ is None:
        raise NotFound(f"There is no conflict {request.path_params['id'][:40]}.")
    if by_form:
        fields = await read_form(request, longest=LONGEST_FORM)
        fields.pop(CSRF_FIELD, None)
        version, choices = _read_form(fields)
    else:
        body, _ = await read_json(request, TAKEN, most_mb=1, header="accept-post")
        version, choices = _read_json(body)
    try:
        await asked.services.conflicts.settle(
            asked.principal, id_, choices, version=version, request_id=request.state.request_id
        )
    except (Conflict, EditRejected, InvalidInput, PreconditionFailed) as error:
        if not by_form:
            raise
        return await _page(asked, fault=error)
    if by_form:
        return Response(
            status_code=HTTPStatus.SEE_OTHER,
            headers={
                "location": with_query(
                    f"{asked.at.base}/conflicts", [("settled", "1"), *asked.at.language]
                ),
                "cache-control": "no-store",
            },
        )
    return asked.document({"id": str(id_), "settled": True})


async def _page(asked: Asked, *, fault: GisError | None = None) -> Response:
    found = await asked.services.conflicts.open_ones(asked.principal)
    labels = await asked.services.features.labels(_referred(found, asked), asked.principal)
    reading = Reading(asked.language, asked.at, labels)
    return asked.page(
        "conflicts.html",
        conflicts=[
            (each, _called(each, asked.language), _shown(each, asked, reading)) for each in found
        ],
        fault=fault,
        device=lambda each: _short(each.device, asked.words["conflict_device"]),
        was_settled=asked.parameters.get("settled") == "1",
        time=lambda at: local_time(at, asked.language),
        stylesheets_beside=[static_address(asked.at, "conflicts.css")],
    )


def _called(conflict: OpenConflict, language: Language) -> str:
    if conflict.item is None:
        return str(conflict.item_id)
    return called(conflict.collection, dict(conflict.item), language)


def _referred(found: list[OpenConflict], asked: Asked) -> dict[str, set[Any]]:
    wanted: dict[str, set[Any]] = {}
    for conflict in found:
        fields = visible_fields(conflict.collection, asked.principal.audience)
        values = [
            {each.name: value}
            for each in conflict.fields
            for value in (each.base, each.stands.value, each.wanted.value)
            if _is_readable(each.name, value, fields)
        ]
        for name, ids in references(values, fields).items():
            wanted.setdefault(name, set()).update(ids)
    return wanted


def _is_readable(name: str, value: Any, fields: tuple[Field, ...]) -> bool:
    """What a phone sent as a reference need not be one."""
    field = next((f for f in fields if f.name == name), None)
    if field is None or field.references is None:
        return True
    several = value if isinstance(value, list) else [value]
    return all(each is None or uuid_of(each) is not None for each in several)


def _shown(conflict: OpenConflict, asked: Asked, reading: Reading) -> list[Shown]:
    fields = visible_fields(conflict.collection, asked.principal.audience)
    by_name = {field.name: field for field in fields}
    words = asked.words
    shown = []
    for each in conflict.fields:
        field = by_name.get(each.name)

        def read_as(value: Any, field: Field | None = field) -> Cell:
            if field is None or not _is_readable(field.name, value, fields):
                return _place(value)
            return cell(field, value, reading)

        def by(person: str | None, at: datetime | None) -> str:
            who = _short(person, words["conflict_person"]) if person else words["conflict_nobody"]
            return f"{who}, {local_time(at, asked.language)}" if at else who

        shown.append(Shown(
            each.name, field, words["geometry"] if field is None else field.title[asked.language],
            read_as(each.base), read_as(each.stands.value), read_as(each.wanted.value),
            by(each.stands.person, each.stands.at), by(each.wanted.person, each.wanted.at),
        ))
    return shown


def _short(name: str, words: str) -> str:
    """A name; of a random id its beginning is enough to know it again."""
    return words.format(id=name[:8]) if uuid_of(name) is not None else name[:40]


def _place(value: Any) -> Cell:
    """A point by its latitude and longitude."""
    try:
        lon, lat = value["coordinates"]
        return Cell((Part(f"{lat:.6f}, {lon:.6f}"),))
    except (TypeError, KeyError, ValueError):
        return Cell((Part("\N{EN DASH}" if value is None else str(value)[:120]),))


def _read_form(fields: Mapping[str, str]) -> tuple[int | None, dict[str, Choice]]:
    choices = {}
    for name, take in fields.items():
        kind, _, about = name.partition(".")
        if kind == "take":
            typed = fields.get(f"other.{about}", "").strip()
            choices[about] = Choice(take, typed or None if take == OTHER else None)
    version = fields.get("version", "")
    return int(version) if version.isascii() and version.isdigit() else None, choices


def _read_json(body: Any) -> tuple[int | None, dict[str, Choice]]:
    version = body.get("version") if isinstance(body, dict) else None
    fields = body.get("fields") if isinstance(body, dict) else None
    good = isinstance(fields, dict) and set(body) <= {"version", "fields"}
    if not good or (version is not None and (isinstance(version, bool)
                                             or not isinstance(version, int))):
        raise InvalidInput(
            'Send {"version": n, "fields": {name: {"take": "stands" | "wanted"} or '
            '{"value": ...}}}.'
        )
    assert isinstance(fields, dict)  # noqa: S101 - as was just found
    choices = {}
    for name, each in fields.items():
        if isinstance(each, dict) and set(each) == {"value"}:
            choices[name] = Choice(OTHER, each["value"])
        elif isinstance(each, dict) and each.get("take") in (STANDS, WANTED) and len(each) == 1:
            choices[name] = Choice(each["take"])
        else:
            raise InvalidInput(f"Take what stands, what is wanted, or another value of {name}.")
    return version, choices


def _document(conflict: OpenConflict, language: Language) -> dict[str, Any]:
    return {
        "id": str(conflict.id),
        "collection": conflict.collection.id,
        "item": str(conflict.item_id),
        "label": _called(conflict, language),
        "version": conflict.version,
        "device": conflict.device,
        "received_at": conflict.received_at.isoformat(),
        "fields": [
            {
                "name": each.name,
                "base": each.base,
                **{
                    name: {
                        "value": side.value, "person": side.person,
                        "at": None if side.at is None else side.at.isoformat(),
                    }
                    for name, side in ((STANDS, each.stands), (WANTED, each.wanted))
                },
            }
            for each in conflict.fields
        ],
    }


ROUTES = (
    Route("/conflicts", conflicts, methods=["GET"]),
    Route("/conflicts/{id}", settle, methods=["POST"]),
)

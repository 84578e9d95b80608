"""Field work in the words of OpenAPI: what phones ask and send, conflicts, paper. For staff."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.collections import LABELLED
from gis_service.model.field_operations import (
    LONGEST_DEVICE,
    MOST_OPERATIONS,
    MOST_PHOTOS,
    OperationKind,
    Outcome,
)
from gis_service.model.rights import HISTORIANS
from gis_service.ogc.media import HTML, JSON, PDF
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_operations import Content, as_json, operation, several, thing
from gis_service.ogc.openapi_parameters import (
    format_parameter,
    path_parameter,
    query_parameter,
)

TAG = "Field"
GROUP = {"name": TAG, "description": "Field work, offline too, and what it needs on paper"}
_ANY: Document = {"type": "object"}
_TEXT: Document = {"type": "string"}
_MAYBE: Document = {"type": "string", "nullable": True}
_COUNT: Document = {"type": "integer", "minimum": 0}
_TIME: Document = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Document = {**_TIME, "nullable": True}
_UUID: Document = {"type": "string", "format": "uuid"}
_BINARY: Document = {"type": "string", "format": "binary"}
_PICTURES: Content = {f"image/{each}": _BINARY for each in ("jpeg", "png", "webp")}
_STAFF = ("401", "403")
_ITEM = thing(("collection", "id"), collection=_TEXT, id=_UUID)
_RESULT = thing(
    ("id", "outcome"),
    id=_TEXT,
    outcome={"type": "string", "enum": [*(each.value for each in Outcome), "unknown"]},
    item={**_ITEM, "nullable": True},
    why={**_MAYBE, "description": "Why it was refused or waits, or what else is to be known."},
    what_to_do=_MAYBE,
    fields=several(_TEXT),
    made_at=_MAYBE_TIME,
    occurred_at={**_MAYBE_TIME, "description": "When it was done, by the server's clock."},
)
_RESULTS = thing(("server_time", "results"), server_time=_TIME, results=several(_RESULT))
_OPERATION: Document = {
    **thing(
        ("id", "kind", "made_at"),
        id={**_UUID, "description": "Made by the client; sent again, it is not done twice."},
        kind={"type": "string", "enum": [each.value for each in OperationKind]},
        made_at={**_TIME, "description": "By the phone's clock."},
        item={**_UUID, "nullable": True, "description": "The id of what it makes."},
        target={
            **thing(collection=_TEXT, id=_UUID), "nullable": True,
            "description": "What it is about; of `create` the collection alone.",
        },
        values={**_ANY, "nullable": True},
        base={
            **_ANY, "nullable": True,
            "description": "The values that the phone showed before; what differs by now is a "
            "conflict for a planner.",
        },
        geometry={**_ANY, "nullable": True},
        accuracy_m={"type": "number", "minimum": 0, "nullable": True},
        photos=several(_UUID, most=MOST_PHOTOS),
    ),
    "additionalProperties": False,
}
_SENT: Document = {
    **thing(
        ("device", "sent_at", "operations"),
        device={"type": "string", "minLength": 1, "maxLength": LONGEST_DEVICE},
        sent_at=_TIME,
        operations=several(_OPERATION, most=MOST_OPERATIONS),
    ),
    "additionalProperties": False,
}
_CONFLICT = thing(
    ("id", "collection", "item", "fields"),
    id=_UUID, collection=_TEXT, item=_UUID, label=_TEXT, fields=several(_ANY),
)


def field_paths(audience: Audience) -> Document:
    """The operations of field work that an audience may use; the public none."""
    if not audience.is_staff:
        return {}
    paths: Document = {
        "/field/me": {"get": operation(
            TAG, "getMe", "Who is logged in",
            {"200": as_json(thing(("role",), person=_TEXT, role=_TEXT, server_time=_TIME))},
            faults=_STAFF,
        )},
        "/field/wards": {"get": operation(
            TAG, "getFieldWards", "Wards that can be taken along",
            {"200": as_json(thing(("wards",), wards=several(_ward())))}, faults=_STAFF,
        )},
        "/field/wards/{code}": {"get": operation(
            TAG, "getFieldWard", "One ward with all that stands in it", {"200": as_json(_ANY)},
            parameters=[_code()], faults=(*_STAFF, "404"),
        )},
        "/field/words": {"get": operation(
            TAG, "getFieldWords", "Fields, codes and checklists of the forms",
            {"200": as_json(_ANY)}, faults=_STAFF,
        )},
        "/field/operations": _operations(),
        "/field/photos/{id}": _photos(),
        "/wards/{code}/sheet.pdf": {"get": operation(
            TAG, "printWard", "One ward on A4: map and lists (PDF)",
            {"200": {PDF.media_type: _BINARY}}, parameters=[_code()], faults=(*_STAFF, "404"),
        )},
        "/labels": {"get": operation(
            TAG, "printLabels", "Labels of a ward on A4 (PDF)", {"200": {PDF.media_type: _BINARY}},
            parameters=[
                query_parameter("ward", "Code of the ward.", _TEXT, required=True),
                query_parameter(
                    "collection", "What gets labels.",
                    {"type": "string", "enum": list(LABELLED), "default": LABELLED[0]},
                ),
                query_parameter(
                    "size", "Width and height of a label in millimetres, such as 63.5x38.1.",
                    _TEXT,
                ),
            ],
            faults=(*_STAFF, "404"),
        )},
    }
    if audience.includes(HISTORIANS):
        paths |= _conflicts()
    return paths


def _operations() -> Document:
    return {
        "post": operation(
            TAG, "sendOperations", "Keep and carry out what was done in the field",
            {"200": as_json(_RESULTS)}, body=as_json(_SENT), faults=_STAFF,
        ),
        "get": operation(
            TAG, "getOperations", "What became of operations", {"200": as_json(_RESULTS)},
            parameters=[query_parameter(
                "ids", f"1 to {MOST_OPERATIONS} ids of operations.",
                {**several(_UUID, most=MOST_OPERATIONS), "minItems": 1}, required=True,
            )],
            faults=_STAFF,
        ),
    }


def _photos() -> Document:
    kept = as_json(thing(
        ("id", "sha256"), id=_UUID, sha256=_TEXT, media_type=_TEXT, bytes=_COUNT,
        taken_at=_MAYBE_TIME,
    ))
    id_ = path_parameter("id", "The photo's id, made by the client.", _UUID)
    return {
        "put": operation(
            TAG, "sendPhoto", "Keep a photo", {"200": kept, "201": kept},
            parameters=[
                id_,
                query_parameter("collection", "Of the item that it shows.", _TEXT, required=True),
                query_parameter("item", "The item that it shows.", _UUID, required=True),
                query_parameter("taken_at", "When it was taken.", _TIME),
                query_parameter("operation", "The operation that it belongs to.", _UUID),
            ],
            body=_PICTURES, faults=(*_STAFF, "404", "409"),
        ),
        "get": operation(
            TAG, "getPhoto", "One photo", {"200": _PICTURES}, parameters=[id_],
            faults=(*_STAFF, "404"),
        ),
    }


def _conflicts() -> Document:
    choice = thing(take={"type": "string", "enum": ["stands", "wanted"]}, value={})
    settling: Document = {
        **thing(
            ("fields",),
            version={"type": "integer", "nullable": True},
            fields={"type": "object", "additionalProperties": choice},
        ),
        "additionalProperties": False,
    }
    return {
        "/conflicts": {"get": operation(
            TAG, "getConflicts", "Changes that disagree",
            {"200": {
                **as_json(thing(("conflicts",), conflicts=several(_CONFLICT))),
                HTML.media_type: _TEXT,
            }},
            parameters=[format_parameter((JSON, HTML))], faults=(*_STAFF, "406"),
        )},
        "/conflicts/{id}": {"post": operation(
            TAG, "settleConflict", "Decide between changes that disagree",
            {"200": as_json(thing(("id", "settled"), id=_UUID, settled={"type": "boolean"}))},
            parameters=[path_parameter("id", "The conflict's id.", _UUID)],
            body=as_json(settling), faults=(*_STAFF, "404", "409", "412"),
        )},
    }


def _ward() -> Document:
    box = {**several({"type": "number"}), "description": "West, south, east, north (WGS84)."}
    return thing(
        ("code", "name"), code=_TEXT, name=_TEXT, nodes=_COUNT, offices=_COUNT,
        equipment=_COUNT, bbox=box,
    )


def _code() -> Document:
    return path_parameter("code", "Code of the ward.", _TEXT)

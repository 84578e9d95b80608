"""People, keys and the audit in the words of OpenAPI; for admins. And what is kept, for all."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.audit import KINDS
from gis_service.model.keys import KeyState
from gis_service.model.rights import keeps_people
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.openapi_components import Document
from gis_service.ogc.openapi_operations import as_json, operation, several, thing
from gis_service.ogc.openapi_parameters import format_parameter, path_parameter, query_parameter

TAG = "People"
GROUP = {"name": TAG, "description": "People and their keys; who did what"}
_TEXT: Document = {"type": "string"}
_MAYBE: Document = {"type": "string", "nullable": True}
_COUNT: Document = {"type": "integer", "minimum": 0}
_UUID: Document = {"type": "string", "format": "uuid"}
_NO_UUID: Document = {**_UUID, "nullable": True}
_TIME: Document = {"type": "string", "format": "date-time"}
_NO_TIME: Document = {**_TIME, "nullable": True}
_BINARY: Document = {"type": "string", "format": "binary"}
_ROLE: Document = {"type": "string", "enum": [a.value for a in Audience if a.is_staff]}
_KEY_MEMBERS: dict[str, Document] = {
    "prefix": _TEXT, "role": _ROLE, "client": _TEXT, "ward": _MAYBE,
    "state": {"type": "string", "enum": [each.value for each in KeyState]},
    "created_at": _TIME, "expires_at": _NO_TIME, "revoked_at": _NO_TIME,
    "last_used_on": {"type": "string", "format": "date", "nullable": True},
}
_NEW_KEY = thing(
    ("prefix", "text", "person"),
    **_KEY_MEMBERS, person=_UUID,
    text={**_TEXT, "description": "The key itself: told here only, and never again."},
)
_PERSON = thing(
    ("id", "keys"),
    id=_UUID, name=_MAYBE, contact=_MAYBE, created_at=_TIME, erased_at=_NO_TIME,
    keys=several(thing(("prefix", "state"), **_KEY_MEMBERS)),
    kept=several(thing(("place", "rows"), place=_TEXT, rows=_COUNT)),
)
_ENTRY = thing(
    ("at", "kind"),
    at=_TIME, kind={"type": "string", "enum": list(KINDS)}, person_id=_NO_UUID, person=_MAYBE,
    collection=_MAYBE, item_id=_NO_UUID, inserted=_COUNT, updated=_COUNT, deleted=_COUNT,
    subject_id=_NO_UUID, subject=_MAYBE, request_id=_MAYBE, details={"type": "object"},
)
_WANTED: dict[str, Document] = {
    "role": _ROLE, "client": _TEXT, "ward": _TEXT,
    "expires": {**_TEXT, "description": "The last day (2027-01-31), or days from now (90d)."},
}
_SURE: Document = {"type": "string", "enum": ["yes"]}
_REFUSED = ("400", "401", "404", "409")


def people_paths(audience: Audience) -> Document:
    """The operations that an audience may use: those on people are for admins."""
    paths: Document = {"/privacy": {"get": operation(
        "Capabilities", "getPrivacy", "What is kept about people",
        {"200": {
            **as_json(thing(
                ("controller", "kept"), controller=_TEXT,
                kept=several(thing(
                    ("id", "what"), id=_TEXT, what=_TEXT, why=_TEXT, until=_TEXT, seen_by=_TEXT
                )),
            )),
            HTML.media_type: _TEXT,
        }},
        parameters=[format_parameter((JSON, HTML))], faults=("406",),
    )}}
    return paths | (_for_admins() if keeps_people(audience) else {})


def _for_admins() -> Document:
    id_ = [path_parameter("id", "Id of the person.", _UUID)]
    key = [*id_, path_parameter("prefix", "What stands between `gis_` and the next `_`.", _TEXT)]
    both = [format_parameter((JSON, HTML))]
    made = {"201": as_json(_NEW_KEY)}
    one = {"200": as_json(_PERSON)}
    archive = {"200": {"application/zip": _BINARY}}
    paths: Document = {
        "/people": {
            "get": operation(
                TAG, "getPeople", "Everyone, with the keys they hold",
                {"200": {**as_json(thing(("people",), people=several(_PERSON))),
                         HTML.media_type: _TEXT}},
                parameters=both, faults=("401", "406"),
            ),
            "post": operation(
                TAG, "makeKey", "Make a key for a person", made,
                body=as_json(_strict(("name", "role"), name=_TEXT, contact=_TEXT, **_WANTED)),
                faults=_REFUSED,
            ),
        },
        "/people/contact": {"post": operation(
            TAG, "takeOutContact", "Take out or erase what is kept with a contact",
            {"200": {"application/zip": _BINARY, **as_json(thing(erased={"type": "object"}))}},
            body=as_json(_strict(
                ("contact", "act"), contact=_TEXT, sure=_SURE,
                act={"type": "string", "enum": ["export", "erase"]},
            )),
            faults=_REFUSED,
        )},
        "/people/{id}": {
            "get": operation(
                TAG, "getPerson", "One person, their keys, and where their id stands",
                {"200": {**as_json(_PERSON), HTML.media_type: _TEXT}},
                parameters=[*id_, *both], faults=(*_REFUSED, "406"),
            ),
            "post": operation(
                TAG, "correctPerson", "Correct a name and contact", one, parameters=id_,
                body=as_json(_strict(("name",), name=_TEXT, contact=_TEXT)), faults=_REFUSED,
            ),
        },
        "/people/{id}/keys": {"post": operation(
            TAG, "addKey", "Make another key for a person", made, parameters=id_,
            body=as_json(_strict(("role",), **_WANTED)), faults=_REFUSED,
        )},
        "/people/{id}/erase": {"post": operation(
            TAG, "erasePerson", "Erase a person; what they did stays", one, parameters=id_,
            body=as_json(_strict(("sure",), sure=_SURE)), faults=_REFUSED,
        )},
        "/people/{id}/export": {"post": operation(
            TAG, "takeOutPerson", "Take out all that is kept of a person", archive,
            parameters=id_, faults=_REFUSED,
        )},
    }
    for name, id_of, summary, answers in (
        ("replace", "replaceKey", "Make a second key beside one", made),
        ("revoke", "revokeKey", "Revoke a key", one),
    ):
        paths[f"/people/{{id}}/keys/{{prefix}}/{name}"] = {"post": operation(
            TAG, id_of, summary, answers, parameters=key, faults=_REFUSED,
        )}
    asked = [
        query_parameter("person", "Id of who acted; `owner` for the machine itself.", _TEXT),
        query_parameter("collection", "Changes of this collection.", _TEXT),
        query_parameter("item", "Changes of the item with this id.", _UUID),
        query_parameter("kind", "Acts of this kind.", {"type": "string", "enum": list(KINDS)}),
        query_parameter("from", "From this day or time on.", _TEXT),
        query_parameter("to", "To the end of this day, or before this time.", _TEXT),
    ]
    paths["/audit"] = {"get": operation(
        TAG, "getAudit", "Who did what, the newest first",
        {"200": {**as_json(thing(("entries",), entries=several(_ENTRY))), HTML.media_type: _TEXT}},
        parameters=[
            *asked,
            query_parameter("limit", "Most entries of a page.",
                            {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
            query_parameter("cursor", "Where the page begins: from a `next` link.", _TEXT),
            *both,
        ],
        faults=("400", "401", "406"),
    )}
    for name, id_of, media_type in (
        ("csv", "getAuditAsCsv", "text/csv"), ("jsonl", "getAuditAsLines", "application/jsonl")
    ):
        paths[f"/audit.{name}"] = {"get": operation(
            TAG, id_of, "The whole audit as a file", {"200": {media_type: _TEXT}},
            parameters=asked, faults=("400", "401"),
        )}
    return paths


def _strict(required: tuple[str, ...], **members: Document) -> Document:
    return {**thing(required, **members), "additionalProperties": False}

"""The audit: who did what and when, for admins; to everybody else there is nothing here."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.formats.guarding import guarded
from gis_service.model.audit import KINDS, OWNER, AuditQuery, Entry, Place
from gis_service.model.collections import REGISTRY
from gis_service.model.days import end_of
from gis_service.model.locales import number
from gis_service.ogc.links import Link, documents, with_query
from gis_service.ogc.media import HTML, JSON
from gis_service.ogc.parameters import parse_id, parse_limit, parse_moment
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.downloads import TimedResponse
from gis_service.web.local_times import local_time
from gis_service.web.pages import static_address
from gis_service.web.people import admins_only

PATH = "/audit"
FILTERS = ("person", "collection", "item", "kind", "from", "to")
MOST = 1_000
USUAL = 50
COLUMNS = (
    "at", "kind", "person_id", "person", "collection", "item_id", "inserted", "updated",
    "deleted", "subject_id", "subject", "request_id", "details",
)
"""Of the CSV file, and the members of JSON, in their order."""


async def audit(request: Request) -> Response:
    """A page of entries, the newest first."""
    admins_only(request)
    asked = read(
        request, JSON, HTML, known=(*COMMON_PARAMETERS, *FILTERS, "limit", "cursor")
    )
    query = _query(asked)
    found = await asked.services.audit.page(asked.principal, query)
    links = asked.links()
    following = None
    if found.following is not None:
        following = asked.address_with(cursor=_written(found.following))
        links.append(Link(following, "next", JSON.media_type))
    if not asked.is_html:
        response = asked.document({
            "entries": [_document(each) for each in found.entries], "links": documents(links)
        })
        response.headers["cache-control"] = "private, no-store"
        return response
    people = await asked.services.audit.people(asked.principal)
    chosen = {name: asked.parameters.get(name) or "" for name in FILTERS}
    asking = [(name, value) for name, value in chosen.items() if value]
    return asked.page(
        "audit.html",
        entries=found.entries,
        following=following,
        people={str(id_): name for id_, name in people.items()},
        collections={id_: each.title[asked.language] for id_, each in REGISTRY.items()},
        kinds=KINDS,
        owner=OWNER,
        chosen=chosen,
        files={
            name: with_query(f"{asked.at.base}{PATH}.{name}", asking) for name in ("csv", "jsonl")
        },
        time=lambda at: local_time(at, asked.language),
        told=lambda entry: _told(entry, asked),
        page_styles=[static_address(asked.at, "people.css")],
    )


async def as_csv(request: Request) -> Response:
    """All entries of a query as CSV, no cell of which is a formula."""
    return await _file(request, "csv", "text/csv; charset=utf-8", _csv_lines)


async def as_json_lines(request: Request) -> Response:
    """All entries of a query, one JSON object to a line."""
    return await _file(request, "jsonl", "application/jsonl", _json_lines)


async def _file(request: Request, name: str, media_type: str, written: Any) -> Response:
    admins_only(request)
    asked = read(request, JSON, known=("lang", *FILTERS), negotiate=False)
    query = _query(asked)
    headers = {
        "cache-control": "private, no-store",
        "content-disposition": f'attachment; filename="audit.{name}"',
    }
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    await asked.services.audit.exported(
        asked.principal, request.state.request_id, what="audit", format=name
    )
    portions = asked.services.audit.portions(asked.principal, query)
    return TimedResponse(written(portions), headers=headers, media_type=media_type)


async def _csv_lines(portions: AsyncIterator[tuple[Entry, ...]]) -> AsyncIterator[bytes]:
    yield _csv([COLUMNS])
    async for entries in portions:
        yield _csv([[_cell(_document(each)[name]) for name in COLUMNS] for each in entries])


async def _json_lines(portions: AsyncIterator[tuple[Entry, ...]]) -> AsyncIterator[bytes]:
    async for entries in portions:
        yield b"".join(orjson.dumps(_document(each)) + b"\n" for each in entries)


def _csv(rows: Any) -> bytes:
    lines = io.StringIO()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return lines.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        value = orjson.dumps(value).decode() if value else ""
    return guarded(str(value))


def _query(asked: Asked) -> AuditQuery:
    given = {name: asked.parameters.get(name) or None for name in FILTERS}
    limit, cursor = asked.parameters.get("limit"), asked.parameters.get("cursor")
    collection, kind = given["collection"], given["kind"]
    if collection is not None and collection not in REGISTRY:
        raise InvalidParameter("collection", collection, f"it is one of {', '.join(REGISTRY)}")
    if kind is not None and kind not in KINDS:
        raise InvalidParameter("kind", kind, f"it is one of {', '.join(KINDS)}")
    person = given["person"]
    return AuditQuery(
        person=OWNER if person == OWNER else _id("person", person),
        collection=collection,
        item=_id("item", given["item"]),
        kind=kind,
        since=_time("from", given["from"]),
        until=_time("to", given["to"]),
        before=None if cursor is None else _read(cursor),
        limit=USUAL if limit is None else parse_limit(limit, maximum=MOST),
    )


def _id(name: str, text: str | None) -> UUID | None:
    found = None if text is None else parse_id(text)
    if text is not None and found is None:
        raise InvalidParameter(name, text, "it must be a UUID")
    return found


def _time(name: str, text: str | None) -> datetime | None:
    """A time; a day of Kenya is its beginning as `from`, its end as `to`."""
    if text is None:
        return None
    at = parse_moment(name, text)
    if len(text) > len("2026-01-31"):
        return at
    over = end_of(at.date())
    return over if name == "to" else over - timedelta(days=1)


def _written(place: Place) -> str:
    told = orjson.dumps([place.at.astimezone(UTC).isoformat(), place.key])
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def _read(cursor: str) -> Place:
    try:
        at, key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(key, str) and "\0" not in key and key.isascii():
            return Place(datetime.fromisoformat(at).astimezone(UTC), key)
    except (ValueError, TypeError, OverflowError):
        pass
    raise InvalidParameter("cursor", cursor, "take it from a page's `next` link")


def _document(entry: Entry) -> dict[str, Any]:
    def plain(value: object) -> Any:
        return None if value is None else str(value)

    return {
        "at": entry.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "kind": entry.kind,
        "person_id": plain(entry.person_id),
        "person": entry.person,
        "collection": entry.collection,
        "item_id": plain(entry.item_id),
        "inserted": entry.inserted,
        "updated": entry.updated,
        "deleted": entry.deleted,
        "subject_id": plain(entry.subject_id),
        "subject": entry.subject,
        "request_id": entry.request_id,
        "details": dict(entry.details),
    }


def _told(entry: Entry, asked: Asked) -> str:
    """How many items were changed how, and what else is known, in the reader's words."""
    words = asked.words
    told = [
        words[f"audit_{name}"].format(count=number(count, asked.language))
        for name, count in (
            ("inserted", entry.inserted), ("updated", entry.updated), ("deleted", entry.deleted)
        )
        if count
    ]
    told += [
        f"{words.get(f'audit_detail_{name}', name)}: "
        + (", ".join(map(str, value)) if isinstance(value, list)
           else words.get(f"people_role_{value}", str(value)))
        for name, value in entry.details.items()
        if name != "load" and value
    ]
    return " · ".join(told)


ROUTES = (
    Route(PATH, audit, methods=["GET"]),
    Route(f"{PATH}.csv", as_csv, methods=["GET"]),
    Route(f"{PATH}.jsonl", as_json_lines, methods=["GET"]),
)

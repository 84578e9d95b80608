"""What happened to items: their versions, and what changed between two times. For staff."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.audience import visible_fields
from gis_service.model.fields import Collection
from gis_service.model.history import FieldChange, ItemDifference, ShapeChange, Version
from gis_service.model.rights import HISTORIANS
from gis_service.ogc.features import feature
from gis_service.ogc.links import Link, documents
from gis_service.ogc.media import GEOJSON, HTML, JSON
from gis_service.ogc.parameters import parse_id, parse_limit, parse_moment
from gis_service.services.history import plain
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.local_times import local_time
from gis_service.web.principal import require
from gis_service.web.tables import Reading, cell, named, references

CHANGES_PARAMETERS = (*COMMON_PARAMETERS, "since", "until", "limit", "cursor")
MOST_CHANGES = 1_000


async def versions(request: Request) -> Response:
    """Every version of one item: who, when, and what changed."""
    asked = read(request, JSON, HTML)
    collection = _collection(asked)
    item_id = _item_id(asked, collection)
    found = await asked.services.records.versions(collection, item_id, asked.principal)
    at = asked.at.item(collection.id, item_id)
    if asked.is_html:
        fields = {f.name: f for f in visible_fields(collection, asked.principal.audience)}
        values = [
            {change.field: value}
            for each in found.versions for change in each.changes
            for value in (change.old, change.new)
        ]
        labels = await asked.services.features.labels(
            references(values, fields.values()), asked.principal
        )
        reading = Reading(asked.language, asked.at, labels)

        def title(name: str) -> str:
            return fields[name].title[asked.language] if name in fields else name

        def shown(change: FieldChange, value: Any) -> Any:
            field = fields.get(change.field)
            return None if field is None else cell(field, value, reading)

        return asked.page(
            "ogc_versions.html",
            collection=collection,
            item=found,
            name=named(collection, found.label, asked.language),
            item_href=at,
            title=title,
            shown=shown,
            time=lambda at: local_time(at, asked.language),
        )
    document = {
        "collection": collection.id,
        "id": str(found.id),
        "label": found.label,
        "versions": [_version(each, asked) for each in found.versions],
        "links": documents([*asked.links(), Link(at, "item", GEOJSON.media_type)]),
    }
    return asked.document(document)


async def version(request: Request) -> Response:
    """One item as one of its versions had it."""
    asked = read(request, GEOJSON)
    collection = _collection(asked)
    item_id = _item_id(asked, collection)
    text = request.path_params["number"]
    if not (text.isascii() and text.isdigit() and 0 < int(text[:12]) < 2**31):
        raise NotFound(f"{collection.id} has no version {text[:20]} of an item {item_id}.")
    finished = await asked.services.records.version(
        collection, item_id, int(text), asked.principal
    )
    at = asked.at.item(collection.id, item_id)
    links = [
        *asked.links(),
        Link(at, "latest-version", GEOJSON.media_type),
        Link(f"{at}/versions", "version-history", JSON.media_type),
    ]
    return asked.answer(feature(finished, links))


async def changes(request: Request) -> Response:
    """What a collection gained, changed and lost between two times, a page at a time."""
    asked = read(request, JSON, known=CHANGES_PARAMETERS)
    collection = _collection(asked)
    since, until, limit, cursor = map(
        asked.parameters.get, ("since", "until", "limit", "cursor")
    )
    if since is None:
        raise InvalidParameter("since", "", "say from which time on, as 2026-01-31T12:00:00Z")
    now = datetime.now(UTC)
    first = parse_moment("since", since)
    last = now if until is None else parse_moment("until", until)
    after = None if cursor is None else parse_id(cursor)
    if cursor is not None and after is None:
        raise InvalidParameter("cursor", cursor, "take it from a page's `next` link")
    if last <= first:
        raise InvalidParameter("until", until or last.isoformat(), "it must be after since")
    most = MOST_CHANGES if limit is None else parse_limit(limit, maximum=MOST_CHANGES)
    found = await asked.services.records.difference(
        collection, first, last, asked.principal, after=after, limit=most
    )
    links = asked.links()
    if found.last_id is not None:
        following = asked.address_with(cursor=str(found.last_id), until=_time(last))
        links.append(Link(following, "next", JSON.media_type))
    changed = [
        *(_difference("insert", each) for each in found.added),
        *(_difference("update", each) for each in found.changed),
        *(_difference("delete", each) for each in found.removed),
    ]
    document = {
        "collection": collection.id,
        "since": _time(first),
        "until": _time(last),
        "changes": sorted(changed, key=lambda each: str(each["id"])),
        "links": documents(links),
    }
    return asked.document(document)


def _collection(asked: Asked) -> Collection:
    """
    The collection, for those who may know its past; to the public there is nothing here.

    Raises
    ------
    UnknownCollection, NotFound, NotAllowed
        There is none, or the reader may not know.
    """
    collection = asked.services.features.known(
        asked.request.path_params["collection_id"], asked.principal
    )
    if not asked.principal.audience.is_staff:
        raise NotFound(f"There is nothing at {asked.path[:100]}.")
    require(asked.principal, HISTORIANS)
    return collection


def _item_id(asked: Asked, collection: Collection) -> Any:
    text = asked.request.path_params["item_id"]
    item_id = parse_id(text)
    if item_id is None:
        raise NotFound(f"{collection.id} has no item {text[:60]}.")
    return item_id


def _version(each: Version, asked: Asked) -> dict[str, Any]:
    href = f"{asked.at.base}{asked.path}/{each.number}"
    return {
        "number": each.number,
        "operation": each.operation,
        "at": _time(each.at),
        "person": None if each.person_id is None else {"id": plain(each.person_id),
                                                       "name": each.person},
        "request": each.request_id,
        "changes": _changes(each.changes),
        "geometry": _shape(each.shape),
        "links": documents([Link(href, "version", GEOJSON.media_type)]),
    }


def _difference(operation: str, each: ItemDifference) -> dict[str, Any]:
    return {
        "id": str(each.id),
        "label": each.label,
        "operation": operation,
        "changes": _changes(each.changes),
        "geometry": _shape(each.shape),
    }


def _changes(changes: tuple[FieldChange, ...]) -> list[dict[str, Any]]:
    return [{"property": c.field, "old": c.old, "new": c.new} for c in changes]


def _shape(shape: ShapeChange | None) -> dict[str, Any] | None:
    if shape is None:
        return None
    return {"old": shape.old, "new": shape.new, "unit": shape.unit or None,
            "moved_m": shape.moved_m}


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")



_ITEM = "/collections/{collection_id}/items/{item_id}"
ROUTES = (
    Route(f"{_ITEM}/versions", versions, methods=["GET"]),
    Route(f"{_ITEM}/versions/{{number}}", version, methods=["GET"]),
    Route("/collections/{collection_id}/changes", changes, methods=["GET"]),
)

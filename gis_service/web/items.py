"""Items of a collection, a page at a time or one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service import __version__
from gis_service.cartography.definition import MapDefinition
from gis_service.errors import NotFound
from gis_service.model.audience import visible_fields
from gis_service.model.fields import Collection, Field
from gis_service.model.queries import (
    Cursor,
    ItemsPage,
    ItemsQuery,
    Rendering,
)
from gis_service.model.rights import reads_history
from gis_service.ogc.etags import changed_in, item_etag, last_modified, version_in
from gis_service.ogc.features import after_features, feature, feature_collection
from gis_service.ogc.links import Link
from gis_service.ogc.media import DOWNLOADS, GEOJSON, HTML, JSON
from gis_service.ogc.parameters import (
    parse_id,
)
from gis_service.ogc.sorting import write_cursor
from gis_service.web.asked import Asked, read
from gis_service.web.conditions import collection_etag
from gis_service.web.downloads import STREAMED_FROM, download, held_page
from gis_service.web.item_questions import ITEM_PARAMETERS, items_query, rendering
from gis_service.web.items_page import choices, files, orders, small_map, without_blanks
from gis_service.web.maps import maps_beside
from gis_service.web.paper import link_to_labels, link_to_sheet
from gis_service.web.tables import (
    Feature,
    Reading,
    Table,
    called,
    entries,
    positions,
    references,
    table,
)


async def items(request: Request) -> Response:
    """A page of a collection's items."""
    asked = read(request, GEOJSON, HTML, *DOWNLOADS, known=None)
    features = asked.services.features
    collection = features.known(request.path_params["collection_id"], asked.principal)
    if asked.is_html:
        asked = without_blanks(asked, collection)
    query = items_query(asked, collection)
    if asked.format in DOWNLOADS:
        limit = None if asked.parameters.get("limit") is None else query.limit
        return await download(asked, query, limit=limit)
    told = content_crs(query.rendering)
    if not asked.is_html and query.recorded is None:
        stamp = features.stamp(collection, asked.principal)
        if stamp is not None:
            told["etag"] = _page_etag(asked, stamp)
            if asked.known_tag(told["etag"]):
                return asked.answer(b"", headers=told)
    if asked.format is GEOJSON and query.limit > STREAMED_FROM:
        return await _streamed(asked, query, told)
    page = await features.page(query, asked.principal)
    if asked.is_html:
        return asked.page(
            "ogc_items.html",
            collection=collection,
            page=page,
            table=await _table(asked, query, page),
            choices=choices(asked, collection),
            files=files(asked),
            orders=orders(asked, query, _fields(asked, collection, query.rendering)),
            small_map=small_map(asked, query, page),
            around=_around(asked, query, page),
            maps=_maps(asked, collection),
            labels=link_to_labels(asked, collection),
        )
    return asked.answer(
        feature_collection(page, _links(asked, query, page), at=datetime.now(UTC)),
        headers=told,
    )


async def item(request: Request) -> Response:
    """One item."""
    asked = read(request, GEOJSON, HTML, known=ITEM_PARAMETERS)
    features = asked.services.features
    collection = features.known(request.path_params["collection_id"], asked.principal)
    text = request.path_params["item_id"]
    item_id = parse_id(text)
    if item_id is None:
        raise NotFound(f"{collection.id} has no item {text[:60]}.")
    written = rendering(asked, collection)
    finished = await features.item(collection, item_id, asked.principal, written)
    if asked.is_html:
        read_back = orjson.loads(finished)
        fields = _fields(asked, collection, written)
        return asked.page(
            "ogc_item.html",
            collection=collection,
            item=read_back,
            name=called(collection, read_back, asked.language),
            points=positions(read_back["geometry"]["coordinates"]) if read_back["geometry"] else 0,
            entries=entries(read_back, fields, await _reading(asked, [read_back], fields)),
            past=reads_history(asked.principal.audience),
            maps=_maps(asked, collection),
            sheet=link_to_sheet(asked, collection, read_back["properties"]),
        )
    body = feature(finished, [*asked.links(), link_to_collection(asked, collection)])
    headers = content_crs(written) | {"etag": item_etag(version_in(finished), body)}
    changed_at = changed_in(finished)
    if changed_at is not None:
        headers["last-modified"] = last_modified(changed_at)
    return asked.answer(body, headers=headers)


async def _streamed(asked: Asked, query: ItemsQuery, headers: Mapping[str, str]) -> Response:
    """A large page, from memory where it is held there, and else as the database writes it."""
    ending = partial(_after_features, asked, query)
    pages = asked.services.features.held_pages(query, asked.principal, at_once=1_000)
    if pages is not None:
        return held_page(asked, pages, ending=ending, headers=headers)
    return await download(asked, query, limit=query.limit, ending=ending, headers=headers)


def _after_features(asked: Asked, query: ItemsQuery, page: ItemsPage) -> bytes:
    return after_features(page, _links(asked, query, page), at=datetime.now(UTC))


def _links(asked: Asked, query: ItemsQuery, page: ItemsPage) -> list[Link]:
    around = _around(asked, query, page)
    return [
        *asked.links(),
        *(Link(href, rel, asked.format.media_type) for rel, href in around.items() if href),
        link_to_collection(asked, query.collection),
    ]


def _around(asked: Asked, query: ItemsQuery, page: ItemsPage) -> dict[str, str | None]:
    return {
        "next": _page_address(asked, query, page.following),
        "prev": _page_address(asked, query, page.previous),
    }


def _page_address(asked: Asked, query: ItemsQuery, cursor: Cursor | None) -> str | None:
    """Where another page is; the first one needs no cursor."""
    if cursor is None:
        return None
    first = cursor.at is None and not cursor.backward
    written = None if first else write_cursor(cursor, query.sort)
    return asked.address_with(cursor=written, offset=None)


def _page_etag(asked: Asked, stamp: str) -> str:
    audience = "staff" if asked.principal.audience.is_staff else "public"
    base = asked.settings.public_base_url
    return collection_etag(
        stamp, asked.request, audience, asked.format.name, asked.language, base, __version__
    )


def content_crs(written: Rendering) -> dict[str, str]:
    """OGC API - Features, Part 2, requirement 16."""
    return {"content-crs": f"<{written.crs.uri}>"}


def _fields(asked: Asked, collection: Collection, written: Rendering) -> tuple[Field, ...]:
    if written.properties is not None:
        return written.properties
    return visible_fields(collection, asked.principal.audience)


async def _table(asked: Asked, query: ItemsQuery, page: ItemsPage) -> Table:
    features = orjson.loads(b"[" + page.features + b"]")
    fields = _fields(asked, query.collection, query.rendering)
    return table(query.collection, features, fields, await _reading(asked, features, fields))


async def _reading(
    asked: Asked, features: Sequence[Feature], fields: Sequence[Field]
) -> Reading:
    referred = references((each["properties"] for each in features), fields)
    labels = await asked.services.features.labels(referred, asked.principal)
    return Reading(asked.language, asked.at, labels)


def _maps(asked: Asked, collection: Collection) -> list[MapDefinition]:
    """The maps on which the collection is shown."""
    return [
        definition
        for definition in maps_beside(asked)
        if any(layer.collection == collection.id for layer in definition.layers)
    ]


def link_to_collection(asked: Asked, collection: Collection) -> Link:
    return Link(
        asked.at.collection(collection.id),
        "collection",
        JSON.media_type,
        collection.title[asked.language],
    )


ROUTES = (
    Route("/collections/{collection_id}/items", items, methods=["GET"]),
    Route("/collections/{collection_id}/items/{item_id}", item, methods=["GET"]),
)

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
from gis_service.errors import InvalidParameter, NotFound
from gis_service.model.audience import visible_fields
from gis_service.model.fields import Collection, Field
from gis_service.model.queries import (
    CRS84,
    Cursor,
    Equals,
    ItemsPage,
    ItemsQuery,
    RecordTime,
    Rendering,
    ServedCrs,
)
from gis_service.model.queryables import queryables_of
from gis_service.model.rights import HISTORIANS, reads_history
from gis_service.ogc.etags import changed_in, item_etag, last_modified, version_in
from gis_service.ogc.features import after_features, feature, feature_collection
from gis_service.ogc.links import Link
from gis_service.ogc.media import DOWNLOADS, GEOJSON, HTML, JSON
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.openapi_parameters import MOST_OFFSET, PAGE, RENDERING
from gis_service.ogc.parameters import (
    parse_bbox,
    parse_crs,
    parse_datetime,
    parse_id,
    parse_limit,
    parse_offset,
    parse_value,
)
from gis_service.ogc.rendering import parse_flag, parse_precision, parse_properties
from gis_service.ogc.sorting import parse_sort, read_cursor, write_cursor
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.conditions import collection_etag
from gis_service.web.downloads import STREAMED_FROM, download, held_page
from gis_service.web.filtering import asked_filter
from gis_service.web.items_page import choices, files, orders, small_map, without_blanks
from gis_service.web.maps import maps_beside
from gis_service.web.principal import require
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

ITEM_PARAMETERS = (*COMMON_PARAMETERS, *RENDERING)
PAGE_PARAMETERS = (*ITEM_PARAMETERS, *PAGE, *FILTER)
"""A property of one of these names could not be asked by; the registry has none."""


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
        )
    body = feature(finished, [*asked.links(), link_to_collection(asked, collection)])
    headers = content_crs(written) | {"etag": item_etag(version_in(finished), body)}
    changed_at = changed_in(finished)
    if changed_at is not None:
        headers["last-modified"] = last_modified(changed_at)
    return asked.answer(body, headers=headers)


def items_query(
    asked: Asked, collection: Collection, *, known: Sequence[str] = PAGE_PARAMETERS
) -> ItemsQuery:
    """
    What the parameters ask of a collection.

    Parameters
    ----------
    known
        The parameters that there are besides the properties.

    Raises
    ------
    InvalidInput
        A parameter is unknown or breaks its rule. A property that this reader
        may not see is as unknown as one that does not exist.
    """
    settings, parameters = asked.settings, asked.parameters
    queryables = queryables_of(collection, asked.principal.audience)
    comparable = queryables.fields
    parameters.only((*known, *comparable))
    limit, offset, bbox, moment, cursor, sortby = map(
        parameters.get, ("limit", "offset", "bbox", "datetime", "cursor", "sortby")
    )
    skipped = 0 if offset is None else parse_offset(offset, maximum=MOST_OFFSET)
    if skipped and cursor is not None:
        raise InvalidParameter("offset", str(offset), "a page has an offset or a cursor, not both")
    recorded = None if moment is None else _record_time(asked, moment)
    most = settings.max_limit
    box, outline = (None, ()) if bbox is None else parse_bbox(bbox, _crs(asked, "bbox-crs"))
    sort = () if sortby is None else parse_sort(sortby, collection, asked.principal.audience)
    return ItemsQuery(
        collection=collection,
        limit=min(settings.default_limit, most)
        if limit is None
        else parse_limit(limit, maximum=most),
        bbox=box,
        outline=outline,
        equals=tuple(
            Equals(comparable[name], parse_value(comparable[name], value))
            for name, value in parameters.once()
            if name not in known
        ),
        filter=asked_filter(asked, queryables),
        sort=sort,
        cursor=None if cursor is None else read_cursor(cursor, sort),
        offset=skipped,
        rendering=rendering(asked, collection),
        recorded=recorded,
    )


def _record_time(asked: Asked, text: str) -> RecordTime | None:
    """
    The time whose items are asked for; to the public, items have no time and match any.

    Raises
    ------
    NotAllowed
        The reader's role may not read history.
    """
    time = parse_datetime(text)
    if not asked.principal.audience.is_staff:
        return None
    require(asked.principal, HISTORIANS)
    return time


def rendering(asked: Asked, collection: Collection) -> Rendering:
    """
    How the parameters ask for items to be written.

    Raises
    ------
    InvalidInput
        A parameter breaks its rule.
    """
    precision, skipped, wanted, unwanted = map(
        asked.parameters.get, ("precision", "skipGeometry", "properties", "exclude-properties")
    )
    crs = _crs(asked, "crs")
    return Rendering(
        properties=parse_properties(wanted, unwanted, collection, asked.principal.audience),
        skip_geometry=skipped is not None and parse_flag("skipGeometry", skipped),
        precision=None if precision is None else parse_precision(precision),
        crs=CRS84 if asked.is_html else crs,  # pages speak of longitude and latitude
    )


def _crs(asked: Asked, name: str) -> ServedCrs:
    text = asked.parameters.get(name)
    return CRS84 if text is None else parse_crs(name, text, asked.services.crs)


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

"""Items of a collection, a page at a time or one."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.cartography.definition import MapDefinition
from gis_service.errors import NotFound
from gis_service.model.audience import visible_fields
from gis_service.model.fields import Collection
from gis_service.model.queries import Equals, ItemsPage, ItemsQuery
from gis_service.ogc.features import feature, feature_collection
from gis_service.ogc.links import Link
from gis_service.ogc.media import GEOJSON, HTML, JSON
from gis_service.ogc.parameters import (
    check_datetime,
    is_comparable,
    parse_bbox,
    parse_id,
    parse_limit,
    parse_value,
    read_cursor,
    write_cursor,
)
from gis_service.web.asked import COMMON_PARAMETERS, Asked, read
from gis_service.web.maps import maps_beside
from gis_service.web.tables import Table, entries, positions, table

PAGE_PARAMETERS = (*COMMON_PARAMETERS, "limit", "bbox", "datetime", "cursor")
"""A property of one of these names could not be asked by; the registry has none."""


async def items(request: Request) -> Response:
    """A page of a collection's items."""
    asked = read(request, GEOJSON, HTML, known=None)
    features = asked.services.features
    collection = features.known(request.path_params["collection_id"], asked.principal)
    query = items_query(asked, collection)
    page = await features.page(query, asked.principal)
    links = asked.links()
    following = None
    if page.last_id is not None:
        following = asked.address_with(cursor=write_cursor(page.last_id))
        links.append(Link(following, "next", asked.format.media_type))
    if asked.is_html:
        return asked.page(
            "ogc_items.html",
            collection=collection,
            page=page,
            table=_table(asked, collection, page),
            following=following,
            maps=_maps(asked, collection),
        )
    links.append(_to_collection(asked, collection))
    return asked.answer(feature_collection(page, links, at=datetime.now(UTC)))


async def item(request: Request) -> Response:
    """One item."""
    asked = read(request, GEOJSON, HTML)
    features = asked.services.features
    collection = features.known(request.path_params["collection_id"], asked.principal)
    text = request.path_params["item_id"]
    item_id = parse_id(text)
    if item_id is None:
        raise NotFound(f"{collection.id} has no item {text[:60]}.")
    finished = await features.item(collection, item_id, asked.principal)
    if asked.is_html:
        read_back = orjson.loads(finished)
        fields = visible_fields(collection, asked.principal.audience)
        return asked.page(
            "ogc_item.html",
            collection=collection,
            item=read_back,
            name=read_back["properties"].get(collection.label) or str(item_id),
            points=positions(read_back["geometry"]["coordinates"]) if read_back["geometry"] else 0,
            entries=entries(read_back, fields, asked.language, asked.at),
            maps=_maps(asked, collection),
        )
    return asked.answer(feature(finished, [*asked.links(), _to_collection(asked, collection)]))


def items_query(asked: Asked, collection: Collection) -> ItemsQuery:
    """
    What the parameters ask of a collection.

    Raises
    ------
    InvalidInput
        A parameter is unknown or breaks its rule. A property that this reader
        may not see is as unknown as one that does not exist.
    """
    settings, parameters = asked.settings, asked.parameters
    comparable = {
        field.name: field
        for field in visible_fields(collection, asked.principal.audience)
        if is_comparable(field)
    }
    parameters.only((*PAGE_PARAMETERS, *comparable))
    limit, bbox, moment, cursor = map(parameters.get, ("limit", "bbox", "datetime", "cursor"))
    if moment is not None:
        check_datetime(moment)
    most = settings.max_limit
    return ItemsQuery(
        collection=collection,
        limit=min(settings.default_limit, most)
        if limit is None
        else parse_limit(limit, maximum=most),
        bbox=None if bbox is None else parse_bbox(bbox),
        equals=tuple(
            Equals(comparable[name], parse_value(comparable[name], value))
            for name, value in parameters.once()
            if name not in PAGE_PARAMETERS
        ),
        after=None if cursor is None else read_cursor(cursor),
    )


def _table(asked: Asked, collection: Collection, page: ItemsPage) -> Table:
    features = orjson.loads(b"[" + page.features + b"]")
    fields = visible_fields(collection, asked.principal.audience)
    return table(collection, features, fields, asked.language, asked.at)


def _maps(asked: Asked, collection: Collection) -> list[MapDefinition]:
    """The maps on which the collection is shown."""
    return [
        definition
        for definition in maps_beside(asked)
        if any(layer.collection == collection.id for layer in definition.layers)
    ]


def _to_collection(asked: Asked, collection: Collection) -> Link:
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

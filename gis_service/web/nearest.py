"""What lies nearest to a place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import InvalidParameter
from gis_service.model.fields import Collection
from gis_service.model.nearest import NearestQuery
from gis_service.model.queries import ItemsPage
from gis_service.ogc.features import feature_collection
from gis_service.ogc.media import GEOJSON, HTML
from gis_service.ogc.openapi_asking import (
    FARTHEST_M,
    NEAREST_DEFAULT,
    NEAREST_MOST,
    NEAREST_SHARED,
)
from gis_service.ogc.parameters import parse_limit, parse_number
from gis_service.web.asked import Asked, read
from gis_service.web.item_questions import ITEM_PARAMETERS, items_query
from gis_service.web.items import content_crs, link_to_collection
from gis_service.web.tables import called

PARAMETERS = (*ITEM_PARAMETERS, *NEAREST_SHARED, "lon", "lat", "limit", "max_distance_m")


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An item on the page."""

    name: str
    href: str
    distance_m: float
    bearing_deg: float | None


async def nearest(request: Request) -> Response:
    """The items that lie nearest to a place, with distance and direction."""
    asked = read(request, GEOJSON, HTML, known=None)
    collection = asked.services.features.known(
        request.path_params["collection_id"], asked.principal
    )
    query = items_query(asked, collection, known=PARAMETERS)
    place = asked.parameters.get("lon"), asked.parameters.get("lat")
    page = None
    if not asked.is_html or place != (None, None):
        limit = asked.parameters.get("limit")
        most = min(NEAREST_MOST, asked.settings.max_limit)
        wanted = NearestQuery(
            replace(
                query,
                limit=min(NEAREST_DEFAULT, most)
                if limit is None
                else parse_limit(limit, maximum=most),
            ),
            lon=_number(asked, "lon", 180),
            lat=_number(asked, "lat", 90),
            max_distance_m=_distance(asked),
        )
        page = await asked.services.nearest.page(wanted, asked.principal)
    if asked.is_html:
        return asked.page(
            "ogc_nearest.html",
            collection=collection,
            neighbours=None if page is None else _neighbours(asked, collection, page),
        )
    assert page is not None  # noqa: S101 - only a page may do without a place
    links = [*asked.links(), link_to_collection(asked, collection)]
    return asked.answer(
        feature_collection(page, links, at=datetime.now(UTC)),
        headers=content_crs(query.rendering),
    )


def _number(asked: Asked, name: str, most: float) -> float:
    text = asked.parameters.get(name)
    if text is None:
        raise InvalidParameter(name, "", "it is needed: the place in degrees")
    value = parse_number(name, text)
    if not -most <= value <= most:
        raise InvalidParameter(name, text, f"it lies between -{most:g} and {most:g}")
    return value


def _distance(asked: Asked) -> float | None:
    text = asked.parameters.get("max_distance_m")
    if text is None:
        return None
    value = parse_number("max_distance_m", text)
    if not 0 <= value <= FARTHEST_M:
        raise InvalidParameter("max_distance_m", text, f"it lies between 0 and {FARTHEST_M}")
    return value


def _neighbours(asked: Asked, collection: Collection, page: ItemsPage) -> list[Neighbour]:
    found = []
    for feature in orjson.loads(b"[" + page.features + b"]"):
        properties = feature["properties"]
        found.append(
            Neighbour(
                name=called(collection, feature, asked.language),
                href=asked.at.item(collection.id, feature["id"]),
                distance_m=properties["distance_m"],
                bearing_deg=properties["bearing_deg"],
            )
        )
    return found


ROUTES = (Route("/collections/{collection_id}/nearest", nearest, methods=["GET"]),)

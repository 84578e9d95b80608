"""Vector tiles, the documents that describe them, and a style to draw them by."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.cartography.map_style import map_style
from gis_service.errors import NotFound
from gis_service.model.fields import Collection
from gis_service.model.queries import BBox, Equals, ItemsQuery
from gis_service.model.queryables import queryables_of
from gis_service.model.tiles import Tile
from gis_service.ogc import tiles as documents
from gis_service.ogc.links import WEB_MERCATOR_QUAD
from gis_service.ogc.media import JSON, MAP_STYLE, MVT, TILEJSON
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.parameters import parse_value
from gis_service.ogc.tiles import Tileset
from gis_service.services.tiles import FinishedTile
from gis_service.web.asked import COMMON_PARAMETERS, Asked, caching, read
from gis_service.web.conditions import known_tag
from gis_service.web.filtering import asked_filter

CHOICE = "collections"
"""The parameter that chooses the collections of a tile of several."""
_PLACE = re.compile(r"\d{1,12}", re.ASCII)


async def tile_matrix_sets(request: Request) -> Response:
    """The tile matrix sets in which there are tiles."""
    asked = read(request, JSON)
    return asked.document(documents.tile_matrix_sets(asked.at, asked.links()))


async def tile_matrix_set(request: Request) -> Response:
    """The definition of a tile matrix set."""
    asked = read(request, JSON)
    _check_set(request)
    return asked.document(documents.tile_matrix_set(asked.at))


async def tilesets(request: Request) -> Response:
    """The tilesets of a collection, or of several together."""
    asked = _read(request)
    return asked.document(documents.tilesets([_tileset(asked)], asked.links()))


async def tileset(request: Request) -> Response:
    """A tileset's metadata, or its TileJSON when that is asked for."""
    asked = _read(request, JSON, TILEJSON)
    _check_set(request)
    if asked.format is TILEJSON:
        return await _tilejson(asked)
    return asked.document(_tileset(asked).document(await _bbox(asked), asked.links()))


async def tilejson(request: Request) -> Response:
    """A tileset's TileJSON."""
    asked = _read(request, TILEJSON)
    _check_set(request)
    return await _tilejson(asked)


async def tile(request: Request) -> Response:
    """One tile, of one collection or of several together."""
    asked = read(request, MVT, known=None)
    query = _query(asked)
    layers = _layers(asked)
    _check_set(request)
    wanted = _tile(request)
    tiles = asked.services.tiles
    if query is None:
        finished = await tiles.tile(layers, wanted, asked.principal)
    else:
        finished = await tiles.filtered(query, wanted, asked.principal)
    return _answer(asked, finished)


async def network_style(request: Request) -> Response:
    """A MapLibre style that draws all collections that the reader sees."""
    asked = read(request, MAP_STYLE)
    layers = asked.services.tiles.layers(asked.principal)
    source = f"{asked.at.tileset()}/tilejson.json"
    return asked.document(map_style(layers, source, asked.settings.municipality))


def _read(request: Request, *offered: object) -> Asked:
    formats = offered or (JSON,)
    choice = () if "collection_id" in request.path_params else (CHOICE,)
    return read(request, *formats, known=(*COMMON_PARAMETERS, *choice))  # type: ignore[arg-type]


def _own(asked: Asked) -> Collection | None:
    """The collection below which the tiles stand."""
    id_ = asked.request.path_params.get("collection_id")
    return None if id_ is None else asked.services.tiles.layer(id_, asked.principal)


def _layers(asked: Asked) -> Sequence[Collection]:
    own = _own(asked)
    if own is not None:
        return [own]
    tiles = asked.services.tiles
    chosen = asked.parameters.get(CHOICE)
    if chosen is None:
        return tiles.layers(asked.principal)
    ids = list(dict.fromkeys(chosen.split(",")))
    return [tiles.layer(id_, asked.principal) for id_ in ids]


def _tileset(asked: Asked) -> Tileset:
    chosen = asked.parameters.get(CHOICE)
    return Tileset(
        _own(asked),
        _layers(asked),
        asked.principal.audience,
        asked.language,
        asked.at,
        asked=[] if chosen is None else [(CHOICE, chosen)],
    )


async def _tilejson(asked: Asked) -> Response:
    return asked.document(_tileset(asked).tilejson(await _bbox(asked), asked.settings.municipality))


async def _bbox(asked: Asked) -> BBox | None:
    return await asked.services.features.bbox(_layers(asked), asked.principal)


def _query(asked: Asked) -> ItemsQuery | None:
    """
    What the parameters ask of a collection's features; None when nothing.

    A tile of several collections has no filter: they share no property.
    """
    own = _own(asked)
    if own is None:
        asked.parameters.only((*COMMON_PARAMETERS, CHOICE))
        return None
    queryables = queryables_of(own, asked.principal.audience)
    named = (*COMMON_PARAMETERS, *FILTER)
    asked.parameters.only((*named, *queryables.fields))
    equals = tuple(
        Equals(queryables.fields[name], parse_value(queryables.fields[name], value))
        for name, value in asked.parameters.once()
        if name not in named
    )
    predicate = asked_filter(asked, queryables)
    if not equals and predicate is None:
        return None
    return ItemsQuery(own, limit=1, equals=equals, filter=predicate)


def _check_set(request: Request) -> None:
    name = request.path_params["tile_matrix_set"]
    if name != WEB_MERCATOR_QUAD:
        raise NotFound(f"There is no tile matrix set {name[:60]!r}. Known: {WEB_MERCATOR_QUAD}.")


def _tile(request: Request) -> Tile:
    places = [request.path_params[name] for name in ("tile_matrix", "row", "column")]
    if all(_PLACE.fullmatch(place) for place in places):
        wanted = Tile(*(int(place) for place in places))
        if wanted.exists:
            return wanted
    raise NotFound(f"{WEB_MERCATOR_QUAD} has no tile {'/'.join(p[:20] for p in places)}.")


def _answer(asked: Asked, finished: FinishedTile) -> Response:
    headers = asked.request.headers
    packed = finished.is_gzip and "gzip" in headers.get("accept-encoding", "").lower()
    etag = f'"{finished.etag}"'
    answered = {
        "etag": f'"{finished.etag}-gzip"' if packed else etag,
        "vary": "Accept, Accept-Encoding",
        "cache-control": caching(asked.principal),
        "x-features-thinned": "true" if finished.thinned else "false",
    }
    if (known := known_tag(etag, headers.get("if-none-match"))) is not None:
        return Response(status_code=304, headers=answered | {"etag": known})
    if packed:
        answered["content-encoding"] = "gzip"
    body = finished.body if packed else finished.plain()
    return Response(body, headers=answered, media_type=MVT.media_type)


def _routes(below: str) -> list[Route]:
    one = f"{below}/tiles/{{tile_matrix_set}}"
    return [
        Route(f"{below}/tiles", tilesets, methods=["GET"]),
        Route(one, tileset, methods=["GET"]),
        Route(f"{one}/tilejson.json", tilejson, methods=["GET"]),
        Route(f"{one}/{{tile_matrix}}/{{row}}/{{column}}", tile, methods=["GET"]),
    ]


ROUTES = (
    Route("/tileMatrixSets", tile_matrix_sets, methods=["GET"]),
    Route("/tileMatrixSets/{tile_matrix_set}", tile_matrix_set, methods=["GET"]),
    *_routes(""),
    *_routes("/collections/{collection_id}"),
    Route("/styles/network.json", network_style, methods=["GET"]),
)

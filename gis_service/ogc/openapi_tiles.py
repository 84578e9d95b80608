"""Tiles in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gis_service.model.audience import Audience, visible_geometry
from gis_service.model.fields import Collection, Language
from gis_service.model.tiles import MOST_ZOOM
from gis_service.ogc.links import WEB_MERCATOR_QUAD
from gis_service.ogc.media import JSON, MAP_STYLE, MVT, TILEJSON
from gis_service.ogc.openapi_components import Document, ref
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.openapi_parameters import path_parameter, query_parameter, refs

TAG = "Tiles"
_PLACE = ("tileMatrix", "tileRow", "tileCol")
_OBJECT: Document = {"type": "object"}


def tile_parameters(collections: Iterable[Collection], audience: Audience) -> Document:
    """The parameters by name."""
    ids = [c.id for c in collections if visible_geometry(c, audience) is not None]
    number: Document = {"type": "integer", "minimum": 0, "maximum": (1 << MOST_ZOOM) - 1}
    return {
        "tileMatrixSetId": path_parameter(
            "tileMatrixSetId", "The tile matrix set.",
            {"type": "string", "enum": [WEB_MERCATOR_QUAD]},
        ),
        "tileMatrix": path_parameter(
            "tileMatrix", "The zoom.", {"type": "integer", "minimum": 0, "maximum": MOST_ZOOM}
        ),
        "tileRow": path_parameter("tileRow", "The row, from the north.", number),
        "tileCol": path_parameter("tileCol", "The column, from the west.", number),
        "collections": query_parameter(
            "collections", "The collections in the tile; all of them by default.",
            {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ids}},
        ),
    }


def tile_paths(
    collections: Iterable[Collection],
    audience: Audience,
    language: Language,
    *,
    get: Callable[..., Document],
    asked: Callable[[Collection], list[Document]],
) -> Document:
    """
    Every operation on tiles.

    Parameters
    ----------
    get
        Makes an operation.
    asked
        The parameters by which a collection's properties are asked.
    """
    paths: Document = {
        "/tileMatrixSets": get(TAG, "getTileMatrixSets", "Tile matrix sets", [(JSON, _OBJECT)]),
        "/tileMatrixSets/{tileMatrixSetId}": get(
            TAG, "getTileMatrixSet", "A tile matrix set", [(JSON, _OBJECT)],
            parameters=refs(["tileMatrixSetId"]), faults=("404",),
        ),
        "/styles/network.json": get(
            TAG, "getStyle", "A style that draws the tiles", [(MAP_STYLE, _OBJECT)]
        ),
    }
    paths.update(_paths("", "Dataset", "All collections", refs(["collections"]), [], TAG, get))
    for each in collections:
        if visible_geometry(each, audience) is not None:
            filters = [*refs(FILTER), *asked(each)]
            below = f"/collections/{each.id}"
            title = each.title[language]
            paths.update(_paths(below, f"_{each.id}", title, [], filters, each.id, get))
    return paths


def _paths(  # noqa: PLR0917 - all of one operation
    below: str,
    name: str,
    title: str,
    choice: list[Document],
    filters: list[Document],
    tag: str,
    get: Callable[..., Document],
) -> Document:
    one = f"{below}/tiles/{{tileMatrixSetId}}"
    chosen = refs(["tileMatrixSetId"])
    tile = get(
        tag, f"tile{name}", f"{title}: tile", [(MVT, {"type": "string", "format": "binary"})],
        parameters=[*chosen, *refs(_PLACE), *choice, *filters], faults=("404",),
    )
    tile["get"]["responses"]["200"]["headers"] = {
        "ETag": {"description": "Names the content.", "schema": {"type": "string"}},
        "X-Features-Thinned": {
            "description": "Whether features that lie in the tile were left out of it.",
            "schema": {"type": "boolean"},
        },
    }
    tile["get"]["responses"]["304"] = {"description": "The tile is the one that is known."}
    return {
        f"{below}/tiles": get(
            tag, f"tilesets{name}", f"{title}: tilesets", [(JSON, ref("schemas", "Tilesets"))],
            parameters=choice, faults=("404",),
        ),
        one: get(
            tag, f"tileset{name}", f"{title}: tileset",
            [(JSON, ref("schemas", "Tileset")), (TILEJSON, _OBJECT)],
            parameters=[*chosen, *choice], faults=("404",),
        ),
        f"{one}/tilejson.json": get(
            tag, f"tilejson{name}", f"{title}: TileJSON", [(TILEJSON, _OBJECT)],
            parameters=[*chosen, *choice], faults=("404",),
        ),
        f"{one}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": tile,
    }


_STRING: Document = {"type": "string"}
TILE_SCHEMAS: Document = {
    "Tileset": {
        "type": "object",
        "required": ["dataType", "crs", "tileMatrixSetURI", "links"],
        "properties": {
            "title": _STRING,
            "description": _STRING,
            "dataType": {"type": "string", "enum": ["vector"]},
            "crs": _STRING,
            "tileMatrixSetURI": {"type": "string", "format": "uri"},
            "tileMatrixSetId": _STRING,
            "layers": {"type": "array", "items": _OBJECT},
            "boundingBox": _OBJECT,
            "tileMatrixSetLimits": {"type": "array", "items": _OBJECT},
            "links": {"type": "array", "items": _OBJECT},
        },
    },
    "Tilesets": {
        "type": "object",
        "required": ["tilesets"],
        "properties": {
            "tilesets": {"type": "array", "items": ref("schemas", "Tileset")},
            "links": {"type": "array", "items": _OBJECT},
        },
    },
}

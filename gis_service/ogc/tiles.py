"""Documents of OGC API - Tiles: tile matrix set, tilesets, TileJSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gis_service.model.audience import Audience, visible_geometry
from gis_service.model.fields import Collection, GeometryType, Language, Text
from gis_service.model.queries import CRS84, BBox
from gis_service.model.tiles import (
    DETAIL_ZOOM,
    HALF_M,
    MOST_ZOOM,
    NAMES_ZOOM,
    WHOLE_ZOOM,
    has_ids,
    tile_fields,
    tiles_over,
)
from gis_service.ogc.links import (
    TILESETS_REL,
    TILING_SCHEME_REL,
    WEB_MERCATOR_QUAD,
    Addresses,
    Link,
    documents,
    with_query,
)
from gis_service.ogc.media import JSON, MAP_STYLE, MVT, TILEJSON
from gis_service.ogc.schemas import property_schema

Document = dict[str, Any]

CONFORMANCE: tuple[str, ...] = tuple(
    f"http://www.opengis.net/spec/{name}"
    for name in (
        *(f"ogcapi-tiles-1/1.0/conf/{part}" for part in (
            "core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets",
            "collections-selection", "mvt", "oas30",
        )),
        *(f"tms/2.0/conf/{part}" for part in (
            "tilematrixset", "json-tilematrixset", "tilesetmetadata", "json-tilesetmetadata",
        )),
    )
)

SET_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{WEB_MERCATOR_QUAD}"
SET_TITLE = "Google Maps Compatible for the World"
CRS_URI = "http://www.opengis.net/def/crs/EPSG/0/3857"
TILE_PIXELS = 256
"""Pixels of a tile in the definition of the tile matrix set."""
STANDARD_PIXEL_M = 0.00028
"""Side of a pixel by which scales are told (OGC 17-083r4, section 6.1.1.1)."""

_DIMENSION = {
    GeometryType.POINT: 0, GeometryType.LINE_STRING: 1, GeometryType.MULTI_POLYGON: 2,
}
_ALL = Text("All collections", "Mikusanyo yote")
_THINNED = Text(
    f"Below zoom {WHOLE_ZOOM} lines and areas have fewer vertices, lines and areas too small to "
    "be drawn are left out, and where features crowd the smallest are left out too; at any zoom "
    "that is done to a tile that would grow too large. The header X-Features-Thinned says so of "
    f"each tile. Names and ids are there from zoom {NAMES_ZOOM}, all properties from zoom "
    f"{WHOLE_ZOOM}.",
    f"Chini ya kiwango cha {WHOLE_ZOOM} mistari na maeneo yana pembe chache, vilivyo vidogo mno "
    "huachwa, na penye msongamano vidogo zaidi huachwa pia; katika kiwango chochote hufanywa hivyo "
    "kwa kigae ambacho kingekuwa kikubwa mno. Kichwa X-Features-Thinned husema hivyo kwa kila "
    f"kigae. Majina na vitambulisho vipo kuanzia kiwango cha {NAMES_ZOOM}, sifa zote kuanzia "
    f"{WHOLE_ZOOM}.",
)


def tile_matrix_set(at: Addresses) -> Document:
    """The definition of WebMercatorQuad (OGC 17-083r4, annex D.1), all 25 matrices."""
    return {
        "id": WEB_MERCATOR_QUAD,
        "title": SET_TITLE,
        "uri": SET_URI,
        "crs": CRS_URI,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(MOST_ZOOM + 1)],
        "links": documents([Link(at.tile_matrix_set(), "self", JSON.media_type)]),
    }


def _matrix(zoom: int) -> Document:
    count = 1 << zoom
    cell_m = 2 * HALF_M / (TILE_PIXELS * count)
    return {
        "id": str(zoom),
        "scaleDenominator": cell_m / STANDARD_PIXEL_M,
        "cellSize": cell_m,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-HALF_M, HALF_M],
        "tileWidth": TILE_PIXELS,
        "tileHeight": TILE_PIXELS,
        "matrixWidth": count,
        "matrixHeight": count,
    }


def tile_matrix_sets(at: Addresses, links: Sequence[Link]) -> Document:
    """The list of the tile matrix sets, of which there is one."""
    own = Link(at.tile_matrix_set(), "self", JSON.media_type, SET_TITLE)
    return {
        "links": documents(links),
        "tileMatrixSets": [{
            "id": WEB_MERCATOR_QUAD,
            "title": SET_TITLE,
            "uri": SET_URI,
            "crs": CRS_URI,
            "links": documents([own]),
        }],
    }


def tilesets_link(at: Addresses, language: Language, declared: Collection | None = None) -> Link:
    """The link from a collection, or from the landing page, to its tilesets."""
    title = (declared.title if declared else _ALL)[language]
    href = with_query(at.tiles(declared.id if declared else None), [("f", JSON.name)])
    return Link(href, TILESETS_REL, JSON.media_type, title)


class Tileset:
    """
    A tileset of one collection, or of several together, as one reader sees it.

    Parameters
    ----------
    own
        The collection, when it stands below it.
    layers
        The collections in its tiles.
    asked
        The parameters that choose the collections; they belong to every address.
    """

    def __init__(
        self,
        own: Collection | None,
        layers: Sequence[Collection],
        audience: Audience,
        language: Language,
        at: Addresses,
        *,
        asked: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._id = own.id if own else None
        self._layers = layers
        self._audience = audience
        self._language: Language = language
        self._at = at
        self._asked = list(asked)
        self.title = (own.title if own else _ALL)[language]

    @property
    def address(self) -> str:
        return with_query(self._at.tileset(self._id), self._asked)

    def summary(self) -> Document:
        """The tileset in a list of tilesets."""
        return {
            "title": self.title,
            "dataType": "vector",
            "crs": CRS_URI,
            "tileMatrixSetURI": SET_URI,
            "tileMatrixSetId": WEB_MERCATOR_QUAD,
            "links": documents([Link(self.address, "self", JSON.media_type), *self._links()]),
        }

    def document(self, bbox: BBox | None, links: Iterable[Link]) -> Document:
        """
        The tileset's metadata (OGC 17-083r4, section 7).

        Parameters
        ----------
        bbox
            Where the features lie; None when there are none.
        """
        document = {
            **self.summary(),
            "description": _THINNED[self._language],
            "layers": [self._layer(each) for each in self._layers],
            "links": documents([*links, *self._links()]),
        }
        if bbox is not None:
            document["boundingBox"] = {
                "lowerLeft": [bbox.west, bbox.south],
                "upperRight": [bbox.east, bbox.north],
                "crs": CRS84.uri,
            }
            document["tileMatrixSetLimits"] = [
                _limits(bbox, zoom) for zoom in range(MOST_ZOOM + 1)
            ]
        return document

    def tilejson(self, bbox: BBox | None, attribution: str) -> Document:
        """TileJSON 3.0.0; a map program magnifies the tiles of `maxzoom` by itself."""
        document: Document = {
            "tilejson": "3.0.0",
            "name": self.title,
            "description": _THINNED[self._language],
            "attribution": attribution,
            "scheme": "xyz",
            "tiles": [self._template("{z}/{y}/{x}")],
            "minzoom": 0,
            "maxzoom": DETAIL_ZOOM,
            "vector_layers": vector_layers(self._layers, self._audience, self._language),
        }
        if bbox is not None:
            document["bounds"] = [bbox.west, bbox.south, bbox.east, bbox.north]
        return document

    def _template(self, place: str) -> str:
        return with_query(f"{self._at.tileset(self._id)}/{place}", self._asked)

    def _links(self) -> list[Link]:
        tilejson = with_query(f"{self._at.tileset(self._id)}/tilejson.json", self._asked)
        return [
            Link(self._at.tile_matrix_set(), TILING_SCHEME_REL, JSON.media_type, SET_TITLE),
            Link(
                self._template("{tileMatrix}/{tileRow}/{tileCol}"), "item", MVT.media_type,
                MVT.title, templated=True,
            ),
            Link(tilejson, "describedby", TILEJSON.media_type, TILEJSON.title),
            *([] if self._id else [
                Link(self._at.style, "related", MAP_STYLE.media_type, MAP_STYLE.title)
            ]),
        ]

    def _layer(self, collection: Collection) -> Document:
        fields = tile_fields(collection, self._audience, MOST_ZOOM)
        geometry = visible_geometry(collection, self._audience)
        assert geometry is not None  # noqa: S101 - what has none is no layer
        return {
            "id": collection.id,
            "title": collection.title[self._language],
            "description": collection.description[self._language],
            "dataType": "vector",
            "geometryDimension": _DIMENSION[geometry],
            "minTileMatrix": "0",
            "maxTileMatrix": str(MOST_ZOOM),
            "propertiesSchema": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid"},
                    **{field.name: property_schema(field, self._language) for field in fields},
                },
            },
            "links": documents(
                [Link(self._at.collection(collection.id), "geodata", JSON.media_type)]
            ),
        }


def vector_layers(
    layers: Sequence[Collection],
    audience: Audience,
    language: Language,
    *,
    zooms: tuple[int, int] = (0, DETAIL_ZOOM),
) -> list[Document]:
    """Each layer with its fields, as in TileJSON, from the first zoom to the last."""
    first, last = zooms
    return [
        {
            "id": each.id,
            "description": each.title[language],
            "minzoom": first,
            "maxzoom": last,
            "fields": {
                **({"id": "String"} if has_ids(last) else {}),
                **{
                    field.name: _KINDS.get(property_schema(field, "en")["type"], "String")
                    for field in tile_fields(each, audience, last)
                },
            },
        }
        for each in layers
    ]


_KINDS = {"integer": "Number", "number": "Number", "boolean": "Boolean"}


def tilesets(listed: Iterable[Tileset], links: Iterable[Link]) -> Document:
    """The list of tilesets."""
    return {"links": documents(links), "tilesets": [each.summary() for each in listed]}


def _limits(bbox: BBox, zoom: int) -> Document:
    first, last = tiles_over(bbox, zoom)
    return {
        "tileMatrix": str(zoom),
        "minTileRow": first.row,
        "maxTileRow": last.row,
        "minTileCol": first.column,
        "maxTileCol": last.column,
    }

"""OGC API - Tiles: the official suite's assertions (TL), and what it leaves unchecked (TB)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import mapbox_vector_tile  # type: ignore[import-untyped]
from shapely import transform
from shapely.geometry import shape

from tests.conformance.checker import check
from tests.conformance.service import JSON, Document, Service, linked, with_parameters

CONFORMS = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
TILESETS = re.compile(r"http://www\.opengis\.net/def/rel/ogc/1\.0/tilesets-(vector|map|coverage)")
TMS_REGISTRY = "http://www.opengis.net/def/tilematrixset/OGC/1.0/"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"
"""What the official suite accepts: whatever Java asks for by itself."""
FAR = 2_147_483_647
MVT = "application/vnd.mapbox-vector-tile"
BELOW = (0, 9, 14)
"""Zooms that are tried."""


@check("TL1", "The service says that it conforms to OGC API - Tiles")
def conforms(service: Service) -> None:
    assert f"{CONFORMS}core" in service.classes


@check("TL2", "Tilesets name a registered tile matrix set, and their tiles' address names it too")
def registered(service: Service) -> None:
    for tileset in every_tileset(service):
        assert tileset["tileMatrixSetURI"].startswith(TMS_REGISTRY)
        name = tileset["tileMatrixSetURI"].removeprefix(TMS_REGISTRY)
        assert f"/tiles/{name}/" in _template(tileset), _template(tileset)


@check("TL3", "Every tile within the limits is answered with 200, an empty one too")
def tiles_within(service: Service) -> None:
    for tileset in every_tileset(service):
        for zoom in BELOW:
            for row, column in _corners(tileset, zoom):
                answer = service.get(_at(tileset, zoom, row, column), accept=JAVA)
                assert answer.status_code == 200, f"{answer.url}: {answer.status_code}"
                assert answer.headers["content-type"] == MVT


@check("TL4", "A tile that the matrix does not have is not found")
def tiles_beyond(service: Service) -> None:
    for tileset in every_tileset(service):
        for place in ((9, FAR, FAR), (9, 512, 0), (9, 0, 512), (FAR, 0, 0)):
            answer = service.get(_at(tileset, *place), accept=JAVA)
            assert answer.status_code in (400, 404), f"{answer.url}: {answer.status_code}"


@check("TL5", "The landing page links to the dataset's tilesets")
def dataset_tilesets(service: Service) -> None:
    assert _tilesets_links(service.landing)


@check("TL6", "Collections link to their tilesets, whose list is JSON")
def collection_tilesets(service: Service) -> None:
    tiled = [c for c in service.collections["collections"] if _tilesets_links(c)]
    assert tiled
    for collection in tiled:
        [link] = _tilesets_links(collection)
        assert isinstance(service.document(link["href"])["tilesets"], list)
        assert re.search(r"/tiles($|\?)", link["href"]), link["href"]


@check("TL7", "Lists of tilesets give each its tile matrix set's URI")
def tilesets_lists(service: Service) -> None:
    for link in every_list(service):
        assert "/tiles" in link["href"]
        tilesets = service.document(link["href"])["tilesets"]
        assert tilesets
        for tileset in tilesets:
            assert tileset["tileMatrixSetURI"]
            assert tileset["dataType"] == "vector"
            assert tileset["crs"]
            assert linked(tileset, "self")


@check("TB1", "A tileset's metadata agrees with its list, and links to all that belongs to it")
def tileset_metadata(service: Service) -> None:
    for link in every_list(service):
        for summary in service.document(link["href"])["tilesets"]:
            [own] = linked(summary, "self")
            tileset = service.document(own["href"])
            for name in ("title", "dataType", "crs", "tileMatrixSetURI"):
                assert tileset[name] == summary[name], name
            [scheme] = linked(tileset, SCHEME)
            matrices = service.document(scheme["href"])["tileMatrices"]
            assert [m["id"] for m in matrices] == [
                limits["tileMatrix"] for limits in tileset["tileMatrixSetLimits"]
            ]
            [item] = linked(tileset, "item")
            assert item["type"] == MVT
            assert item["templated"] is True


@check("TB2", "Limits are those of the bounding box, in every matrix")
def limits_hold(service: Service) -> None:
    for tileset in every_tileset(service):
        west, south = tileset["boundingBox"]["lowerLeft"]
        east, north = tileset["boundingBox"]["upperRight"]
        for zoom, limits in enumerate(tileset["tileMatrixSetLimits"]):
            first, last = _place(west, north, zoom), _place(east, south, zoom)
            found = tuple(
                limits[f"{end}Tile{axis}"] for end in ("min", "max") for axis in ("Row", "Col")
            )
            assert found == (*first, *last), f"{tileset['title']} at {zoom}"


@check("TB3", "Tiles are vector tiles with the layers and properties that the metadata names")
def tiles_as_described(service: Service) -> None:
    for tileset in every_tileset(service):
        described = {
            layer["id"]: set(layer["propertiesSchema"]["properties"])
            for layer in tileset["layers"]
        }
        seen: set[str] = set()
        for zoom in BELOW:
            for row, column in _corners(tileset, zoom):
                for name, layer in _layers(service, tileset, zoom, row, column).items():
                    seen.add(name)
                    assert layer["extent"] == 4096
                    for feature in layer["features"]:
                        assert set(feature["properties"]) <= described[name], name
        assert seen <= set(described)


@check("TB4", "An item's place is in the tile of its place")
def items_in_tiles(service: Service) -> None:
    for collection in service.feature_collections:
        links = _tilesets_links(collection)
        found = [f for f in service.page(collection, limit=3)["features"] if f["geometry"]]
        if not links or not found:
            continue
        [summary] = service.document(links[0]["href"])["tilesets"]
        tileset = service.document(linked(summary, "self")[0]["href"])
        for feature in found:
            point = shape(feature["geometry"]).representative_point()
            row, column = _place(point.x, point.y, 14)
            layer = _layers(service, tileset, 14, row, column)[collection["id"]]
            drawn = {f["properties"]["id"]: f["geometry"] for f in layer["features"]}
            assert feature["id"] in drawn, f"{collection['id']} {feature['id']}"
            here = transform(point, lambda xy, at=(row, column): _units(xy, *at))
            assert shape(drawn[feature["id"]]).intersects(here.buffer(16)), feature["id"]


@check("TB5", "TileJSON names the same tiles and layers")
def tilejson(service: Service) -> None:
    for tileset in every_tileset(service):
        [link] = linked(tileset, "describedby")
        document = service.document(link["href"])
        assert document["tilejson"] == "3.0.0"
        assert 0 <= document["minzoom"] <= document["maxzoom"] <= 30
        corners = tileset["boundingBox"]
        assert document["bounds"] == [*corners["lowerLeft"], *corners["upperRight"]]
        assert {v["id"] for v in document["vector_layers"]} == {
            layer["id"] for layer in tileset["layers"]
        }
        [template] = document["tiles"]
        row, column = _corners(tileset, 9)[0]
        named = template.replace("{z}", "9").replace("{y}", str(row)).replace("{x}", str(column))
        own = _at(tileset, 9, row, column)
        one, other = (service.get(href, accept=MVT) for href in (named, own))
        assert one.status_code == 200
        assert one.content == other.content


@check("TB6", "Several collections can be chosen, and a tile then holds those alone")
def chosen_collections(service: Service) -> None:
    [link] = _tilesets_links(service.landing)
    chosen = ["wards", "roads"]
    [summary] = service.document(with_parameters(link["href"], collections="wards,roads"))[
        "tilesets"
    ]
    tileset = service.document(linked(summary, "self")[0]["href"])
    assert [layer["id"] for layer in tileset["layers"]] == chosen
    for row, column in _corners(tileset, 9):
        assert set(_layers(service, tileset, 9, row, column)) <= set(chosen)
    refused = service.get(with_parameters(link["href"], collections="wards,nonsense"))
    assert refused.status_code in (400, 404)


@check("TB7", "The style draws sources and layers that there are")
def style(service: Service) -> None:
    [link] = _tilesets_links(service.landing)
    [summary] = service.document(link["href"])["tilesets"]
    [related] = linked(service.document(linked(summary, "self")[0]["href"]), "related")
    document = service.document(related["href"], accept=related["type"])
    assert document["version"] == 8
    layers: dict[str, set[str]] = {}
    for name, source in document["sources"].items():
        assert source["type"] == "vector"
        layers[name] = {v["id"] for v in service.document(source["url"])["vector_layers"]}
    drawn = [layer for layer in document["layers"] if "source" in layer]
    assert drawn
    assert all(layer["source-layer"] in layers[layer["source"]] for layer in drawn)


@check("TB8", "A known tile is not sent again, and what is unknown is refused")
def tile_conditions(service: Service) -> None:
    tileset = next(every_tileset(service))
    row, column = _corners(tileset, 9)[0]
    href = _at(tileset, 9, row, column)
    answer = service.get(href, accept=MVT)
    again = service.get(href, accept=MVT, If_None_Match=answer.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
    unknown = service.get(with_parameters(href, nonsense="1"), accept=MVT)
    assert unknown.status_code == 400, unknown.status_code
    other = href.replace("WebMercatorQuad", "WorldCRS84Quad")
    assert service.get(other, accept=MVT).status_code == 404


def every_list(service: Service) -> list[Document]:
    """The links to lists of tilesets."""
    documents = (service.landing, *service.collections["collections"])
    return [link for document in documents for link in _tilesets_links(document)]


def every_tileset(service: Service) -> Iterator[Document]:
    """The metadata of the tilesets that have anything in them."""
    for link in every_list(service):
        for summary in service.document(link["href"])["tilesets"]:
            tileset = service.document(linked(summary, "self")[0]["href"])
            if "boundingBox" in tileset:
                yield tileset


def _tilesets_links(document: Document) -> list[Document]:
    found = [link for link in document["links"] if TILESETS.match(link["rel"])]
    return [link for link in found if link["type"] == JSON]


def _template(tileset: Document) -> str:
    [item] = linked(tileset, "item")
    return str(item["href"])


def _at(tileset: Document, zoom: int, row: int, column: int) -> str:
    template = _template(tileset)
    for name, value in (("tileMatrix", zoom), ("tileRow", row), ("tileCol", column)):
        template = template.replace(f"{{{name}}}", str(value))
    return template


def _layers(service: Service, tileset: Document, zoom: int, row: int, column: int) -> Document:
    answer = service.get(_at(tileset, zoom, row, column), accept=MVT)
    layers: Document = mapbox_vector_tile.decode(
        answer.content, default_options={"y_coord_down": True}
    )
    return layers


def _corners(tileset: Document, zoom: int) -> list[tuple[int, int]]:
    """The first and the last tile within the limits."""
    limits = tileset["tileMatrixSetLimits"][zoom]
    return sorted({(limits[f"{end}TileRow"], limits[f"{end}TileCol"]) for end in ("min", "max")})


def _fraction(longitude: float, latitude: float, zoom: int) -> tuple[float, float]:
    """Column and row of a place, with the part of the tile that lies before it."""
    count = 1 << zoom
    y = math.asinh(math.tan(math.radians(latitude))) / math.pi
    return (longitude + 180) / 360 * count, (1 - y) / 2 * count


def _place(longitude: float, latitude: float, zoom: int) -> tuple[int, int]:
    """Row and column of the tile that holds a place."""
    x, y = _fraction(longitude, latitude, zoom)
    return math.floor(y), math.floor(x)


def _units(xy: list[tuple[float, float]], row: int, column: int) -> list[tuple[float, float]]:
    """Places of a tile of zoom 14 in its units, which count from the north-west."""
    parts = [_fraction(*each, 14) for each in xy]
    return [((x - column) * 4096, (y - row) * 4096) for x, y in parts]

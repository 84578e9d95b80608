"""Small PMTiles files of images and of vector tiles, made for tests."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import mapbox_vector_tile  # type: ignore[import-untyped]
from PIL import Image, ImageDraw
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

KISII = (34.45, -1.05, 35.1, -0.4)
"""West, south, east, north of the sample's places."""


def write_raster(
    path: Path, *, zooms: range = range(8, 10), tile_type: TileType = TileType.PNG,
    but: tuple[tuple[int, int, int], ...] = (),
) -> dict[tuple[int, int, int], bytes]:
    """Write a picture for each place around Kisii, south of the equator; by zoom, column, row."""
    images = {}
    with path.open("wb") as file:
        writer: Any = Writer(file)
        for zoom in zooms:
            side = 1 << zoom
            west, east = (int((KISII[i] + 180) / 360 * side) for i in (0, 2))
            columns = range(west, east + 1)
            rows = range(side // 2, side // 2 + max(1, side // 128))
            places = [(zoom, x, y) for x in columns for y in rows if (zoom, x, y) not in but]
            for place in sorted(places, key=lambda p: zxy_to_tileid(*p)):
                images[place] = _image("/".join(map(str, place)))
                writer.write_tile(zxy_to_tileid(*place), images[place])
        e7 = [int(v * 1e7) for v in KISII]
        writer.finalize(
            {
                "tile_type": tile_type, "tile_compression": Compression.NONE,
                "min_lon_e7": e7[0], "min_lat_e7": e7[1], "max_lon_e7": e7[2],
                "max_lat_e7": e7[3], "center_zoom": zooms[0], "center_lon_e7": e7[0],
                "center_lat_e7": e7[1],
            },
            {"attribution": '© <a href="https://example.org">County survey</a>'},
        )
    return images


def vector_tile(*, scheme: str = "protomaps") -> bytes:
    """
    A tile with a lake in its left half, a wood below right, a road across, a town in the middle.

    Parameters
    ----------
    scheme
        "protomaps" or "openmaptiles", by whose names its layers go; "own" for names of nobody.
    """
    names = {
        "protomaps": ("water", "landuse", "roads", "places", "kind", "kind_detail"),
        "openmaptiles": ("water", "landcover", "transportation", "place", "class", "class"),
        "own": ("areas", "fields", "lines", "points", "kind", "kind"),
    }[scheme]
    water, cover, roads, places, kind, size = names
    shapes = {
        water: ("POLYGON((0 0,2000 0,2000 4096,0 4096,0 0))", {kind: "lake"}),
        cover: ("POLYGON((2000 0,4096 0,4096 2000,2000 2000,2000 0))", {kind: "wood"}),
        roads: ("LINESTRING(0 3000,4096 3000)", {kind: "motorway"}),
        places: ("POINT(2048 2048)", {kind: "locality", size: "town", "name": "Ogembo"}),
    }
    content: bytes = mapbox_vector_tile.encode([
        {"name": name, "features": [{"geometry": shape, "properties": told}]}
        for name, (shape, told) in shapes.items()
    ])
    return content


def write_vector(path: Path, *, compression: Compression = Compression.GZIP) -> bytes:
    """A file with one vector tile, of the whole world; returns its bytes as they are kept."""
    tile = vector_tile()
    kept = gzip.compress(tile) if compression == Compression.GZIP else tile
    with path.open("wb") as file:
        writer: Any = Writer(file)
        writer.write_tile(0, kept)
        writer.finalize(
            {
                "tile_type": TileType.MVT, "tile_compression": compression,
                "min_lon_e7": -1800000000, "min_lat_e7": -850000000, "max_lon_e7": 1800000000,
                "max_lat_e7": 850000000, "center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0,
            },
            {"attribution": "<b>© Mappers</b>", "vector_layers": [{"id": "water"}]},
        )
    return kept


def _image(text: str) -> bytes:
    image = Image.new("RGB", (256, 256), "#d8e8c8")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 255, 255), outline="#a04030")
    pen.text((90, 120), text, fill="#204060")
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()

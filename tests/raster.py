"""A small PMTiles file of images, made for a test."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

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


def _image(text: str) -> bytes:
    image = Image.new("RGB", (256, 256), "#d8e8c8")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, 255, 255), outline="#a04030")
    pen.text((90, 120), text, fill="#204060")
    kept = io.BytesIO()
    image.save(kept, "PNG")
    return kept.getvalue()

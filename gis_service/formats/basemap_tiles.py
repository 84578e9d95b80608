"""Tiles of a basemap, images or vectors, from a PMTiles file that the administrator supplies."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from pmtiles.reader import Reader
from pmtiles.tile import (
    Compression,
    Entry,
    TileType,
    deserialize_directory,
    find_tile,
    zxy_to_tileid,
)

from gis_service.errors import ConfigurationError

log = logging.getLogger("gis_service.formats")

MEDIA_TYPES: Mapping[TileType, str] = {
    TileType.PNG: "image/png",
    TileType.JPEG: "image/jpeg",
    TileType.WEBP: "image/webp",
    TileType.AVIF: "image/avif",
    TileType.MVT: "application/vnd.mapbox-vector-tile",
}
MOST_LEVELS = 4
"""Directories that lead to a tile, at most (PMTiles 3)."""
KEPT_DIRECTORIES = 64


class BasemapTiles:
    """
    A PMTiles file (version 3) of images or vector tiles, open as long as this lives.

    It is read by position and never mapped into memory, so that a file which
    somebody cuts short costs tiles and not the process.

    Parameters
    ----------
    file
        The open file.

    Attributes
    ----------
    media_type
        Of every tile.
    is_vector
        Its tiles are Mapbox vector tiles, which a map draws itself.
    is_gzip
        Each tile is compressed so.
    layers
        Of vector tiles: the names of the layers that the file says it has.
    zooms
        Lowest and highest zoom, both in the file.
    bounds
        West, south, east, north in degrees.
    attribution
        The credit that the file asks for, as plain text.
    stamp
        Changes when the file does.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        reader: Any = Reader(self._read)  # type: ignore[no-untyped-call]
        header = reader.header()
        metadata = reader.metadata()
        self._header = header
        self._directory = lru_cache(KEPT_DIRECTORIES)(self._read_directory)
        self._directory(header["root_offset"], header["root_length"])
        self.tile_type: TileType = header["tile_type"]
        self.compression: Compression = header["tile_compression"]
        self.is_vector = self.tile_type == TileType.MVT
        self.is_gzip = self.compression == Compression.GZIP
        self.layers = tuple(
            str(each.get("id")) for each in metadata.get("vector_layers") or ()
        )
        self.is_whole = (
            os.fstat(file.fileno()).st_size
            >= header["tile_data_offset"] + header["tile_data_length"]
        )
        self.zooms: tuple[int, int] = (header["min_zoom"], header["max_zoom"])
        self.bounds: tuple[float, float, float, float] = tuple(
            header[f"{name}_e7"] / 1e7 for name in ("min_lon", "min_lat", "max_lon", "max_lat")
        )
        self.attribution = re.sub(r"<[^>]*>", "", str(metadata.get("attribution") or "")).strip()
        facts = os.fstat(file.fileno())
        self.stamp = hashlib.sha256(
            self._read(0, 127) + f"{facts.st_size} {facts.st_mtime_ns}".encode()
        ).hexdigest()[:12]

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.tile_type]

    def has(self, zoom: int, column: int, row: int) -> bool:
        """Whether a tile of this place can be in the file at all."""
        side = 1 << zoom if self.zooms[0] <= zoom <= self.zooms[1] else 0
        return 0 <= column < side and 0 <= row < side

    def tile(self, zoom: int, column: int, row: int) -> bytes | None:
        """A tile as it is kept; None where the file has none. Rows count from the north."""
        if not self.has(zoom, column, row):
            return None
        try:
            return self._find(zxy_to_tileid(zoom, column, row))
        except (OSError, EOFError, ValueError, IndexError) as error:
            log.warning("a tile of the basemap cannot be read: %s", error)
            return None

    def close(self) -> None:
        self._file.close()

    def _find(self, tile_id: int) -> bytes | None:
        header = self._header
        offset, length = header["root_offset"], header["root_length"]
        for _ in range(MOST_LEVELS):
            found = find_tile(self._directory(offset, length), tile_id)
            if found is None:
                return None
            if found.run_length:
                return self._read(header["tile_data_offset"] + found.offset, found.length)
            offset, length = header["leaf_directory_offset"] + found.offset, found.length
        return None

    def _read_directory(self, offset: int, length: int) -> list[Entry]:
        return deserialize_directory(self._read(offset, length))

    def _read(self, offset: int, length: int) -> bytes:
        found = os.pread(self._file.fileno(), length, offset)
        if len(found) != length:
            raise EOFError("the file is shorter than it says")
        return found


def open_basemap_tiles(path: Path) -> BasemapTiles:
    """
    Open the file.

    Raises
    ------
    ConfigurationError
        It is not there, no PMTiles file of version 3, not whole, or holds what no map draws.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _refused(path, error.strerror or "it cannot be read") from None
    try:
        tiles = BasemapTiles(file)
    except Exception as error:  # the library raises whatever a broken file leads to
        file.close()
        log.info("%s: %r", path, error)
        raise _refused(path, "it is not a PMTiles file of version 3, or is damaged") from None
    fault = _fault(tiles)
    if fault:
        tiles.close()
        raise _refused(path, fault)
    return tiles


_TAKEN = (Compression.NONE, Compression.UNKNOWN, Compression.GZIP)


def _fault(tiles: BasemapTiles) -> str:
    if tiles.tile_type not in MEDIA_TYPES:
        return (
            f"its tiles are {tiles.tile_type.name}, neither images (PNG, JPEG, WebP, AVIF) nor "
            "vector tiles (MVT)"
        )
    if tiles.compression not in _TAKEN or (tiles.is_gzip and not tiles.is_vector):
        return (
            f"its tiles are compressed by {tiles.compression.name.lower()}, which browsers do not "
            "take: write it again with gzip for vector tiles, with none for images"
        )
    if not tiles.is_whole:
        return "it is cut short; copy it again"
    return ""


def _refused(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"GIS_BASEMAP_PMTILES names {path}: {why}.")

"""Photos from strangers: looked at, made anew in our own way, with nothing besides the picture."""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

from gis_service.errors import InvalidInput

MOST_BYTES = 150_000
MOST_PIXELS = 16_000_000
"""Decoded, some 50 MB."""
LONGEST_SIDE = 1600
_SIDES = (LONGEST_SIDE, 1200, 800)
TYPES = {"JPEG": "image/jpeg", "WEBP": "image/webp", "PNG": "image/png"}
"""Formats that are read, by Pillow's names."""
MADE_AS = "image/jpeg"
_QUALITIES = (82, 65, 45)
_NO_PICTURE = (
    "This is no photo that can be read. Take it again, or save it as JPEG, WebP or PNG."
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A photo made anew, as `MADE_AS`."""

    content: bytes
    width: int
    height: int


def made_anew(content: bytes) -> Picture:
    """
    The picture of a file, decoded and encoded again.

    Only pixels come through: no position, no owner, no comment, no second
    picture, and nothing that another program could take the file for.

    Raises
    ------
    InvalidInput
        It is of no known type, broken, or too large when it is unpacked.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(TYPES)) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise InvalidInput(
                        f"The photo has {width} x {height} pixels; {MOST_PIXELS:,} are the most."
                    )
                opened.load()
                upright = ImageOps.exif_transpose(opened)
                flat = _flat(upright)
    except (
        OSError, SyntaxError, ValueError, EOFError, OverflowError, struct.error, KeyError,
        IndexError, TypeError, ZeroDivisionError,
        Image.DecompressionBombError, Image.DecompressionBombWarning,
    ) as error:
        raise InvalidInput(_NO_PICTURE) from error
    return _small(flat)


def _small(image: Image.Image) -> Picture:
    """The best of what is small enough; the smallest where nothing is."""
    made = b""
    for side in _SIDES:
        image.thumbnail((side, side))
        for quality in _QUALITIES:
            packed = io.BytesIO()
            image.save(packed, "JPEG", quality=quality, optimize=True)
            made = packed.getvalue()
            if len(made) <= MOST_BYTES:
                return Picture(made, *image.size)
    return Picture(made, *image.size)


def _flat(image: Image.Image) -> Image.Image:
    """Its pixels alone, in RGB; what is transparent becomes white."""
    coloured = image.convert("RGBA")
    plain = Image.new("RGB", coloured.size, "white")
    plain.paste(coloured, mask=coloured.getchannel("A"))
    return plain

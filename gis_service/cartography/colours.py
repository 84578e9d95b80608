"""The light colours of the pages, read from their style sheet."""

from __future__ import annotations

import re
from functools import cache

from gis_service.cartography.assets import STATIC
from gis_service.cartography.styles import PALETTES

_TOKEN = re.compile(r"--([a-z0-9-]+):\s*(#[0-9a-f]{6});")


def colour(token: str, palette: str = PALETTES[0]) -> str:
    """The light colour that the style sheets give a token, where areas have this palette."""
    return _tokens(palette)[token]


@cache
def _tokens(palette: str) -> dict[str, str]:
    sheet = (STATIC / "gis.css").read_text(encoding="utf-8")
    own = sheet.partition(f".palette-{palette} ")[2]
    desk = (STATIC / "desk.css").read_text(encoding="utf-8")
    blocks = (each.partition("}")[0] for each in (sheet, desk, own))
    return {name: value for block in blocks for name, value in _TOKEN.findall(block)}

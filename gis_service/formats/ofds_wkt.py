"""Points and lines in WKT, number by number as they are written."""

from __future__ import annotations

import re
from typing import Any

from gis_service.formats.ofds_package import Json

_WKT = re.compile(r"\s*(POINT|LINESTRING)\s*Z?\s*\(([^()]*)\)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
_TYPES = {"POINT": "Point", "LINESTRING": "LineString"}


def to_wkt(geometry: Any) -> str | None:
    """A geometry of the standard in WKT; None where it has no such form."""
    if not is_geometry(geometry):
        return None
    given, kind = geometry["coordinates"], geometry["type"]
    positions = [given] if kind == "Point" else given
    high = " Z" if any(len(each) > 2 for each in positions) else ""
    listed = ", ".join(" ".join(map(repr, each)) for each in positions)
    return f"{kind.upper()}{high} ({listed})"


def is_geometry(value: Any) -> bool:
    """Whether it is a point or line of numbers, and nothing else is said of it."""
    if not isinstance(value, dict) or set(value) != {"type", "coordinates"}:
        return False
    given, kind = value["coordinates"], value["type"]
    positions = [given] if kind == "Point" else given
    return (
        kind in ("Point", "LineString")
        and isinstance(positions, list)
        and bool(positions)
        and all(_is_position(each) for each in positions)
    )


def from_wkt(text: str) -> Json | None:
    """The geometry in a WKT; None where it is none."""
    found = _WKT.fullmatch(text)
    if found is None:
        return None
    try:
        positions = [
            [number_in(each) for each in position.split()] for position in found[2].split(",")
        ]
    except ValueError:
        return None
    kind = _TYPES[found[1].upper()]
    return {"type": kind, "coordinates": positions[0] if kind == "Point" else positions}


def number_in(text: str) -> int | float:
    """A number as it is written: 36 whole, 36.0 not; raises `ValueError` for any other text."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text[:40])
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _is_position(value: Any) -> bool:
    return (
        isinstance(value, list)
        and 2 <= len(value) <= 3
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in value)
    )

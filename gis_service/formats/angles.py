"""
Angles and metres as people write them in a cell.

Degrees with decimals or a decimal comma, degrees and minutes, degrees, minutes
and seconds, with a sign or a letter of the compass before or behind; metres
with blanks or commas between the thousands.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_SIDES = {
    "N": ("latitude", 1), "S": ("latitude", -1), "E": ("longitude", 1), "W": ("longitude", -1),
}  # fmt: skip
_WORDS = {
    "NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W",
    "KASKAZINI": "N", "KUSINI": "S", "MASHARIKI": "E", "MAGHARIBI": "W",
}  # fmt: skip
_WORD = re.compile(r"\b(" + "|".join(_WORDS) + r")\b[.:]?", re.IGNORECASE)
_SIGNS = str.maketrans({
    "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{NO-BREAK SPACE}": " ",
    "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ",
    "\N{MASCULINE ORDINAL INDICATOR}": "\N{DEGREE SIGN}", "\N{RING ABOVE}": "\N{DEGREE SIGN}",
    "\N{PRIME}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{ACUTE ACCENT}": "'",
    "\N{LEFT SINGLE QUOTATION MARK}": "'", "`": "'",
    "\N{DOUBLE PRIME}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
})  # fmt: skip
_LETTERED = re.compile(r"(\d)\s*d(?:eg(?:rees)?)?\.?\s*(\d+(?:\.\d+)?)\s*m(?:in)?\.?"
                       r"(?:\s*(\d+(?:\.\d+)?)\s*s(?:ec)?\.?)?(?=[\sNSEW,;]|$)",
                       re.IGNORECASE)
_COMMA = re.compile(r"(?<![\d.])(\d+),(\d+)(?=\s*[\"'°NSEW;]|\s*$|\s+[-+\d])")
"""A decimal comma, in front of what can follow a number."""
_NUMBER = r"(\d+(?:\.\d+)?)"
_ANGLE = re.compile(
    rf"([NSEW])?\s*([+-])?\s*{_NUMBER}"
    rf"(?:[\s°:]+{_NUMBER}(?:[\s':]+{_NUMBER})?)?[\s°'\":]*([NSEW])?",
    re.IGNORECASE,
)
_SIDE = re.compile(r"[NSEW]", re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class Angle:
    """
    Degrees, and what the writing tells of them.

    Parameters
    ----------
    axis
        `latitude` or `longitude` where a letter says so; else empty.
    parts
        1 for degrees, 2 with minutes, 3 with seconds.
    """

    degrees: float
    axis: str = ""
    parts: int = 1


class NotAnAngle(ValueError):
    """A cell holds no angle; the message says why."""


def decimal_number(cell: str) -> float | None:
    """A number; one comma is a decimal comma, as nobody writes thousands of degrees."""
    text = cell.translate(_SIGNS).strip().removesuffix("\N{DEGREE SIGN}").strip()
    if "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    return _float(text)


def metres(cell: str) -> float | None:
    """Metres east or north: `698 123,5`, `9,925,000`, `698123 mE`."""
    text = cell.translate(_SIGNS).strip()
    text = re.sub(r"\s*m?\s*[NE]?$", "", text, flags=re.IGNORECASE).replace(" ", "")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return decimal_number(text)


def _float(text: str) -> float | None:
    try:
        number = None if "_" in text else float(text)
    except ValueError:
        return None
    return None if number is not None and math.isnan(number) else number


def parse_angle(cell: str) -> Angle:
    """
    An angle in any of the writings above.

    Raises
    ------
    NotAnAngle
        It is none, its minutes or seconds reach 60, or sign and letter are both given.
    """
    number = decimal_number(cell)
    if number is not None:
        return Angle(number)
    text = _plain(cell)
    found = _ANGLE.fullmatch(text)
    if found is None:
        raise NotAnAngle("This is no number of degrees or metres.")
    before, sign, whole, minutes, seconds, behind = found.groups()
    parts = [part for part in (whole, minutes, seconds) if part is not None]
    if any("." in part for part in parts[:-1]):
        raise NotAnAngle("Only the last part of an angle may have decimals.")
    if any(float(part) >= 60 for part in parts[1:]):
        raise NotAnAngle("Minutes and seconds of an angle are less than 60.")
    if before and behind:
        raise NotAnAngle("The angle has a letter of the compass at both ends.")
    side = (before or behind or "").upper()
    if side and sign:
        raise NotAnAngle("The angle has both a sign and a letter of the compass; one is enough.")
    axis, direction = _SIDES[side] if side else ("", -1 if sign == "-" else 1)
    degrees = sum(float(part) / 60**n for n, part in enumerate(parts))
    return Angle(direction * degrees, axis, len(parts))


def parse_pair(cell: str) -> tuple[Angle, Angle]:
    """
    Two angles in one cell, in the order in which they stand.

    Raises
    ------
    NotAnAngle
        It does not hold two.
    """
    text = _plain(cell)
    first, second = _halves(text)
    return parse_angle(first), parse_angle(second)


def _plain(cell: str) -> str:
    """The cell with one writing for each sign, decimal points, and letters for words."""
    if len(cell) > _LONGEST:
        raise NotAnAngle("This is too long to be a coordinate.")
    text = cell.translate(_SIGNS).strip().strip("()[]")
    text = _WORD.sub(lambda found: f" {_WORDS[found.group(1).upper()]} ", text)
    text = text.replace("''", '"')
    if not re.search(r"\d\.\d", text):
        text = _COMMA.sub(r"\1.\2", text)
    text = _LETTERED.sub(
        lambda f: f"{f[1]}° {f[2]}'" + (f' {f[3]}"' if f[3] else ""), text
    )
    return " ".join(text.split())


def _halves(text: str) -> tuple[str, str]:
    letters = [found.start() for found in _SIDE.finditer(text)]
    if len(letters) == 2:
        cut = letters[1] if letters[0] == 0 else letters[0] + 1
        return text[:cut].strip(" ,;/"), text[cut:].strip(" ,;/")
    for mark in (";", "/", ", ", ",", " "):
        pieces = [piece.strip() for piece in text.split(mark) if piece.strip()]
        if len(pieces) == 2:
            return pieces[0], pieces[1]
        if mark == " " and 3 <= len(pieces) <= 4 and _phone(pieces):
            return pieces[0], pieces[1]
    raise NotAnAngle("This is no pair of coordinates.")


def _phone(pieces: list[str]) -> bool:
    """Latitude, longitude, height and accuracy with blanks, as survey apps of phones write."""
    return all(decimal_number(piece) is not None for piece in pieces) and all(
        "." in piece for piece in pieces[:2]
    )

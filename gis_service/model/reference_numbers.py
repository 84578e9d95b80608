"""
Reference numbers that are read aloud: eight random digits and one that checks them.

The last digit is that of H. Michael Damm (2004): every wrong digit and every
two neighbours that change places are found out.
"""

from __future__ import annotations

import re
import secrets

LENGTH = 9

_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)
_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015]")


def new_reference() -> str:
    """A reference number that nobody can guess from another."""
    digits = "".join(secrets.choice("0123456789") for _ in range(LENGTH - 1))
    return digits + str(_interim(digits))


def read_reference(text: str) -> str | None:
    """The number that somebody wrote, however its digits are grouped; None when it is none."""
    digits = _BETWEEN.sub("", text)
    if len(digits) != LENGTH or not (digits.isascii() and digits.isdigit()):
        return None
    return digits if _interim(digits) == 0 else None


def grouped(reference: str) -> str:
    """The number as it is written for people: `123-456-789`."""
    return "-".join(reference[at:at + 3] for at in range(0, LENGTH, 3))


def _interim(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return interim

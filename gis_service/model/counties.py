"""Which county of Kenya a ward lies in, from the code of the electoral commission (IEBC)."""

from __future__ import annotations

from bisect import bisect_right

_FIRST_WARDS = (
    1, 31, 51, 86, 101, 111, 131, 161, 191, 221, 241, 251, 296, 311, 331, 371, 411, 441, 466, 496,
    516, 551, 611, 641, 661, 676, 701, 731, 751, 781, 811, 826, 881, 911, 936, 966, 991, 1051,
    1076, 1121, 1156, 1186, 1221, 1261, 1301, 1346, 1366,
)
"""Code of the first ward of each county, by the county's number: wards are numbered by county."""
_LAST_WARD = 1450


def county_of(code: str, constituency: str = "") -> str:
    """
    A short name of a ward's county: its number in two digits.

    A code that is none of the commission's gives the constituency with a mark
    before it, so that parts by county still hold every ward once.
    """
    if code.isascii() and code.isdigit() and 1 <= int(code) <= _LAST_WARD:
        return f"{bisect_right(_FIRST_WARDS, int(code)):02}"
    return f"~{constituency}"

"""Reads encoded polylines, apart from the code that writes and reads them for the pages."""

from __future__ import annotations


def decoded(text: str, place: list[int]) -> list[tuple[int, int]]:
    """An encoded polyline, as Google describes it; `place` is where it begins and ends."""
    numbers, value, shift = [], 0, 0
    for part in (ord(each) - 63 for each in text):
        value |= (part & 31) << shift
        shift += 5
        if part < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    line = []
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        place[:] = place[0] + dx, place[1] + dy
        line.append((place[0], place[1]))
    return line

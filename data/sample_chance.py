"""Chance that is the same on each run and does not depend on order."""

from __future__ import annotations

import math
import random
import zlib
from collections.abc import Iterable

from sample_files import Position

SEED = 45
"""Kisii's county number; another seed makes another, equally made-up network."""


def chance(item: str, purpose: str) -> random.Random:
    """A generator of its own for each item and purpose, so that one edit moves nothing else."""
    return random.Random(f"{SEED}/{item}/{purpose}")  # noqa: S311 no secret is made here


def _lattice(i: int, j: int, layer: str) -> float:
    return zlib.crc32(f"{SEED}/{layer}/{i}/{j}".encode()) / 0xFFFFFFFF * 2 - 1


def noise(x: float, y: float, layer: str) -> float:
    """Smooth noise in -1..1 over the plane, one hump about every unit."""
    i, j = math.floor(x), math.floor(y)
    u, v = x - i, y - j
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    south = _lattice(i, j, layer) * (1 - u) + _lattice(i + 1, j, layer) * u
    north = _lattice(i, j + 1, layer) * (1 - u) + _lattice(i + 1, j + 1, layer) * u
    return south * (1 - v) + north * v


def displaced(
    point: Position, octaves: Iterable[tuple[float, float]], layer: str, *, share: float = 1.0
) -> Position:
    """
    Move a point by smooth noise.

    Parameters
    ----------
    point
        Longitude, latitude in degrees.
    octaves
        Wavelength and amplitude of each layer of noise, in degrees. While the
        sum of amplitude / wavelength stays small the plane is bent, not
        folded: what did not cross before does not cross after.
    share
        0 leaves the point where it is, 1 moves it wholly.
    """
    x, y = point
    dx = dy = 0.0
    for wavelength, amplitude in octaves:
        dx += amplitude * noise(x / wavelength, y / wavelength, f"{layer}/x/{wavelength}")
        dy += amplitude * noise(x / wavelength, y / wavelength, f"{layer}/y/{wavelength}")
    return x + share * dx, y + share * dy



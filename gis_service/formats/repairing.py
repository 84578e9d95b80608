"""Polygons repaired in a process of their own, which ends when one takes too long."""

from __future__ import annotations

import math
import os
import resource
import struct
import time
from collections.abc import Sequence
from typing import Any

import shapely

EACH_S = 5
"""Processor seconds for one polygon."""
ALL_S = 60.0
"""Seconds after which the others stay as they are."""
_LENGTH = struct.Struct("<q")


def repaired(shapes: Sequence[Any]) -> list[Any]:
    """
    Valid polygons in place of invalid ones, in their order.

    Returns
    -------
    list
        Polygons or multi-polygons; None where nothing of an area is left, or
        the work took longer than `EACH_S`.
    """
    results: list[Any] = []
    began = time.monotonic()
    while len(results) < len(shapes):
        if time.monotonic() - began > ALL_S:
            return results + [None] * (len(shapes) - len(results))
        results += _run(shapes[len(results) :], ALL_S - (time.monotonic() - began))
        if len(results) < len(shapes):
            results.append(None)
    return results


def _run(shapes: Sequence[Any], left_s: float) -> list[Any]:
    """What a process brings to an end before it is ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _work(shapes, writing, left_s)
        finally:
            os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as stream:
            return _received(stream)
    finally:
        os.waitpid(child, 0)


def _work(shapes: Sequence[Any], writing: int, left_s: float) -> None:
    began = time.monotonic()
    with os.fdopen(writing, "wb") as stream:
        for shape in shapes:
            if time.monotonic() - began > left_s:
                return
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            soft = math.ceil(time.process_time()) + EACH_S
            soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
            resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
            wkb = _valid(shape)
            stream.write(_LENGTH.pack(-1 if wkb is None else len(wkb)) + (wkb or b""))
            stream.flush()


def _valid(shape: Any) -> bytes | None:
    """By structure: linework, the other way, takes minutes for a few hundred vertices."""
    fixed = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = shapely.get_parts(shapely.get_parts(fixed))
    areas = parts[shapely.area(parts) > 0]
    if not len(areas):
        return None
    whole = areas[0] if len(areas) == 1 else shapely.multipolygons(areas)
    return bytes(shapely.to_wkb(whole)) if shapely.is_valid(whole) else None


def _received(stream: Any) -> list[Any]:
    results = []
    while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
        (length,) = _LENGTH.unpack(head)
        content = stream.read(length) if length >= 0 else b""
        if length >= 0 and len(content) < length:
            break
        results.append(shapely.from_wkb(content) if length >= 0 else None)
    return results

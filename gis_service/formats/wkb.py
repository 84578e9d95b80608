"""Well-known binary as geometries, one by one where GEOS gives up on one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

Shapes = np.ndarray[Any, np.dtype[np.object_]]

_FACES = range(15, 18)


def shapes_of(wkb: Any) -> Shapes:
    """Geometries in the order of an array of WKB; None for what cannot be built."""
    try:
        shapes: Shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    except NotImplementedError:
        # one curve among them stops the others
        each = [None if why_broken(one) else shapely.from_wkb(one) for one in wkb]
        shapes = np.array(each, dtype=object)
    return shapes


def may_have_curves(wkb: bytes | None) -> bool:
    """
    Whether the type of a geometry is one of the curves, or a collection that may hold some.

    Types as in ISO 13249-3, with Z and M in the thousands or, as PostGIS has them, in high bits.
    """
    return 7 <= _type(wkb) <= 14


def why_broken(wkb: bytes | None) -> str:
    """Why no geometry can be built; empty when one can, or there is none."""
    if _type(wkb) in _FACES:
        return (
            "it is a surface of faces (TIN, PolyhedralSurface or Triangle), which is not read; "
            "save it as polygons"
        )
    try:
        shapely.from_wkb(wkb)
    except NotImplementedError:
        return "it has curves"
    except (shapely.errors.ShapelyError, ValueError, TypeError) as error:
        return str(error).strip().splitlines()[0].removeprefix("IllegalArgumentException: ")
    return ""


def _type(wkb: bytes | None) -> int:
    """The type of a geometry without its dimensions; 0 for none."""
    if wkb is None or len(wkb) < 5:
        return 0
    return (int.from_bytes(wkb[1:5], "little" if wkb[0] else "big") & 0x0FFFFFFF) % 1000

"""Geometry that may enter the database: of the right type, finite, valid, inside its extent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from gis_service.crs import WGS84, crs_title
from gis_service.model.fields import Collection, GeometryType
from gis_service.model.parts import HEIGHTS
from gis_service.validation.faults import Faults, Mask

Extent = tuple[float, float, float, float]
"""West, south, east, north in degrees of WGS84."""
KENYA: Extent = (33.5, -5.2, 42.2, 5.6)
_NULL_ISLAND: Extent = (-0.01, -0.01, 0.01, 0.01)
_COLUMN = "geometry"
_BLOCK = 10_000
"""Geometries whose vertices are held at one time."""
_SINGLE = {GeometryType.POINT: 0, GeometryType.LINE_STRING: 1, GeometryType.MULTI_POLYGON: 3}
_MULTI = {GeometryType.POINT: 4, GeometryType.LINE_STRING: 5, GeometryType.MULTI_POLYGON: 6}
Shapes = np.ndarray[Any, np.dtype[np.object_]]


@dataclass(frozen=True, slots=True)
class CheckedGeometry:
    """
    Geometries in WGS84 of the collection's own type; None where a row is at fault.

    Parameters
    ----------
    flattened
        How many had heights or measures.
    """

    shapes: Shapes
    flattened: int = 0


def check_geometry(
    shapes: Shapes,
    collection: Collection,
    faults: Faults,
    *,
    crs: CRS,
    extent: Extent,
    max_vertices: int,
    reported: Mask,
) -> CheckedGeometry:
    """
    Check every geometry and bring it to longitude and latitude.

    Cheap checks come first, and a row that fails one is spared the others: an
    is-valid test may only ever see what is within the vertex cap.

    Parameters
    ----------
    reported
        Rows whose geometry the reader has reported already.
    """
    check = _Check(shapes, collection, faults)
    if collection.geometry_required:
        check.reject(
            shapely.is_missing(shapes) & ~reported, "no-geometry", "The row has no geometry."
        )
    check.drop(reported)
    check.reject(
        shapely.is_empty(check.shapes) & check.left, "empty-geometry", "The geometry is empty."
    )
    check.types()
    check.vertices(max_vertices)
    check.finite("non-finite-coordinate", "A coordinate is NaN or infinite.")
    flattened = check.flatten()
    if crs.is_geographic:
        check.world(crs_title(crs))
    check.project(crs)
    check.world("WGS84")
    check.inside(extent)
    check.shape_of_its_own()
    return CheckedGeometry(check.finished(), flattened)


def flattened_note(count: int, *, kept: bool) -> str:
    """What is told of geometries that had heights or measures."""
    if kept:
        return (
            f"Heights or measures (Z, M) of {count:,} geometries are kept beside the fields, as "
            f"{HEIGHTS}."
        )
    return f"Heights or measures (Z, M) of {count:,} geometries were left out."


class _Check:
    """The geometries that are left, and the rules that thin them out."""

    def __init__(self, shapes: Shapes, collection: Collection, faults: Faults) -> None:
        if collection.geometry is None:
            raise ValueError(f"{collection.id} has no geometry")
        self.kind = collection.geometry
        self.of = collection.title.en.lower()
        self.faults = faults
        self.shapes: Shapes = shapes.copy()
        self.left: Mask = ~shapely.is_missing(shapes)

    def drop(self, mask: Mask) -> None:
        self.left &= ~mask
        self.shapes[mask] = None

    def reject(self, mask: Mask, rule: str, message: str | Callable[[int], str]) -> None:
        if mask.any():
            self.faults.add(
                mask, column=_COLUMN, rule=rule, message=message, values=_Short(self.shapes.copy())
            )
            self.drop(mask)

    def types(self) -> None:
        """Its own type, or a Multi* that has one part."""
        kinds = shapely.get_type_id(self.shapes)
        single, multi = _SINGLE[self.kind], _MULTI[self.kind]
        wrong = self.left & (kinds != single) & (kinds != multi)
        names = {p: self.shapes[p].geom_type for p in np.flatnonzero(wrong).tolist()}
        wanted = self.kind.value
        self.reject(
            wrong, "wrong-geometry-type",
            lambda p: f"A {names[p]}; {self.of} need a {wanted}.",
        )
        if self.kind is GeometryType.MULTI_POLYGON:
            return
        parts = shapely.get_num_geometries(self.shapes)
        self.reject(
            self.left & (kinds == multi) & (parts > 1), "several-parts",
            lambda p: f"It has {parts[p]} parts; {self.of} have one. "
            "With --multi split each part becomes a row.",
        )
        lone = self.left & (kinds == multi)
        self.shapes[lone] = shapely.get_geometry(self.shapes[lone], 0)

    def vertices(self, most: int) -> None:
        counts = shapely.get_num_coordinates(self.shapes)
        self.reject(
            self.left & (counts > most), "too-many-vertices",
            lambda p: f"It has {counts[p]:,} vertices; at most {most:,} are allowed.",
        )

    def finite(self, rule: str, message: str) -> None:
        bad = np.zeros(len(self.shapes), dtype=bool)
        for begin in range(0, len(self.shapes), _BLOCK):
            coordinates, index = shapely.get_coordinates(
                self.shapes[begin : begin + _BLOCK], include_z=False, return_index=True
            )
            bad[begin + index[~np.isfinite(coordinates).all(axis=1)]] = True
        self.reject(bad, rule, message)

    def flatten(self) -> int:
        """Without heights and measures; how many had some."""
        high = shapely.has_z(self.shapes) | shapely.has_m(self.shapes)
        if high.any():
            self.shapes[high] = shapely.force_2d(self.shapes[high])
        return int(high.sum())

    def world(self, crs: str) -> None:
        west, south, east, north = shapely.bounds(self.shapes).T
        with np.errstate(invalid="ignore"):
            outside = (west < -180) | (east > 180) | (south < -90) | (north > 90)
        self.reject(
            self.left & outside, "outside-world",
            f"It lies outside the world: longitude within 180, latitude within 90 degrees ({crs}).",
        )

    def project(self, crs: CRS) -> None:
        if crs == WGS84:
            return
        to_degrees = Transformer.from_crs(crs, WGS84, always_xy=True)

        def moved(coordinates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return np.column_stack(to_degrees.transform(coordinates[:, 0], coordinates[:, 1]))

        self.shapes[self.left] = shapely.transform(self.shapes[self.left], moved)
        self.finite(
            "not-projectable",
            f"It cannot be brought from {crs_title(crs)} to longitude and latitude.",
        )

    def inside(self, extent: Extent) -> None:
        """Inside the network's extent; what would bring it there is said, never done."""
        bounds = shapely.bounds(self.shapes)
        outside = self.left & ~_within(bounds, extent)
        if not outside.any():
            return
        nowhere = outside & _within(bounds, _NULL_ISLAND)
        self.reject(
            nowhere, "null-island",
            "It lies at longitude 0, latitude 0: zeros stand for an unknown position.",
        )
        outside &= ~nowhere
        swapped = outside & _within(bounds[:, [1, 0, 3, 2]], extent)
        box = "west {:g}, south {:g}, east {:g}, north {:g}".format(*extent)
        self.reject(
            swapped, "swapped-coordinates",
            "Longitude and latitude are swapped: the other way round it lies inside the extent.",
        )
        flips = (
            ("latitude", [0, 3, 2, 1], np.array([1, -1, 1, -1])),
            ("longitude", [2, 1, 0, 3], np.array([-1, 1, -1, 1])),
        )
        hints: dict[int, str] = {}
        for name, order, signs in flips:
            turned = outside & _within((bounds * signs)[:, order], extent)
            hint = f" With the opposite sign of {name} it would lie inside."
            hints |= dict.fromkeys(np.flatnonzero(turned).tolist(), hint)
        self.reject(
            outside & ~swapped, "outside-extent",
            lambda p: f"It lies outside the extent ({box}).{hints.get(p, '')}",
        )

    def shape_of_its_own(self) -> None:
        """Lines have a length; polygons are valid."""
        if self.kind is GeometryType.LINE_STRING:
            self.reject(
                self.left & ~(shapely.length(self.shapes) > 0), "zero-length",
                "All of its vertices are in one place.",
            )
        if self.kind is GeometryType.MULTI_POLYGON:
            invalid = self.left & ~shapely.is_valid(self.shapes)
            reasons = {
                p: shapely.is_valid_reason(self.shapes[p]) for p in np.flatnonzero(invalid).tolist()
            }
            self.reject(
                invalid, "invalid-polygon",
                lambda p: f"{_place(reasons[p])} It was not repaired.",
            )

    def finished(self) -> Shapes:
        if self.kind is GeometryType.MULTI_POLYGON:
            lone = self.left & (shapely.get_type_id(self.shapes) == 3)
            positions = np.flatnonzero(lone)
            if len(positions):
                self.shapes[positions] = shapely.multipolygons(
                    self.shapes[positions], indices=np.arange(len(positions))
                )
        return self.shapes


class _Short:
    """Geometries as short text, made only for the rows at fault."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def __getitem__(self, position: int) -> str:
        shape = self._shapes[position]
        if shape is None:
            return ""
        if shapely.get_num_coordinates(shape) > 50:
            return f"{shape.geom_type} with {shapely.get_num_coordinates(shape):,} vertices"
        return str(shapely.to_wkt(shape, rounding_precision=6))


def _within(bounds: np.ndarray[Any, Any], extent: Extent) -> Mask:
    west, south, east, north = extent
    with np.errstate(invalid="ignore"):
        inside: Mask = (
            (bounds[:, 0] >= west)
            & (bounds[:, 1] >= south)
            & (bounds[:, 2] <= east)
            & (bounds[:, 3] <= north)
        )
    return inside


def _place(reason: str) -> str:
    """`Self-intersection[34.1 -0.6]` as a sentence."""
    what, _, where = reason.partition("[")
    return f"{what.strip()} at {where.rstrip(']')}." if where else f"{what.strip()}."

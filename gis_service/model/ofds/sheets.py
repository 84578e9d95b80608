"""
The sheets of the standard's CSV form (and of workbooks that follow it).

One sheet for each array of objects. A column's heading is a JSON pointer with
`0` for every index; the first column is the network's id, then come the ids of
the objects in between. Arrays of codes are one column, joined by `;`. A geometry
is one column in WKT; 0.2 wrote its type and its coordinates in two.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from gis_service.model.ofds.versions import OfdsVersion
from gis_service.model.ofds.words import Kind, Property

_GEOMETRIES = frozenset({"Geometry", "PointGeometry", "LineStringGeometry"})


@dataclass(frozen=True, slots=True)
class Column:
    """
    One column.

    Parameters
    ----------
    heading
        Such as `nodes/0/phase/id`.
    path
        Names of properties from the sheet's own object to the value: ("phase", "id").
        Of a geometry the path ends at the geometry.
    holds
        The property that the value is of; of a geometry, the property that holds it.
    """

    heading: str
    path: tuple[str, ...]
    holds: Property

    @property
    def is_geometry(self) -> bool:
        return self.holds.of in _GEOMETRIES


@dataclass(frozen=True, slots=True)
class Sheet:
    """
    One sheet.

    Parameters
    ----------
    name
        Name of the file without `.csv`: `nodes_networkProviders`.
    path
        Arrays from the network to the sheet's objects: ("nodes", "networkProviders");
        empty for the sheet of networks.
    keys
        Headings of the ids of the network and of the objects in between, outermost first.
    columns
        The object's own columns; its own id, where it has one, is the first.
    """

    name: str
    path: tuple[str, ...]
    keys: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def headings(self) -> tuple[str, ...]:
        """All headings, as they stand in the first line."""
        return (*self.keys, *(column.heading for column in self.columns))


@cache
def sheets(version: OfdsVersion) -> tuple[Sheet, ...]:
    """The sheets of a version, `networks` first."""
    return tuple(_sheets(version, "Network", (), ()))


def _sheets(
    version: OfdsVersion, class_name: str, path: tuple[str, ...], keys: tuple[str, ...]
) -> Iterator[Sheet]:
    prefix = "".join(f"{name}/0/" for name in path)
    yield Sheet(
        "_".join(path) or "networks", path, keys,
        tuple(_columns(version, class_name, prefix, ())),
    )
    for property_ in version.properties(class_name):
        if property_.array and property_.kind is Kind.OBJECT:
            yield from _sheets(
                version, property_.of, (*path, property_.name), (*keys, f"{prefix}id")
            )


def _columns(
    version: OfdsVersion, class_name: str, prefix: str, path: tuple[str, ...]
) -> Iterator[Column]:
    for property_ in version.properties(class_name):
        here = (*path, property_.name)
        if property_.kind is not Kind.OBJECT:
            yield Column(prefix + "/".join(here), here, property_)
        elif property_.array:
            continue
        elif property_.of in _GEOMETRIES:
            yield Column(prefix + "/".join(here), here, property_)
        else:
            yield from _columns(version, property_.of, prefix, here)

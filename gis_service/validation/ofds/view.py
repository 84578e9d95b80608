"""One network of a package as arrays, read with goodwill: what cannot be read is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from gis_service.model.ofds import OfdsVersion
from gis_service.validation.topology import Floats, Ints, Lines

Json = Mapping[str, Any]
_EXTERNAL = {
    "nodes": ("tag:opentelecomdata.net,2022:nodesAPI", "tag:opentelecomdata.net,2022:nodesFile"),
    "spans": ("tag:opentelecomdata.net,2022:spansAPI", "tag:opentelecomdata.net,2022:spansFile"),
}
_NOTHING: Json = {}


@dataclass(frozen=True)
class NetworkView:
    """
    One network.

    Parameters
    ----------
    number
        Its index in the package.
    version
        The version that it is checked as.
    """

    number: int
    network: Json
    version: OfdsVersion

    def path(self, *steps: str | int) -> tuple[str | int, ...]:
        return ("networks", self.number, *steps)

    def objects(self, array: str) -> Sequence[Json]:
        """The members of an array; one that is no object is empty here, so indices hold."""
        return self._objects.get(array, ())

    @cached_property
    def _objects(self) -> Mapping[str, list[Json]]:
        return {
            name: [each if isinstance(each, Mapping) else _NOTHING for each in value]
            for name, value in self.network.items()
            if isinstance(value, list)
        }

    def is_external(self, array: str) -> bool:
        """Whether a link says that `nodes` or `spans` are in another file."""
        return any(link.get("rel") in _EXTERNAL[array] for link in self.objects("links"))

    @cached_property
    def is_whole(self) -> bool:
        return not any(map(self.is_external, _EXTERNAL))

    def ids(self, array: str) -> Mapping[str, int]:
        """Index of each id in an array; of the first where several have it."""
        found: dict[str, int] = {}
        for position, each in enumerate(self.objects(array)):
            if isinstance(id_ := each.get("id"), str):
                found.setdefault(id_, position)
        return found

    @cached_property
    def nodes(self) -> Mapping[str, int]:
        return self.ids("nodes")

    @cached_property
    def lonlat(self) -> Floats:
        """(longitude, latitude) of every node; NaN where it cannot be read."""
        found = np.full((len(self.objects("nodes")), 2), np.nan)
        for position, node in enumerate(self.objects("nodes")):
            place = _numbers(_coordinates(node.get("location")), 1)
            if place is not None and len(place) >= 2:
                found[position] = place[:2]
        return found

    @cached_property
    def start(self) -> Ints:
        """Index of the node at which each span starts; -1 where it is unknown."""
        return self._ends("start")

    @cached_property
    def end(self) -> Ints:
        return self._ends("end")

    def _ends(self, side: str) -> Ints:
        named = (span.get(side) for span in self.objects("spans"))
        found = [self.nodes.get(name, -1) if isinstance(name, str) else -1 for name in named]
        return np.array(found, dtype=np.int64)

    @cached_property
    def lines(self) -> Lines:
        """The route of every span in (longitude, latitude); None where it cannot be read."""
        spans = self.objects("spans")
        lines: Lines = np.full(len(spans), None, dtype=object)
        rows, parts = [], []
        for position, span in enumerate(spans):
            route = _numbers(_coordinates(span.get("route")), 2)
            if route is not None and len(route) >= 2 and route.shape[1] >= 2:
                rows.append(position)
                parts.append(route[:, :2])
        if rows:
            owner = np.repeat(np.arange(len(rows)), [len(part) for part in parts])
            lines[rows] = shapely.linestrings(np.concatenate(parts), indices=owner)
        return lines


def _coordinates(geometry: Any) -> Any:
    return geometry.get("coordinates") if isinstance(geometry, Mapping) else None


def _numbers(value: Any, depth: int) -> Floats | None:
    """Finite numbers in an array of so many dimensions, text that holds numbers included."""
    if not isinstance(value, list):
        return None
    found: Floats | None
    try:
        found = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        found = _ragged(value) if depth == 2 else None
    if found is None or found.ndim != depth or not np.isfinite(found).all():
        return None
    return found


def _ragged(value: list[Any]) -> Floats | None:
    """Positions of which only some have a height."""
    try:
        return np.array([position[:2] for position in value], dtype=np.float64)
    except (ValueError, TypeError, OverflowError, KeyError):
        return None

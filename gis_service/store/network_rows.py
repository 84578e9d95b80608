"""A collection's rows as arrays, by id, and how changed rows take the place of older ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any
from uuid import UUID

import numpy as np

from gis_service.network.graph import Indices, Nodes
from gis_service.network.sites import sites_of
from gis_service.store.packing import Keys, key_array, places_of


@dataclass(frozen=True, eq=False, slots=True)
class Rows:
    """
    Rows of a collection, not yet joined with those of others.

    Parameters
    ----------
    keys
        Ids of the rows, ascending.
    items
        The `Nodes`, `Links` or `Offices`; what they take from other rows is not there yet.
    nodes
        For each column that names nodes, their ids.
    names
        What people call the items.
    groups, grouped
        Names of the wards or trenches that the items have numbers of, and the field
        that holds those.
    """

    keys: Keys
    items: Any
    nodes: Mapping[str, Keys]
    names: Sequence[str | None]
    groups: tuple[str, ...] = ()
    grouped: str | None = None


def merged(old: Rows, new: Rows, changed: Iterable[UUID]) -> Rows:
    """Older rows in which those that changed are gone or replaced."""
    gone = places_of(key_array(changed), old.keys)
    kept = np.ones(len(old.keys), dtype=bool)
    kept[gone[gone >= 0]] = False
    at = np.searchsorted(old.keys[kept], new.keys)

    def column(one: Any, other: Any) -> Any:
        return np.insert(one[kept], at, other, axis=0)

    items = replace(old.items, **{
        field.name: column(getattr(old.items, field.name), getattr(new.items, field.name))
        for field in fields(old.items)
    })
    groups: tuple[str, ...] = ()
    if old.grouped is not None:
        known = sorted({*old.groups, *new.groups})
        codes = column(*(
            _renumbered(getattr(each.items, old.grouped), each.groups, known)
            for each in (old, new)
        ))
        used = np.unique(codes[codes >= 0])
        groups = tuple(known[i] for i in used.tolist())
        items = replace(items, **{old.grouped: _renumbered(codes, known, groups)})
    if isinstance(items, Nodes):
        items = replace(items, site=sites_of(items.position)[0])
    names = [name for name, stays in zip(old.names, kept.tolist(), strict=True) if stays]
    for place, name in zip(at[::-1].tolist(), new.names[::-1], strict=True):
        names.insert(place, name)
    return Rows(
        column(old.keys, new.keys),
        items,
        {name: column(ids, new.nodes[name]) for name, ids in old.nodes.items()},
        names,
        groups,
        old.grouped,
    )


def _renumbered(codes: Indices, names: Sequence[str], known: Sequence[str]) -> Indices:
    """Numbers of names as numbers among those known; -1 stays."""
    place = {name: i for i, name in enumerate(known)}
    to = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int32)
    return to[codes]

"""Links that cross where they have no node in common."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gis_service.model.reports import RowFault, Severity
from gis_service.validation.drawn import Counts, Drawn, in_blocks, together
from gis_service.validation.topology import (
    SNAP_M,
    Flags,
    Floats,
    Ints,
    crossings,
    ends_of,
    gaps_m,
)

_TOLD = 3
_LINES, _VERTICES = 10_000, 1_000_000
"""Whose ends are looked at at one time."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """
    Links of the database.

    Parameters
    ----------
    keys
        Their `external_id`, as Arrow's texts.
    lines
        In longitude and latitude.
    start, end
        Index of the nodes at their ends; -1 for unknown.
    """

    keys: pa.Array
    lines: Drawn
    start: Ints
    end: Ints


def check_crossings(
    rows: Counts, lines: Drawn, start: Ints, end: Ints, known: Known
) -> tuple[list[RowFault], list[str]]:
    """
    Warnings about links of a file that cross each other, or links that are known.

    Parameters
    ----------
    rows
        Numbers of the rows in their file.
    lines
        In longitude and latitude.
    start, end
        Index of the nodes at their ends, among those of `known`; -1 for unknown.

    Returns
    -------
    tuple
        One fault for each row that crosses others, those before it and those
        that are known; and a note if not all were compared.
    """
    every = together(lines, known.lines)
    pairs, places, whole = crossings(
        every,
        np.concatenate([start, known.start]),
        np.concatenate([end, known.end]),
        known=len(known.lines),
    )
    crossing = ~_at_an_end(every, pairs, places)
    pairs, places = pairs[crossing], places[crossing]
    found: dict[int, list[str]] = defaultdict(list)
    for (one, other), (lon, lat) in zip(pairs.tolist(), places.tolist(), strict=True):
        name = (
            f"the link {known.keys[one - len(lines)].as_py()[:80]!r}" if one >= len(lines)
            else f"the link of row {rows[one]}"
        )
        found[other].append(f"{name} at {lon:.5f}, {lat:.5f}")
    faults = [
        RowFault(
            int(rows[position]), "geometry", "crossing-links", "",
            f"It crosses {'; '.join(others[:_TOLD])}"
            f"{f'; and {len(others) - _TOLD:,} more' if len(others) > _TOLD else ''}: no node "
            "joins them there.",
            Severity.WARNING,
        )
        for position, others in sorted(found.items())
    ]
    return faults, [] if whole else ["So many links cross that not all of them were compared."]


def _at_an_end(lines: Drawn, pairs: Ints, places: Floats) -> Flags:
    """Where one of two lines ends a little beyond the other: that is told of its end."""
    near: Flags = np.zeros(len(pairs), dtype=bool)
    sizes = lines.vertices[pairs].sum(axis=1) if len(pairs) else np.empty(0, dtype=np.int64)
    for block in in_blocks(sizes, most=_LINES, most_vertices=_VERTICES):
        for side in (0, 1):
            for ends in ends_of(lines.take(pairs[block, side])):
                near[block] |= gaps_m(places[block], ends) <= SNAP_M
    return near

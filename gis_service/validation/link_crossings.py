"""Links that cross where they have no node in common."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gis_service.model.reports import RowFault, Severity
from gis_service.validation.topology import (
    SNAP_M,
    Flags,
    Floats,
    Ints,
    Lines,
    crossings,
    ends_of,
    gaps_m,
)

_TOLD = 3


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """
    Links of the database.

    Parameters
    ----------
    keys
        Their `external_id`.
    lines
        In longitude and latitude.
    start, end
        Index of the nodes at their ends; -1 for unknown.
    """

    keys: Sequence[str]
    lines: Lines
    start: Ints
    end: Ints


def check_crossings(
    rows: Ints, lines: Lines, start: Ints, end: Ints, known: Known
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
    every = np.concatenate([known.lines, lines])
    pairs, places, whole = crossings(
        every,
        np.concatenate([known.start, start]),
        np.concatenate([known.end, end]),
        since=len(known.lines),
    )
    crossing = ~_at_an_end(every, pairs, places)
    pairs, places = pairs[crossing], places[crossing]
    found: dict[int, list[str]] = defaultdict(list)
    for (one, other), (lon, lat) in zip(pairs.tolist(), places.tolist(), strict=True):
        is_known = one < len(known.lines)
        name = (
            f"the link {known.keys[one][:80]!r}" if is_known
            else f"the link of row {rows[one - len(known.lines)]}"
        )
        found[other - len(known.lines)].append(f"{name} at {lon:.5f}, {lat:.5f}")
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


def _at_an_end(lines: Lines, pairs: Ints, places: Floats) -> Flags:
    """Where one of two lines ends a little beyond the other: that is told of its end."""
    near: Flags = np.zeros(len(pairs), dtype=bool)
    for ends in ends_of(lines):
        for side in (0, 1):
            near |= gaps_m(places, ends[pairs[:, side]]) <= SNAP_M
    return near

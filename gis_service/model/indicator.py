"""What an indicator is, and by what it can be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gis_service.model.fields import Text


class Grouping(StrEnum):
    """By what coverage is told."""

    WARD = "ward"
    CONSTITUENCY = "constituency"
    THEME = "theme"
    OFFICE_TYPE = "office_type"
    PHASE = "phase"
    WHOLE = "whole"



GROUPING_TITLES = {
    Grouping.WARD: Text("Ward", "Wadi"),
    Grouping.CONSTITUENCY: Text("Constituency", "Eneo bunge"),
    Grouping.THEME: Text("Theme", "Mada"),
    Grouping.OFFICE_TYPE: Text("Type of office", "Aina ya ofisi"),
    Grouping.PHASE: Text("Phase", "Awamu"),
    Grouping.WHOLE: Text("All", "Yote"),
}
PLACES = frozenset({Grouping.WARD, Grouping.CONSTITUENCY, Grouping.WHOLE})
"""Groupings by place."""
ALL = frozenset(Grouping)

PER_CENT = "%"


@dataclass(frozen=True, slots=True)
class Indicator:
    """
    A figure of a group of offices or of a place.

    Parameters
    ----------
    description
        Its definition; what "no data" means is in it.
    of
        The sum that is told, by its name in `coverage.measures`.
    out_of
        The sum that it is divided by; None for a plain sum.
    known_by
        For a plain sum: the sum that says whether anything is known at all.
    scale
        What the ratio is multiplied by.
    source
        Where the rule comes from.
    groupings
        By what it can be told.
    reported
        Whether it follows from what is published, so that the public may ask for it.
    more_is_better
        None where more is neither better nor worse.
    """

    id: str
    title: Text
    description: Text
    unit: str
    of: str
    out_of: str | None = None
    known_by: str | None = None
    scale: float = 1.0
    source: str = "ours"
    groupings: frozenset[Grouping] = ALL
    reported: bool = False
    more_is_better: bool | None = None

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest value that it can take."""
        return (0, 100) if self.unit == PER_CENT else (0, math.inf)

    def value(self, sums: Mapping[str, float]) -> float:
        """Its value from a group's sums; NaN means "no data"."""
        if self.known_by is not None and not sums.get(self.known_by, math.nan) > 0:
            return math.nan
        found = sums.get(self.of, math.nan)
        if self.out_of is None:
            return found
        whole = sums.get(self.out_of, math.nan)
        return self.scale * found / whole if whole > 0 else math.nan

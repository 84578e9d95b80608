"""What areas can be coloured by, and the class that a value falls into."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from gis_service.model.coverage import Counts
from gis_service.model.indicators import Grouping, Indicator, indicators_of

INDICATORS: dict[str, Indicator] = {
    each.id: each for each in indicators_of(Grouping.WARD, reported_only=True)
}
"""What the areas of every reader's map can be coloured by: what follows from what is published."""

STAFF_INDICATORS: dict[str, Indicator] = {
    each.id: each for each in indicators_of(Grouping.WARD)
}
"""What staff can choose to colour them by."""


def value_of(indicator: Indicator, counts: Counts) -> float:
    """The value of an indicator from the counts of a ward; NaN for no data."""
    names = ("connected", "unconnected", "unknown", "known", "offices")
    return indicator.value({name: getattr(counts, name) for name in names})


def class_of(value: float, breaks: Sequence[float]) -> int | None:
    """
    The class that a value falls into, from 0; None for no data.

    A class begins with its lower break: with breaks 20 and 40, 20 is in class 1.
    """
    return None if math.isnan(value) else bisect_right(breaks, value)

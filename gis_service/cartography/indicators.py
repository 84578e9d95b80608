"""What areas can be coloured by: a number per ward, computed from its coverage."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gis_service.model.coverage import Counts
from gis_service.model.fields import Text


@dataclass(frozen=True, slots=True)
class Indicator:
    """
    A number per ward.

    Parameters
    ----------
    value
        From a ward's counts; NaN means "no data".
    unit
        Shown after the number.
    bounds
        Least and greatest value it can take.
    """

    id: str
    title: Text
    description: Text
    value: Callable[[Counts], float]
    unit: str
    bounds: tuple[float, float]


def _share_connected(counts: Counts) -> float:
    return 100 * counts.share_connected


def _unconnected(counts: Counts) -> float:
    return counts.unconnected if counts.known else math.nan


INDICATORS: dict[str, Indicator] = {
    indicator.id: indicator
    for indicator in (
        Indicator(
            "share_connected",
            Text("Share of offices connected", "Sehemu ya ofisi zilizounganishwa"),
            Text(
                "Offices reported as connected, out of all offices whose connection is known. "
                "Offices whose connection is not known are left out; a ward with none known "
                "shows no data.",
                "Ofisi zilizoripotiwa kuunganishwa, kati ya ofisi zote ambazo muunganisho wao "
                "unajulikana. Ofisi ambazo hazijulikani haziingizwi; wadi isiyo na inayojulikana "
                "huonyeshwa bila data.",
            ),
            _share_connected,
            "%",
            (0, 100),
        ),
        Indicator(
            "unconnected",
            Text("Offices not connected", "Ofisi zisizounganishwa"),
            Text(
                "Offices reported as not connected. A ward where no connection is known "
                "shows no data.",
                "Ofisi zilizoripotiwa kutounganishwa. Wadi ambayo hakuna muunganisho "
                "unaojulikana huonyeshwa bila data.",
            ),
            _unconnected,
            "",
            (0, math.inf),
        ),
    )
}


def class_of(value: float, breaks: Sequence[float]) -> int | None:
    """
    The class that a value falls into, from 0; None for no data.

    A class begins with its lower break: with breaks 20 and 40, 20 is in class 1.
    """
    return None if math.isnan(value) else bisect_right(breaks, value)

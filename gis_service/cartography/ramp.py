"""Classes for the values of a chosen indicator; `static/map/desk/ramp.js` makes the same."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gis_service.cartography.definition import LayerDefinition
from gis_service.cartography.legend import spread
from gis_service.cartography.wording import wording
from gis_service.model.fields import Language
from gis_service.model.indicators import PER_CENT, Indicator
from gis_service.model.locales import number

SHARES = (20.0, 40.0, 60.0, 80.0)
_PARTS = (0.2, 0.4, 0.6, 0.8)


@dataclass(frozen=True, slots=True)
class Ramp:
    """
    The classes of some values.

    Parameters
    ----------
    rows
        The token of each class's colour and its title, from the least on.
    class_of
        The position of a value's class.
    """

    rows: tuple[tuple[str, str], ...]
    class_of: Callable[[float], int]


def ramp(
    layer: LayerDefinition, indicator: Indicator, values: Sequence[float], language: Language
) -> Ramp:
    """
    Classes of the values of an indicator.

    The layer's own breaks for its own indicator, equal steps for shares, and
    round fifths of the values for the others.

    Parameters
    ----------
    values
        At least one, none of them NaN.
    """
    breaks = _breaks(layer, indicator, values)
    words = wording(language)
    edges: list[float | None] = [None, *breaks, None]
    rows = []
    for step, (low, high) in zip(spread(len(breaks) + 1), pairwise(edges), strict=True):
        if low is None and high is None:
            title = shown(values[0], indicator.unit, language)
        else:
            key = "class_first" if low is None else "class_last" if high is None else "class_range"
            title = words[key]
            for name, value in (("from", low), ("to", high)):
                title = title.replace(f"{{{name}}}", shown(value or 0, "", language))
            unit = indicator.unit if indicator.unit == PER_CENT else f" {indicator.unit}".rstrip()
            title = title.replace("{unit}", unit)
        rows.append((f"area-{step}", title))
    return Ramp(tuple(rows), lambda value: bisect_right(breaks, value))


def change_ramp(
    _layer: LayerDefinition, indicator: Indicator, changes: Sequence[float], language: Language
) -> Ramp:
    """
    Classes of changes: much less, less, none, more, much more.

    Much is the middle of those that are not zero.
    """
    sizes = sorted(abs(each) for each in changes if each)
    much = (_nice(sizes[len(sizes) // 2]) if sizes else 1.0) or 1.0
    words = wording(language)
    unit = f" {words['desk_points']}" if indicator.unit == PER_CENT else f" {indicator.unit}"
    less, more = (f"{sign}{shown(much, '', language)}" for sign in ("\N{MINUS SIGN}", "+"))
    keys = ("desk_less", "desk_little_less", "desk_same", "desk_little_more", "desk_more_than")
    rows = tuple(
        (f"diff-{i}", words[key].replace("{to}", (less if i < 2 else more) + unit.rstrip()))
        for i, key in enumerate(keys)
    )

    def class_of(change: float) -> int:
        if change == 0:
            return 2
        if change < 0:
            return 0 if change <= -much else 1
        return 4 if change >= much else 3

    return Ramp(rows, class_of)


def shown(value: float, unit: str, language: Language) -> str:
    """A value as the pages write it."""
    if unit == PER_CENT:
        return f"{number(round(value, 1), language)}%"
    return number(value, language)


def _breaks(
    layer: LayerDefinition, indicator: Indicator, values: Sequence[float]
) -> tuple[float, ...]:
    if indicator.id == layer.indicator:
        return layer.breaks
    if indicator.unit == PER_CENT:
        return SHARES
    ordered = sorted(values)
    cuts = [_nice(ordered[math.floor(part * len(ordered))]) for part in _PARTS]
    return tuple(sorted({each for each in cuts if ordered[0] < each <= ordered[-1]}))


def _nice(value: float) -> float:
    """A value with two digits, for an edge that people can read."""
    if not value:
        return 0.0
    unit = 10.0 ** max(0, math.floor(math.log10(abs(value))) - 1)
    return math.floor(value / unit + 0.5) * unit

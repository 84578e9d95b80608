"""The sums that indicators are made of, for every group of a grouping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from gis_service.coverage.places import Flags, Indices, Numbers, Places
from gis_service.coverage.standing import NO, NOT_KNOWN, UNKNOWN, YES, States, Texts
from gis_service.model import codelists
from gis_service.model.indicators import PEOPLE, ROUTE_KM, Grouping

NONE = ""
"""Key of the group of what belongs to no group: outside every ward, without a theme."""


@dataclass(frozen=True, slots=True, eq=False)
class Offices:
    """
    What is so of each office.

    Parameters
    ----------
    ward
        Index into `Places.codes`, or `OUTSIDE`.
    phase
        Of the node that serves it.
    lit, redundant
        Computed from the network; `UNKNOWN` where its node is not known.
    in_reach
        Of an access point; `UNKNOWN` without a position or any access point.
    required_mbps, measured_mbps
        NaN for unknown.
    """

    ward: Indices
    theme: Texts
    office_type: Texts
    phase: Texts
    connection: States
    lit: States
    redundant: States
    in_reach: States
    required_mbps: Numbers
    measured_mbps: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Pieces of links."""

    ward: Indices
    phase: Texts
    status: Texts
    length_m: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """
    Pieces of the cells of population.

    Parameters
    ----------
    near
        People within the distance of an access point that works, of every
        technology under "" and by technology; empty when no access point is
        recorded.
    """

    ward: Indices
    people: Numbers
    near: Mapping[str, Numbers]


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Access points, whether they work or not; `works` includes a way to a gateway."""

    ward: Indices
    phase: Texts
    works: Flags
    wifi: Flags


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaults:
    """Faults that are open; theme and type are those of the office that is broken itself."""

    ward: Indices
    theme: Texts
    office_type: Texts
    phase: Texts


@dataclass(frozen=True, slots=True, eq=False)
class Situation:
    """
    All that coverage is told from, on a day and in a scenario.

    Parameters
    ----------
    access, routes, people, faults
        None where nothing at all is recorded, or the reader may not know.
    """

    places: Places
    offices: Offices
    access: Access | None = None
    routes: Routes | None = None
    people: People | None = None
    faults: OpenFaults | None = None


def of_theme(situation: Situation, theme: str) -> Situation:
    """
    The same of the offices of one theme.

    What is of no office is left out, so that it is no data: routes, people,
    access points, and faults of other things.
    """
    offices, faults = situation.offices, situation.faults
    return Situation(
        situation.places,
        _only(offices, offices.theme == theme),
        faults=None if faults is None else _only(faults, faults.theme == theme),
    )


def no_offices(offices: Offices) -> Offices:
    """None of them."""
    return _only(offices, np.zeros(len(offices.theme), dtype=bool))


_Rows = TypeVar("_Rows", Offices, OpenFaults)


def _only(rows: _Rows, chosen: Flags) -> _Rows:
    return replace(rows, **{each.name: getattr(rows, each.name)[chosen] for each in fields(rows)})


Sums = dict[str, Numbers]
"""By the name of the sum a number for each group."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupedSums:
    """Keys of the groups, `NONE` last if anything belongs to no group, and their sums."""

    keys: tuple[str, ...]
    sums: Sums


_STEPS = 2.0**20
_LOADED = ("people", PEOPLE)
"""With these begin the names of sums that are no data, not zero, where nothing is loaded."""


def added(parts: Sequence[GroupedSums]) -> GroupedSums:
    """
    The sums of parts that hold every row once, as `grouped_sums` tells them of the whole.

    A part names no sum of what it holds nothing of.
    """
    found = {key for part in parts for key in part.keys}
    keys = (*sorted(found - {NONE}), *((NONE,) if NONE in found else ()))
    index = pd.Index(keys)
    sums: Sums = {}
    for name in dict.fromkeys(name for part in parts for name in part.sums):
        whole = np.full(len(keys), math.nan if name.startswith(_LOADED) else 0.0)
        for part in parts:
            if name in part.sums:
                at, values = index.get_indexer(pd.Index(part.keys)), part.sums[name]
                told = ~np.isnan(values)
                whole[at[told]] = np.nan_to_num(whole[at[told]]) + values[told]
        sums[name] = whole
    return GroupedSums(keys, sums)


_Part = Offices | Access | Routes | People | OpenFaults


def grouped_sums(situation: Situation, grouping: Grouping) -> GroupedSums:
    """The sums of every group; they add up to those of the whole."""
    parts: tuple[tuple[_Part | None, Callable[[Any, _Counter], Sums]], ...] = (
        (situation.offices, _of_offices),
        (situation.access, _of_access),
        (situation.routes, _of_routes),
        (situation.people, _of_people),
        (situation.faults, _of_faults),
    )
    told = [
        (part, function, labels)
        for part, function in parts
        if part is not None
        and (labels := _labels(part, grouping, situation.places)) is not None
    ]
    keys = _keys(grouping, situation.places, (labels for _, _, labels in told))
    index = pd.Index(keys)
    sums: Sums = {}
    for part, function, labels in told:
        sums |= function(part, _Counter(index.get_indexer(pd.Index(labels)), len(keys)))
    return GroupedSums(keys, sums)


@dataclass(frozen=True, slots=True, eq=False)
class _Counter:
    """Sums over rows by their group."""

    group: Indices
    size: int

    def count(self, flags: Flags) -> Numbers:
        return np.bincount(self.group[flags], minlength=self.size).astype(np.float64)

    def total(self, values: Numbers) -> Numbers:
        """
        Sums of values; rows without a value (NaN) add nothing.

        Each is taken to the nearest 2^-20 first. Such sums are exact below 2^33, so
        they are the same in whatever order and parts the rows are added.
        """
        known = ~np.isnan(values)
        steps = np.rint(values[known] * _STEPS)
        summed = np.bincount(self.group[known], steps, minlength=self.size)
        return summed.astype(np.float64) / _STEPS


def _of_offices(offices: Offices, by: _Counter) -> Sums:
    state, lit = offices.connection, offices.lit
    connected, unconnected = by.count(state == YES), by.count(state == NO)
    sums = {
        "offices": by.count(np.ones(len(state), dtype=bool)),
        "connected": connected,
        "unconnected": unconnected,
        "known": connected + unconnected,
        "unknown": by.count(state == UNKNOWN),
        "placed": by.count(lit != UNKNOWN),
        "lit": by.count(lit == YES),
        "redundant": by.count(offices.redundant == YES),
        "disagreements": by.count(disagrees(offices)),
        "positioned": by.count(offices.in_reach != UNKNOWN),
        "in_reach": by.count(offices.in_reach == YES),
    }
    got = np.where(state == NO, 0.0, np.where(state == YES, offices.measured_mbps, math.nan))
    told = ~np.isnan(got) & ~np.isnan(offices.required_mbps)
    met = np.minimum(got, offices.required_mbps)
    sums["met_mbps"] = by.total(np.where(told, met, math.nan))
    sums["required_mbps"] = by.total(np.where(told, offices.required_mbps, math.nan))
    return sums


def disagrees(offices: Offices) -> Flags:
    """Which offices are reported otherwise than the network says."""
    state, lit = offices.connection, offices.lit
    found: Flags = ((state == YES) & (lit == NO)) | ((state == NO) & (lit == YES))
    return found


def _of_access(access: Access, by: _Counter) -> Sums:
    return {
        "access_points": by.count(access.works),
        "wifi_points": by.count(access.works & access.wifi),
    }


def _of_routes(routes: Routes, by: _Counter) -> Sums:
    km = routes.length_m / 1000
    return {ROUTE_KM: by.total(km)} | {
        f"{ROUTE_KM}_{code}": by.total(np.where(routes.status == code, km, 0.0))
        for code in (*codelists.STATUS.values(), NOT_KNOWN)
    }


def _of_people(people: People, by: _Counter) -> Sums:
    loaded = by.count(np.ones(len(people.ward), dtype=bool)) > 0

    def known(values: Numbers) -> Numbers:
        return np.where(loaded, by.total(values), math.nan)

    sums = {"people": known(people.people)}
    for technology, near in people.near.items():
        sums[f"{PEOPLE}_{technology}" if technology else PEOPLE] = known(near)
    return sums


def _of_faults(faults: OpenFaults, by: _Counter) -> Sums:
    return {"open_faults": by.count(np.ones(len(faults.ward), dtype=bool))}


def _labels(part: _Part, grouping: Grouping, places: Places) -> Texts | None:
    """The group of each row; None where the grouping says nothing of this part."""
    if grouping is Grouping.WHOLE:
        return np.full(len(part.ward), NONE, dtype=object)
    if grouping in (Grouping.WARD, Grouping.CONSTITUENCY):
        names = places.codes if grouping is Grouping.WARD else places.constituencies
        return np.array([*names, NONE], dtype=object)[part.ward]  # OUTSIDE names the last
    found: Texts | None = getattr(part, grouping.value, None)
    return found


def _keys(grouping: Grouping, places: Places, labels: Iterable[Texts]) -> tuple[str, ...]:
    if grouping is Grouping.WHOLE:
        return (NONE,)
    found = {key for each in labels for key in pd.unique(each)}
    if grouping is Grouping.WARD:
        found |= set(places.codes)
    if grouping is Grouping.CONSTITUENCY:
        found |= set(places.constituencies)
    last = (NONE,) if NONE in found else ()
    return (*sorted(found - {NONE}), *last)

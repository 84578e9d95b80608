"""A situation told by a grouping: titles, order and figures of each group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from gis_service.coverage.measures import NONE, GroupedSums, Situation, disagrees, grouped_sums
from gis_service.coverage.places import EDGE_M, OUTSIDE, PlacedPoints, Places
from gis_service.model import codelists
from gis_service.model.coverage import Circumstances, Coverage, GroupCoverage, Quality
from gis_service.model.fields import Codelist, Text
from gis_service.model.indicators import GROUPING_TITLES, Grouping, indicators_of, sums_of

_NO_GROUP = {
    Grouping.WARD: Text("Outside every ward", "Nje ya wadi zote"),
    Grouping.CONSTITUENCY: Text("Outside every constituency", "Nje ya maeneo bunge yote"),
    Grouping.THEME: Text("No theme", "Bila mada"),
    Grouping.OFFICE_TYPE: Text("No type", "Bila aina"),
    Grouping.PHASE: Text("No phase", "Bila awamu"),
    Grouping.WHOLE: GROUPING_TITLES[Grouping.WHOLE],
}
_CODES: Mapping[Grouping, Codelist] = {
    Grouping.THEME: codelists.THEME,
    Grouping.OFFICE_TYPE: codelists.OFFICE_TYPE,
}


def coverage_of(
    situation: Situation,
    grouping: Grouping,
    *,
    circumstances: Circumstances,
    read_at: datetime,
    quality: Quality,
    reported_only: bool = False,
    phases: Mapping[str, str] | None = None,
) -> Coverage:
    """
    The coverage of a situation by a grouping.

    Parameters
    ----------
    phases
        Names of the phases by id, in their order.
    """
    return coverage_of_sums(
        grouped_sums(situation, grouping), grouped_sums(situation, Grouping.WHOLE),
        situation.places, grouping, circumstances=circumstances, read_at=read_at,
        quality=quality, reported_only=reported_only, phases=phases,
    )


def coverage_of_sums(
    found: GroupedSums,
    all_of_it: GroupedSums,
    places: Places,
    grouping: Grouping,
    *,
    circumstances: Circumstances,
    read_at: datetime,
    quality: Quality,
    reported_only: bool = False,
    phases: Mapping[str, str] | None = None,
) -> Coverage:
    """`coverage_of`, from sums by the grouping and of the whole."""
    titles = _titles(grouping, places, phases or {})
    told = sums_of(indicators_of(grouping, reported_only=True)) if reported_only else None
    groups = _groups(found, titles, told)
    order = {key: position for position, key in enumerate(titles)} | {NONE: math.inf}
    groups.sort(key=lambda group: order.get(group.key, len(order)))
    whole = _groups(all_of_it, {NONE: GROUPING_TITLES[Grouping.WHOLE]}, told)[0]
    return Coverage(
        grouping, circumstances, read_at, reported_only, tuple(groups), whole, quality
    )


def quality_of(
    situation: Situation, placed: PlacedPoints, ids: np.ndarray, *, undated_links: int = 0
) -> Quality:
    """What stands in doubt; `ids` names the offices."""
    return Quality(
        outside=tuple(ids[placed.ward == OUTSIDE]),
        on_edge=tuple(ids[placed.on_edge]),
        disagreeing=tuple(ids[disagrees(situation.offices)]),
        undated_links=undated_links,
        edge_m=EDGE_M,
    )


def _groups(
    found: GroupedSums, titles: Mapping[str, Text], told: frozenset[str] | None
) -> list[GroupCoverage]:
    names = [name for name in found.sums if told is None or name in told]
    table = np.array([found.sums[name] for name in names]).reshape(len(names), len(found.keys))
    return [
        GroupCoverage(
            key,
            titles.get(key, Text(key, key)),
            dict(zip(names, table[:, position].tolist(), strict=True)),
        )
        for position, key in enumerate(found.keys)
    ]


def _titles(grouping: Grouping, places: Places, phases: Mapping[str, str]) -> dict[str, Text]:
    """Titles by key, in the order in which groups are told."""
    if grouping is Grouping.WARD:
        wards = sorted(zip(places.names, places.codes, strict=True))
        found = {code: Text(name, name) for name, code in wards}
    elif grouping is Grouping.PHASE:
        found = {id_: Text(name, name) for id_, name in phases.items()}
    elif grouping in _CODES:
        found = {code.code: code.title for code in _CODES[grouping]}
    else:
        found = {name: Text(name, name) for name in sorted(set(places.constituencies))}
    return {**{k: v for k, v in found.items() if k != NONE}, NONE: _NO_GROUP[grouping]}

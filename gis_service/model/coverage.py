"""What coverage comes to: by ward, by theme and by other groups, on a day and in a scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gis_service.model.fields import Text
from gis_service.model.indicators import INDICATORS, Grouping, Indicator, indicators_of

WITHIN_M = 500.0
"""How far from an access point is near, in metres, where nothing else is asked."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many offices there are, by connection as reported."""

    connected: int = 0
    unconnected: int = 0
    unknown: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.connected + other.connected,
            self.unconnected + other.unconnected,
            self.unknown + other.unknown,
        )

    @property
    def offices(self) -> int:
        return self.known + self.unknown

    @property
    def known(self) -> int:
        """Offices whose connection is known."""
        return self.connected + self.unconnected

    @property
    def share_connected(self) -> float:
        """Connected among the known, 0 to 1; NaN ("no data") where none is known."""
        return self.connected / self.known if self.known else math.nan


@dataclass(frozen=True, slots=True)
class WardCoverage:
    """The offices of one ward."""

    code: str
    name: str
    constituency: str
    counts: Counts
    by_theme: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CoverageTable:
    """
    The offices of every ward.

    Parameters
    ----------
    wards
        One entry per ward, by name.
    total, by_theme
        All offices, those outside every ward included; an office without a
        theme counts under "".
    outside
        The offices that lie in no ward, and `outside_offices` their ids.
    offices_on_edge
        Ids of offices within `edge_m` metres of the edge of their ward: which
        ward they are counted in is a rule (lowest code), not a fact.
    """

    wards: tuple[WardCoverage, ...]
    total: Counts
    by_theme: Mapping[str, Counts]
    outside: Counts = Counts()
    outside_offices: tuple[str, ...] = ()
    offices_on_edge: tuple[str, ...] = ()
    edge_m: float = 0.0

    def by_code(self) -> dict[str, WardCoverage]:
        return {ward.code: ward for ward in self.wards}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """
    When, and in which scenario, coverage is told; by default as it is now.

    Parameters
    ----------
    day
        The day whose state of the world is told, from the days in the records
        (connected since, ready for service, faults); None for now.
    recorded
        The time whose records are used; None for those of now.
    plan
        Whether what is planned works, too; with a `day`, what is due by then.
    scenario
        Id of a scenario whose links are added and taken away.
    cut_links, cut_nodes, cut_trenches
        Ids of links and nodes, and names of shared trenches, that carry nothing.
    within_m
        How far from an access point is near, along the ground.
    """

    day: date | None = None
    recorded: datetime | None = None
    plan: bool = False
    scenario: str | None = None
    cut_links: tuple[str, ...] = ()
    cut_nodes: tuple[str, ...] = ()
    cut_trenches: tuple[str, ...] = ()
    within_m: float = WITHIN_M


NOW = Circumstances()


@dataclass(frozen=True, slots=True)
class GroupCoverage:
    """
    The figures of one group.

    Parameters
    ----------
    key
        A ward's code, a constituency's name, the code of a theme or type, the
        id of a phase; "" for what belongs to no group, and for the whole.
    sums
        What the indicators are made of; they add up over groups.
    """

    key: str
    title: Text
    sums: Mapping[str, float]

    def value(self, indicator: Indicator | str) -> float:
        """The value of an indicator; NaN means "no data"."""
        declared = INDICATORS[indicator] if isinstance(indicator, str) else indicator
        return declared.value(self.sums)


@dataclass(frozen=True, slots=True)
class Quality:
    """
    What in the records stands in doubt.

    Parameters
    ----------
    outside
        Ids of offices that lie in no ward.
    on_edge
        Ids of offices within `edge_m` metres of the edge of their ward: which
        ward they count in is a rule (the lowest code), not a fact.
    disagreeing
        Ids of offices that are reported otherwise than the network says.
    undated_links
        How many operational links no day says since when; on a past day they
        count as they do now.
    """

    outside: tuple[str, ...] = ()
    on_edge: tuple[str, ...] = ()
    disagreeing: tuple[str, ...] = ()
    undated_links: int = 0
    edge_m: float = 1.0


@dataclass(frozen=True, slots=True)
class Coverage:
    """
    Coverage by the groups of one grouping.

    Parameters
    ----------
    read_at
        When the records were read.
    reported_only
        Whether it tells only what follows from published reports.
    groups
        Wards by name, codes in the order of their list; what belongs to no
        group comes last.
    """

    grouping: Grouping
    circumstances: Circumstances
    read_at: datetime
    reported_only: bool
    groups: tuple[GroupCoverage, ...]
    whole: GroupCoverage
    quality: Quality

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """The indicators that it tells, in their order."""
        return indicators_of(self.grouping, reported_only=self.reported_only)

    def by_key(self) -> dict[str, GroupCoverage]:
        return {group.key: group for group in self.groups}


@dataclass(frozen=True, slots=True)
class Difference:
    """
    An indicator of one group in two coverages.

    Parameters
    ----------
    change
        `after` less `before`; NaN where either is no data.
    """

    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class GroupDifference:
    """One group in two coverages: a difference for each indicator, by its id."""

    key: str
    title: Text
    differences: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two coverages by the same grouping, side by side."""

    before: Coverage
    after: Coverage
    groups: tuple[GroupDifference, ...]
    whole: GroupDifference


def compared(before: Coverage, after: Coverage) -> Comparison:
    """
    The difference between two coverages by the same grouping.

    A group that only one of them has is compared with no data.
    """
    if before.grouping is not after.grouping:
        raise ValueError("coverages by different groupings cannot be compared")
    ids = [each.id for each in after.indicators if each in before.indicators]
    earlier, later = before.by_key(), after.by_key()
    groups = [*after.groups, *(g for g in before.groups if g.key not in later)]
    return Comparison(
        before,
        after,
        tuple(_difference(g, earlier.get(g.key), later.get(g.key), ids) for g in groups),
        _difference(after.whole, before.whole, after.whole, ids),
    )


def _difference(
    named: GroupCoverage, one: GroupCoverage | None, other: GroupCoverage | None, ids: list[str]
) -> GroupDifference:
    return GroupDifference(
        named.key,
        named.title,
        {
            id_: Difference(
                one.value(id_) if one else math.nan, other.value(id_) if other else math.nan
            )
            for id_ in ids
        },
    )

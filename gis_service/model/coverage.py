"""What the coverage of offices comes to: counts per ward, per theme and altogether."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field


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

"""What it costs to connect offices, and in which order to do it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

Along = Literal["road", "access", "straight"]
"""How a trench runs: along a road; straight from it to the door; straight across country."""
Method = Literal["roads", "straightLines"]
Goal = Literal["beneficiaries", "offices"]
"""What there is to be most of for the money."""
Outcome = Literal["connect", "beyondBudget", "beneficiariesUnknown", "unreachable"]


@dataclass(frozen=True, slots=True)
class Sourced:
    """A figure that somebody decided, and where it comes from."""

    amount: float
    source: str

    @classmethod
    def parsed(cls, text: str) -> Sourced:
        """From `amount; source`, as settings write it."""
        amount, _, source = text.partition(";")
        return cls(float(amount), source.strip())


@dataclass(frozen=True, slots=True)
class UnitCosts:
    """
    What connecting takes.

    Parameters
    ----------
    office_kes
        For each office, whatever the distance.
    trench_kes_per_km, wayleave_kes_per_m
        For each kilometre and metre of trench; a trench that serves several
        offices is paid once.
    detour_factor
        A way is so many times as long as the straight line, where no road tells.
    """

    office_kes: Sourced
    trench_kes_per_km: Sourced
    wayleave_kes_per_m: Sourced
    detour_factor: Sourced

    def figures(self) -> dict[str, Sourced]:
        """Each figure by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @property
    def metre_kes(self) -> float:
        """Of a metre of trench, wayleave included."""
        return self.trench_kes_per_km.amount / 1000 + self.wayleave_kes_per_m.amount


@dataclass(frozen=True, slots=True)
class Candidate:
    """An office to connect, at `lon` and `lat` in degrees; its people are None where unknown."""

    id: str
    name: str
    lon: float
    lat: float
    beneficiaries: int | None = None


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """A network node from which offices can be connected."""

    id: str
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class OfficeCost:
    """
    What connecting one office comes to.

    Parameters
    ----------
    rank
        Its place in the order in which to connect, from 1; None where it is
        not to be connected or the goal has no figure for it.
    alone_m, alone_kes
        The shortest trench to it by itself, and all its costs; None: there is no way.
    added_m, added_kes
        What it adds once those before it are connected. An office that is the
        first of several on a trench bears the whole of it.
    """

    office: Candidate
    outcome: Outcome
    rank: int | None
    alone_m: float | None
    alone_kes: float | None
    added_m: float | None = None
    added_kes: float | None = None

    @property
    def kes_per_beneficiary(self) -> float | None:
        """Of what it adds, else of what it costs alone; None where the people are unknown."""
        kes = self.alone_kes if self.added_kes is None else self.added_kes
        people = self.office.beneficiaries
        return kes / people if kes is not None and people else None


@dataclass(frozen=True, slots=True)
class Trench:
    """
    One stretch to dig, between two places where trenches part or end.

    Parameters
    ----------
    above
        Position, among the plan's, of the trench that it goes on from; None
        where it begins at an access point.
    access_point, office
        Ids of the node that it begins at and of the office that it ends at.
    line
        (longitude, latitude) from the access point's side on.
    length_m
        Geodesic, a detour factor included; `road_m`, `access_m` and
        `straight_m` are its parts.
    offices
        How many offices it serves.
    rank
        The first office, in the order of connecting, that needs it.
    """

    above: int | None
    access_point: str | None
    office: str | None
    line: tuple[tuple[float, float], ...]
    length_m: float
    road_m: float
    access_m: float
    straight_m: float
    offices: int
    rank: int


@dataclass(frozen=True, slots=True)
class ConnectionPlan:
    """
    Which offices to connect, in which order, by which trenches, for how much.

    Parameters
    ----------
    method
        Whether the trenches run along roads or, where none are loaded, in
        straight lines times the detour factor.
    offices
        Those to connect in their order, then the others; ties by id.
    trenches
        Each after the one that it goes on from.
    """

    method: Method
    goal: Goal
    costs: UnitCosts
    budget_kes: float | None
    offices: tuple[OfficeCost, ...]
    trenches: tuple[Trench, ...]

    @property
    def connected(self) -> tuple[OfficeCost, ...]:
        """The offices that the plan connects."""
        return tuple(each for each in self.offices if each.outcome == "connect")

    @property
    def trench_m(self) -> float:
        """Metres of trench, what is shared counted once."""
        return math.fsum(each.length_m for each in self.trenches)

    @property
    def singly_m(self) -> float:
        """Metres of trench if every office had its own."""
        return math.fsum(each.alone_m or 0.0 for each in self.connected)

    @property
    def cost_kes(self) -> float:
        """All costs of the plan."""
        offices = len(self.connected) * self.costs.office_kes.amount
        return offices + self.trench_m * self.costs.metre_kes

    @property
    def beneficiaries(self) -> int:
        """People served by its offices, as far as they are known."""
        return sum(each.office.beneficiaries or 0 for each in self.connected)

    @property
    def kes_per_beneficiary(self) -> float | None:
        """Of the offices whose people are known; None where there are none."""
        known = [each for each in self.connected if each.office.beneficiaries]
        people = sum(each.office.beneficiaries or 0 for each in known)
        return math.fsum(each.added_kes or 0.0 for each in known) / people if people else None

    @property
    def kes_per_office(self) -> float | None:
        """None where no office is connected."""
        count = len(self.connected)
        return self.cost_kes / count if count else None

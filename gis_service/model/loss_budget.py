"""What light should lose on its way, what it was measured to lose, and how that changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from gis_service.model.plant import Assumed, Position


@dataclass(frozen=True, slots=True)
class Span:
    """Between which two values something lies; the same value twice when it is known."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(self.low + other.low, self.high + other.high)

    def times(self, other: Span) -> Span:
        """The product of two spans, neither below zero."""
        return Span(self.low * other.low, self.high * other.high)

    @classmethod
    def known(cls, value: float) -> Span:
        return cls(value, value)

    @classmethod
    def total(cls, spans: Iterable[Span]) -> Span:
        found = cls(0.0, 0.0)
        for span in spans:
            found += span
        return found

    def document(self, name: str, unit: str = "") -> dict[str, float]:
        """Two members, such as `limit_low_db` and `limit_high_db`; a unit follows the bound."""
        end = f"_{unit}" if unit else ""
        return {f"{name}_low{end}": round(self.low, 3), f"{name}_high{end}": round(self.high, 3)}


@dataclass(frozen=True, slots=True)
class LossReading:
    """
    A measurement of light: `loss_db` of a link, or `power_dbm` received at a node.

    Parameters
    ----------
    kind
        As the registry's codelist spells it: `otdr`, `insertionLoss`, `opticalPower`.
    """

    id: str
    kind: str
    measured_at: datetime
    link: str | None = None
    node: str | None = None
    fibre: str | None = None
    wavelength_nm: int | None = None
    otdr_distance_m: float | None = None
    loss_db: float | None = None
    power_dbm: float | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """
    What one thing on the way costs.

    Parameters
    ----------
    kind
        `fibre`, `splices`, `connectors` or `splitter`.
    of
        Id of its link, or of a splitter's node where it is known.
    amount
        Kilometres of fibre, or how many there are; of a splitter its outputs.
    typical_db, limit_db
        As it usually is, and the most that its standard lets it be.
    """

    kind: str
    of: str | None
    amount: Span
    typical_db: Span
    limit_db: Span

    def document(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "of": self.of,
            **self.amount.document("amount"),
            **self.typical_db.document("typical", "db"),
            **self.limit_db.document("limit", "db"),
        }


class Verdict(StrEnum):
    """A measured loss against what the standards let it be."""

    WITHIN = "within"
    UNSURE = "unsure"
    OVER = "over"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True, slots=True)
class LinkLoss:
    """
    One link: its budget against its readings at one wavelength.

    Parameters
    ----------
    route
        The link's vertices.
    measured_db, measured_at
        The latest reading of the whole link; None without one.
    first_db, first_at
        The first one of the same kind, fibre and end as the latest; None when
        that is the only one.
    """

    link: str
    name: str | None
    route: tuple[Position, ...]
    typical_db: Span
    limit_db: Span
    measured_db: float | None = None
    measured_at: datetime | None = None
    first_db: float | None = None
    first_at: datetime | None = None

    @property
    def drift_db(self) -> float | None:
        """Loss that came since the first reading; None when there is one reading or none."""
        if self.measured_db is None or self.first_db is None:
            return None
        return self.measured_db - self.first_db

    @property
    def verdict(self) -> Verdict:
        return verdict(self.measured_db, self.limit_db)

    def properties(self) -> dict[str, Any]:
        """What it says of the link, for JSON."""
        return {
            "link": self.link,
            "name": self.name,
            **self.typical_db.document("typical", "db"),
            **self.limit_db.document("limit", "db"),
            "measured_db": _rounded(self.measured_db),
            "measured_at": _time(self.measured_at),
            "first_db": _rounded(self.first_db),
            "first_at": _time(self.first_at),
            "drift_db": _rounded(self.drift_db),
            "verdict": self.verdict.value,
        }

    def document(self) -> dict[str, Any]:
        """The same as a GeoJSON Feature with the link's line."""
        return {
            "type": "Feature",
            "id": self.link,
            "geometry": {"type": "LineString", "coordinates": [list(p) for p in self.route]},
            "properties": self.properties(),
        }


@dataclass(frozen=True, slots=True)
class ReceivedPower:
    """
    Light at the far end of a path.

    Parameters
    ----------
    expected_dbm
        What is sent less what the way may cost: from the limit to the typical loss.
    measured_dbm, measured_at
        The latest reading at the path's last node; None without one.
    """

    sent_dbm: float
    expected_dbm: Span
    measured_dbm: float | None = None
    measured_at: datetime | None = None

    def document(self) -> dict[str, Any]:
        return {
            "sent_dbm": self.sent_dbm,
            **self.expected_dbm.document("expected", "dbm"),
            "measured_dbm": _rounded(self.measured_dbm),
            "measured_at": _time(self.measured_at),
        }


@dataclass(frozen=True, slots=True)
class LossBudget:
    """
    A path's loss at one wavelength.

    Parameters
    ----------
    typical_db, limit_db
        Of the whole path, splitters included.
    links
        Each link of the path in its order, splitters left out.
    measured_db
        What the links were measured to lose together; None when one was not measured.
    """

    wavelength_nm: int
    components: tuple[Component, ...]
    typical_db: Span
    limit_db: Span
    links: tuple[LinkLoss, ...]
    measured_db: float | None
    assumed: tuple[Assumed, ...]
    power: ReceivedPower | None = None

    @property
    def verdict(self) -> Verdict:
        """The links' measured loss against their limits, splitters left out."""
        return verdict(self.measured_db, Span.total(each.limit_db for each in self.links))

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Ids of the links without a reading."""
        return tuple(each.link for each in self.links if each.measured_db is None)

    def document(self) -> dict[str, Any]:
        """A GeoJSON FeatureCollection of the links; losses in dB to a thousandth."""
        return {
            "type": "FeatureCollection",
            "wavelength_nm": self.wavelength_nm,
            **self.typical_db.document("typical", "db"),
            **self.limit_db.document("limit", "db"),
            "measured_db": _rounded(self.measured_db),
            "verdict": self.verdict.value,
            "unmeasured": list(self.unmeasured),
            "components": [each.document() for each in self.components],
            "power": None if self.power is None else self.power.document(),
            "assumed": [each.document() for each in self.assumed],
            "features": [each.document() for each in self.links],
        }


def verdict(measured_db: float | None, limit_db: Span) -> Verdict:
    """`within` below every limit, `over` above every one, `unsure` between them."""
    if measured_db is None:
        return Verdict.UNMEASURED
    if measured_db <= limit_db.low:
        return Verdict.WITHIN
    return Verdict.OVER if measured_db > limit_db.high else Verdict.UNSURE


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()

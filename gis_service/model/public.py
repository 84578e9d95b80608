"""What everybody is told about the network, from what is published alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from gis_service.model.coverage import Counts, CoverageTable, WardCoverage


@dataclass(frozen=True, slots=True)
class WifiPlace:
    """
    A public Wi-Fi access point.

    Parameters
    ----------
    ward
        Code of the ward that it lies in; empty outside every ward.
    lon, lat
        Its place, in degrees of WGS84.
    """

    id: str
    name: str
    ward: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Outages:
    """Open faults in one ward; `since` is when the oldest of them began."""

    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class PublicFacts:
    """
    The facts of the public's pages, read at one moment.

    Parameters
    ----------
    table
        Offices by connection, ward by ward.
    types
        The same by type of office, in the order of its codelist.
    population
        People and the year of their count by ward's code, where known.
    outages
        By ward's code; "" for those of which no ward is known.
    links, km
        Links that work, and their published lengths together in kilometres.
    approximate
        Whether outlines of wards are drawn roughly.
    """

    table: CoverageTable
    types: Mapping[str, Counts]
    wifi: tuple[WifiPlace, ...]
    outages: Mapping[str, Outages]
    links: int
    km: float
    synthetic: bool
    approximate: bool
    as_of: date
    population: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)

    def ward(self, code: str) -> WardCoverage | None:
        """The ward with a code."""
        return self.table.by_code().get(code)

    @property
    def open_faults(self) -> int:
        return sum(each.count for each in self.outages.values())


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """
    An office as everybody may know it.

    Parameters
    ----------
    office_type, connection
        Codes of their lists.
    ward
        Code of its ward; empty outside every ward.
    lon, lat
        Its place, in degrees of WGS84.
    distance_m
        How far it is from where the reader is, along the ground; None where not asked.
    """

    id: str
    name: str
    office_type: str
    connection: str
    ward: str
    lon: float
    lat: float
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a name or a place led to: wards by code, offices and Wi-Fi, the best first."""

    wards: tuple[str, ...] = ()
    offices: tuple[ServicePoint, ...] = ()
    wifi: tuple[WifiPlace, ...] = ()

    @property
    def nothing(self) -> bool:
        return not (self.wards or self.offices or self.wifi)

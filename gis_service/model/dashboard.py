"""How the network and its records stand, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gis_service.model.certification import Certifications
from gis_service.model.coverage import Coverage
from gis_service.model.scorecards import Scorecards
from gis_service.model.weak_points import WeakPoints


@dataclass(frozen=True, slots=True)
class OpenFault:
    """
    A fault that is not mended.

    Parameters
    ----------
    cuts
        Whether no traffic passes; None for unknown.
    ward
        Name of the ward that it lies in; None where that is not known.
    """

    id: str
    summary: str
    started_at: datetime
    cuts: bool | None
    ward: str | None


@dataclass(frozen=True, slots=True)
class LoadDone:
    """A file that was loaded, with how many of its rows came to what."""

    collection: str
    source: str
    loaded_at: datetime
    inserted: int
    updated: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """
    What the dashboard tells.

    Parameters
    ----------
    wards
        Coverage by ward.
    weak
        The worst single points of failure; None for who may not ask for them.
    faults
        Those that are open longest, of `faults_open` in all.
    loads
        The newest first.
    """

    scorecards: Scorecards
    wards: Coverage
    weak: WeakPoints | None
    certifications: Certifications
    faults: tuple[OpenFault, ...]
    faults_open: int
    loads: tuple[LoadDone, ...]
    synthetic: bool

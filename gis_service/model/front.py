"""What the front page tells everybody about the network."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gis_service.model.coverage import Counts


@dataclass(frozen=True, slots=True)
class Front:
    """
    A few figures from the published data.

    Parameters
    ----------
    offices
        All offices, by connection as reported.
    wifi
        Network nodes that are public Wi-Fi and work.
    faults_open
        Published faults that nobody has cleared.
    synthetic
        Whether the data is made up.
    as_of
        The day on which it was read.
    """

    offices: Counts
    wifi: int
    faults_open: int
    synthetic: bool
    as_of: date

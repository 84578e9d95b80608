"""
The processes: every analysis that can be asked for, declared once.

Their descriptions, the OpenAPI document, the forms, the command line and the
checks of what is given are derived from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping

from gis_service.model.audience import Audience
from gis_service.model.processes.certification import CERTIFICATIONS_DUE
from gis_service.model.processes.connect import (
    COST_TO_CONNECT,
    PROPOSE_CONNECTIONS,
    WITHDRAW_CONNECTIONS,
)
from gis_service.model.processes.coverage import COVERAGE, SCORECARDS
from gis_service.model.processes.dig_safe import DIG_SAFE
from gis_service.model.processes.fault_location import LOCATE_FAULT, RECORD_FAULT
from gis_service.model.processes.joins import DECIDE_JOIN, JOIN_CANDIDATES, JOINED_NODES
from gis_service.model.processes.loss_budget import LOSS_BUDGET
from gis_service.model.processes.network import NETWORK_PROCESSES
from gis_service.model.processes.words import GeometryInput, Input, Process

__all__ = ["PROCESSES", "GeometryInput", "Input", "Process", "visible_processes"]

_DECLARED: tuple[Process, ...] = (
    *NETWORK_PROCESSES,
    LOCATE_FAULT,
    RECORD_FAULT,
    LOSS_BUDGET,
    COST_TO_CONNECT,
    PROPOSE_CONNECTIONS,
    WITHDRAW_CONNECTIONS,
    CERTIFICATIONS_DUE,
    COVERAGE,
    SCORECARDS,
    DIG_SAFE,
    JOIN_CANDIDATES,
    JOINED_NODES,
    DECIDE_JOIN,
)

PROCESSES: Mapping[str, Process] = {process.id: process for process in _DECLARED}


def visible_processes(audience: Audience) -> tuple[Process, ...]:
    """The processes that a reader may run, in the order in which they are declared."""
    return tuple(p for p in PROCESSES.values() if audience.includes(p.audience))

"""How many rules of data quality the networks break now, where that is quickly told."""

from __future__ import annotations

from gis_service.model.audience import Audience
from gis_service.model.findings import Finding, State
from gis_service.model.reports import Severity
from gis_service.services.ofds_export import NetworkExports
from gis_service.services.quality import QualityRequest, quality_of_network
from gis_service.settings import Settings

MOST_ITEMS = 5_000
"""Nodes and links of all networks that are checked while somebody waits: some seconds."""


async def network_quality(
    exports: NetworkExports, settings: Settings, items: int
) -> Finding | None:
    """
    Check all networks as `gis quality` does; None when there is none.

    Parameters
    ----------
    items
        Nodes and links of all networks together.

    Raises
    ------
    Unavailable
        The database does not answer in time.
    """
    networks = [name for name, _ in await exports.known(Audience.PLANNER)]
    if not networks:
        return None
    if items > MOST_ITEMS:
        return Finding("quality", State.OK, "quality_large", {"count": items})
    report = await quality_of_network(exports, settings, networks, QualityRequest())
    errors, warnings = (report.total(each) for each in (Severity.ERROR, Severity.WARNING))
    values: dict[str, int | str] = {"errors": errors, "warnings": warnings, "network": networks[0]}
    if errors:
        return Finding("quality", State.WARNING, "quality_errors", values)
    return Finding("quality", State.OK, "quality_ok", values)

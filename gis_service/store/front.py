"""Counts from the published data, for the front page."""

from __future__ import annotations

from sqlalchemy import func, select

from gis_service.model.audience import Audience
from gis_service.model.declarations.operations import FAULTS
from gis_service.model.declarations.plant import NETWORK_NODES
from gis_service.store.readable import readable
from gis_service.store.reading import Moment


async def read_published_counts(moment: Moment) -> tuple[int, int]:
    """Working network nodes that are public Wi-Fi, and open faults, as the public sees them."""
    nodes, faults = readable(NETWORK_NODES, Audience.PUBLIC), readable(FAULTS, Audience.PUBLIC)
    wifi = select(func.count()).where(nodes.c.public_wifi).scalar_subquery()
    open_ = select(func.count()).select_from(faults).scalar_subquery()
    ((wifi_count, open_count),) = await moment.rows(select(wifi, open_))
    return wifi_count, open_count

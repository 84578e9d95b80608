"""What the database tells of the replicas that follow it."""

from __future__ import annotations

from collections.abc import Iterator

from gis_service.model.findings import Finding, State
from gis_service.store.cluster.standby import followers
from gis_service.store.database import Database

FAR_BEHIND_BYTES = 256 * 2**20


def following(database: Database) -> Iterator[Finding]:
    """A finding for each replica of ours; none where there are none."""
    for each in followers(database):
        values = {"name": each.name}
        if each.slot == "lost":
            yield Finding("replica", State.BAD, "replica_lost", values)
        elif each.state is None:
            yield Finding("replica", State.WARNING, "replica_away", values)
        elif (each.behind_bytes or 0) > FAR_BEHIND_BYTES:
            behind = {"mb": f"{(each.behind_bytes or 0) // 2**20:,}"}
            yield Finding("replica", State.WARNING, "replica_behind", values | behind)
        else:
            yield Finding("replica", State.OK, "replica_ok", values)

"""Marking what a file does not hold any more."""

from __future__ import annotations

from gis_service.errors import InvalidInput
from gis_service.model.codelists import STATUS
from gis_service.model.collections import REGISTRY
from gis_service.model.fields import Collection
from gis_service.model.reports import SyncUnconfirmed
from gis_service.store.staging import StagedRows

ANY_NUMBER = 2**31
"""Of items that may be marked."""


def check_sync(collection: Collection, *, accept_partial: bool) -> None:
    """
    Whether a collection can be synchronised with a file.

    Raises
    ------
    InvalidInput
        Its items have no status, or rows of the file may be left out.
    """
    if not _has_status(collection):
        able = ", ".join(c.id for c in REGISTRY.values() if _has_status(c))
        raise InvalidInput(
            f"{collection.title.en} have no status, so nothing of them can be marked as "
            f"decommissioned. --sync is for {able}."
        )
    if accept_partial:
        raise InvalidInput(
            "--sync needs a file without faults: what is absent because its row was rejected is "
            "not gone. Leave --accept-partial out."
        )


def mark_absent(staged: StagedRows, collection: Collection, network: str, *, most: int) -> int:
    """
    Mark the network's items that the file lacks as decommissioned; how many.

    Parameters
    ----------
    most
        So many at most.

    Raises
    ------
    SyncUnconfirmed
        There are more.
    """
    absent = staged.absent()
    if len(absent) > most:
        raise SyncUnconfirmed(collection.id, network, absent)
    staged.decommission()
    return len(absent)


def _has_status(collection: Collection) -> bool:
    status = collection.by_name.get("status")
    return collection.networked and status is not None and status.codelist is STATUS

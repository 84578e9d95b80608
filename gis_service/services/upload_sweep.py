"""Taking away uploaded files that nobody needs any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection

from gis_service.services.received import drop_received, sweep_received
from gis_service.services.uploads import exports
from gis_service.settings import Settings
from gis_service.store import uploads as store

LOADED_AFTER = timedelta(days=1)
"""A file that was loaded stays for so long: another of its layers may be wanted."""


def sweep_uploads(settings: Settings, connection: Connection) -> None:
    """Take away old files, those that were loaded, and folders that belong to no upload."""
    for upload in store.outdated(
        connection, after=timedelta(days=settings.upload_days), loaded_after=LOADED_AFTER
    ):
        drop_files(settings, upload.id, upload.trials)
        store.mark_removed(connection, [upload.id])
    sweep_received(settings, lambda ids: store.with_files(connection, ids))


def drop_files(settings: Settings, id_: UUID, trials: Iterable[UUID]) -> None:
    """Take away an uploaded file, and what trials of it have written."""
    drop_received(settings, id_)
    for trial in trials:
        shutil.rmtree(exports(settings) / str(trial), ignore_errors=True)

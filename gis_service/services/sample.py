"""The sample data: what a new installation shows before it has data of its own."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from gis_service.model.collections import REGISTRY
from gis_service.settings import Settings, shipped
from gis_service.store.database import Database
from gis_service.store.tables import table

FOLDER = shipped("data/sample")
NETWORK = "kisii"


def is_empty(database: Database) -> bool:
    """Whether no collection holds an item."""
    with database.begin() as connection:
        return all(
            connection.execute(select(table(c).c.id).limit(1)).first() is None
            for c in REGISTRY.values()
        )


def load_sample(database: Database, settings: Settings) -> Iterator[str]:
    """Load every file of the sample; a line for each, as it is done."""
    # Slow to import, and needed at the first start alone.
    from gis_service.services.load_requests import LoadRequest  # noqa: PLC0415
    from gis_service.services.loading import load_file  # noqa: PLC0415

    for collection in REGISTRY.values():
        path = next((p for p in sorted(FOLDER.glob(f"{collection.id}.*"))), None)
        if path is None:
            continue
        network = NETWORK if collection.networked else None
        report = load_file(
            database, settings, LoadRequest(path=path, collection=collection.id, network=network)
        )
        yield f"{report.inserted:>5,} {collection.title.en.lower()}"

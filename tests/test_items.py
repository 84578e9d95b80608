"""Items as the store writes them: an item without position, a reader who may see none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gis_service.model.audience import Audience
from gis_service.model.collections import REGISTRY
from gis_service.model.queries import BBox, ItemsQuery
from gis_service.store.database import Database
from gis_service.store.items import extent_statement, page_statement

FAULTS = REGISTRY["faults"]
KENYENYA = BBox(34.70, -0.90, 34.75, -0.80)


def read(database: Database, audience: Audience, bbox: BBox | None = None) -> dict[str, Any]:
    """Faults by their summary or, for who does not see it, by their start."""
    query = ItemsQuery(collection=FAULTS, limit=100, bbox=bbox)
    with database.begin() as connection:
        page = connection.execute(page_statement(query, audience, count_cap=100)).one()
    features = json.loads(f"[{page.features}]")
    return {f["properties"].get("external_id", f["properties"]["started_at"]): f for f in features}


def test_an_item_without_position_is_written_with_null(sample_database: Database) -> None:
    faults = read(sample_database, Audience.ADMIN)
    assert len(faults) == 14
    assert faults["KSI-F-012"]["geometry"] is None
    assert faults["KSI-F-012"]["properties"]["ward"] is None
    assert faults["KSI-F-013"]["geometry"]["type"] == "Point"
    # OGC API - Features, 7.15.3: without a position it is in every box.
    inside = {"KSI-F-005", "KSI-F-013", "KSI-F-012"}
    assert set(read(sample_database, Audience.ADMIN, KENYENYA)) == inside


@pytest.mark.parametrize("bbox", [None, KENYENYA])
def test_the_public_reads_open_faults_without_their_place(
    sample_database: Database, bbox: BBox | None
) -> None:
    """A box leaves none of them out: it would tell where they are."""
    faults = read(sample_database, Audience.PUBLIC, bbox)
    assert len(faults) == 6
    assert {json.dumps(f["geometry"]) for f in faults.values()} == {"null"}
    with sample_database.begin() as connection:
        row = connection.execute(extent_statement(FAULTS, Audience.PUBLIC)).mappings().one()
    assert dict(row) == {"items": 6}

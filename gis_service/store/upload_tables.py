"""Files that came in through the browser, from their arrival until they are loaded or gone."""

from __future__ import annotations

from sqlalchemy import UUID, BigInteger, Column, DateTime, Index, Table, Text, func

from gis_service.store.internal import METADATA_INTERNAL, scope_column

UPLOADS = Table(
    "uploads",
    METADATA_INTERNAL,
    Column("id", UUID(as_uuid=True), primary_key=True, server_default=func.gen_random_uuid()),
    Column("source", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("inspect_job", UUID(as_uuid=True), nullable=False),
    Column("trial_job", UUID(as_uuid=True)),
    Column("load_job", UUID(as_uuid=True)),
    Column("removed_at", DateTime(timezone=True)),
    scope_column(),
    Index("uploads_created_at_idx", "created_at"),
)
"""
How a file stands is how its jobs stand: the last of looking, trying and loading.

`removed_at` is when its file was taken away: discarded, or old.
"""

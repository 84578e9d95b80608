"""Publications: moments at which somebody looked at what the public sees, and stood by it."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from gis_service.store.internal import METADATA_INTERNAL
from gis_service.store.published import PUBLISHED

PUBLICATIONS = Table(
    "publications",
    METADATA_INTERNAL,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("published_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("versions", JSONB, nullable=False),
    schema=PUBLISHED,
)
"""What anybody may know of a publication: its number, its time, each collection's version."""

PUBLICATION_NOTES = Table(
    "publication_notes",
    METADATA_INTERNAL,
    Column("number", BigInteger, ForeignKey(PUBLICATIONS.c.number), primary_key=True,
           autoincrement=False),
    Column("person_id", UUID(as_uuid=True)),
    Column("note", Text),
    Column("counts", JSONB, nullable=False),
)
"""Who published, why, and how many rows were new, changed or withdrawn by then."""

PUBLISHED_ROWS = Table(
    "published_rows",
    METADATA_INTERNAL,
    Column("collection", Text, primary_key=True),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
)
"""The rows of the last publication, by which it is told what has changed since."""

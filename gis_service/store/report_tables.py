"""Citizens' reports, apart from the faults until staff accept them; and how faults end them."""

from __future__ import annotations

from sqlalchemy import (
    UUID,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    Index,
    LargeBinary,
    Table,
    Text,
    func,
)

from gis_service.store.internal import INTERNAL, METADATA_INTERNAL
from gis_service.store.tables import SCHEMA, SEARCH_PATH

REPORTS = Table(
    "reports",
    METADATA_INTERNAL,
    Column("reference", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("place", Text),
    Column("ward", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("uncertainty_m", Double),
    Column("contact", Text),
    Column("language", Text, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("accepted_at", DateTime(timezone=True)),
    Column("refused_at", DateTime(timezone=True)),
    Column("mended_at", DateTime(timezone=True)),
    Column("answer", Text),
    Column("fault_id", UUID(as_uuid=True)),
    Column("settled_by", UUID(as_uuid=True)),
    CheckConstraint("length(reference) = 9", name="reference"),
    CheckConstraint("accepted_at IS NULL OR refused_at IS NULL", name="settled_once"),
    Index("reports_received_at_idx", "received_at"),
    Index("reports_fault_id_idx", "fault_id"),
    Index("reports_fingerprint_idx", "fingerprint"),
)
"""
What citizens report.

`contact` stands here and not in the fault, whose history is kept for ever.
"""

SENT = (
    "reference", "kind", "description", "place", "ward", "lon", "lat", "uncertainty_m",
    "contact", "language", "fingerprint",
)
"""Columns that who takes reports in may fill, and never reads, but for those of `TOLD`."""
TOLD = (
    "reference", "kind", "received_at", "accepted_at", "refused_at", "mended_at", "answer",
    "fingerprint",
)
"""Columns of which a reference number tells, and that by which one report sent twice is known."""
SETTLED = ("accepted_at", "refused_at", "mended_at", "answer", "fault_id", "settled_by", "contact")
"""Columns that staff fill."""

_MEND = f"""
CREATE FUNCTION {INTERNAL}.mend_reports() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {SEARCH_PATH}
AS $$
BEGIN
    UPDATE {INTERNAL}.reports told SET mended_at = n.cleared_at FROM new_rows n
    WHERE told.fault_id = n.id AND told.mended_at IS DISTINCT FROM n.cleared_at;
    RETURN NULL;
END
$$""".strip()


def statements() -> list[str]:
    """A fault that is mended mends the reports that told of it, whoever clears it."""
    return [
        _MEND,
        f"CREATE TRIGGER d_mend_reports AFTER UPDATE ON {SCHEMA}.faults "
        "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT "
        f"EXECUTE FUNCTION {INTERNAL}.mend_reports()",
    ]

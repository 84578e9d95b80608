"""The SQL of a migration: files named after it, ending in `.up.sql` and `.down.sql`."""

from __future__ import annotations

from pathlib import Path

from alembic import op


def run_sql(migration: str, direction: str) -> None:
    """Run the SQL file that lies beside a migration, as it stands."""
    path = Path(migration).with_suffix(f".{direction}.sql")
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(path.read_text(encoding="utf-8"))

"""Loads by parts: what holds the parts of one file together."""

from gis_service.store.migrations.sql import run_sql

revision = "0014"
down_revision = "0012"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")

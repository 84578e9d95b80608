"""Scopes: the municipalities or counties that share one installation."""

from gis_service.store.migrations.sql import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")

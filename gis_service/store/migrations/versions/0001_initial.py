"""The whole model: collections, history, the public projection, and the service's own tables."""

from gis_service.store.migrations.sql import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")

"""Only valid polygons, by whatever door they come."""

from gis_service.store.migrations.sql import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")

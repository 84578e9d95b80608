"""The record of acts that change no item, and a way to take what is personal out of history."""

from gis_service.store.migrations.sql import run_sql

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql(__file__, "up")


def downgrade() -> None:
    run_sql(__file__, "down")

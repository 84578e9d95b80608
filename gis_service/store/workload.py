"""Questions of monitoring: how much waits, and how large the database is."""

from __future__ import annotations

from sqlalchemy import func, literal_column, select

from gis_service.store.internal import CONFLICTS, JOBS, LOADS, OPERATIONS
from gis_service.store.report_tables import REPORTS
from gis_service.store.roles import Login

OF_JOBS = Login.GATE
"""Who may read `JOBS_BY_STATE`."""
JOBS_BY_STATE = select(
    JOBS.c.kind,
    JOBS.c.state,
    func.count().label("number"),
    func.extract("epoch", func.now() - func.min(JOBS.c.created_at).filter(
        JOBS.c.state == "queued"
    )).label("oldest_s"),
).group_by(JOBS.c.kind, JOBS.c.state)

OF_COUNTS = Login.PLANNER
"""Who may read `COUNTS`."""
COUNTS = select(
    select(func.count()).select_from(OPERATIONS)
    .where(OPERATIONS.c.outcome == "waiting").scalar_subquery().label("operations_waiting"),
    select(func.count()).select_from(CONFLICTS)
    .where(CONFLICTS.c.settled_at.is_(None)).scalar_subquery().label("conflicts_open"),
    select(func.count()).select_from(REPORTS)
    .where(REPORTS.c.accepted_at.is_(None), REPORTS.c.refused_at.is_(None))
    .scalar_subquery().label("reports_open"),
    select(func.count(LOADS.c.id)).scalar_subquery().label("loads"),
    func.pg_database_size(literal_column("current_database()")).label("database_bytes"),
)

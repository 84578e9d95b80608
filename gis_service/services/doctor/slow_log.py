"""What the private server has noted of slow statements within the last day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gis_service.model.days import local
from gis_service.model.findings import Finding, State
from gis_service.settings import Settings
from gis_service.store.cluster.slow_log import SlowStatement, slow_statements

WITHIN = timedelta(days=1)
MANY = 100
LONG_S = 10.0
_OF_UPKEEP = ("postgres", "owner", "loader")
"""Ends of the logins whose statements may be long: set-up, migrations, backups, loads."""


def slow_log(settings: Settings, now: datetime | None = None) -> Iterator[Finding]:
    """How many questions took longer than a second, and the longest; loads and upkeep aside."""
    logs = settings.home / "logs" / "postgresql"
    if settings.database_url is not None or not logs.is_dir():
        return
    since = (now or datetime.now(UTC)) - WITHIN
    count, longest = 0, None
    try:
        for each in slow_statements(logs, since):
            if not each.login.endswith(_OF_UPKEEP):
                count += 1
                longest = each if longest is None or each.seconds > longest.seconds else longest
    except OSError as error:
        values: dict[str, int | str] = {"place": str(logs), "why": str(error.strerror)}
        yield Finding("slow_log", State.WARNING, "not_looked_at", values)
        return
    if longest is None:
        yield Finding("slow_log", State.OK, "slow_log_none")
        return
    worth = count >= MANY or longest.seconds >= LONG_S
    yield Finding("slow_log", State.WARNING if worth else State.OK,
                  "slow_log_many" if worth else "slow_log_few", _values(count, longest))


def _values(count: int, longest: SlowStatement) -> dict[str, int | str]:
    return {
        "count": count, "seconds": f"{longest.seconds:.1f}", "login": longest.login,
        "at": f"{local(longest.at):%Y-%m-%d %H:%M}", "statement": longest.text,
    }

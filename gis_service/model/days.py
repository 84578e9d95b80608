"""Days as people count them here: those of Kenya, whatever the machine's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone

TIME_ZONE = "Africa/Nairobi"
_ZONE = timezone(timedelta(hours=3), TIME_ZONE)
"""Kenya has no summer time, so no table of time zones is needed."""


def today() -> date:
    """The day that it is now."""
    return day_of(datetime.now(UTC))


def day_of(at: datetime) -> date:
    """The day of a time that says its zone."""
    return at.astimezone(_ZONE).date()


def local(at: datetime) -> datetime:
    """A time in Kenya's time zone; one that says no zone is meant so already."""
    return at.replace(tzinfo=_ZONE) if at.tzinfo is None else at.astimezone(_ZONE)


def end_of(day: date) -> datetime:
    """The moment at which a day is over."""
    return datetime.combine(day + timedelta(days=1), time(), _ZONE)

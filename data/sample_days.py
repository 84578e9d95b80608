"""Days and times: all of them fixed, so that the sample is the same whenever it is made."""

from __future__ import annotations

import calendar
import random
from datetime import date, datetime, timedelta, timezone

REFERENCE_DAY = date(2026, 11, 1)
"""The sample shows the network as it is on this day; nothing in it has happened later."""
LOG_BEGINS = date(2023, 11, 1)
"""Older work was not written down."""
NAIROBI = timezone(timedelta(hours=3))


def months_after(day: date, months: int) -> date:
    """The same day of a later month, or its last day where that is shorter."""
    count = day.year * 12 + day.month - 1 + months
    year, month = count // 12, count % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=7 - day.weekday() if day.weekday() >= 5 else 0)


def at_work(day: date, luck: random.Random) -> datetime:
    """A time between 8:00 and 16:55."""
    return datetime(
        day.year, day.month, day.day, luck.randint(8, 16), 5 * luck.randint(0, 11), tzinfo=NAIROBI
    )

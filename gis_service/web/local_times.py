"""Times as readers here write them."""

from __future__ import annotations

from datetime import datetime

from babel.dates import format_time, get_timezone

from gis_service.model.days import TIME_ZONE, day_of
from gis_service.model.fields import Language
from gis_service.model.locales import LOCALES, medium_date


def local_time(at: datetime, language: Language) -> str:
    """Day, hour and minute of Kenya, in the form of a language."""
    zone = get_timezone(TIME_ZONE)
    hour = format_time(at, "short", tzinfo=zone, locale=LOCALES[language])
    return f"{medium_date(day_of(at), language)}, {hour}"

"""What a parameter's text means; text that breaks the rules is an `InvalidParameter`."""

from __future__ import annotations

import calendar
import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from gis_service.crs import Outline, box_in_degrees, spellings
from gis_service.errors import InvalidParameter
from gis_service.model.fields import Field, FieldType
from gis_service.model.queries import CRS84, BBox, RecordTime, Scalar, ServedCrs

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_COUNT = re.compile(r"\d{1,19}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)

_INT64 = 2**63


def parse_limit(text: str, *, maximum: int) -> int:
    """
    How many items a page may hold.

    A larger number than `maximum` is answered with `maximum`, as the standard
    allows, so that a client need not know ours.
    """
    if not _COUNT.fullmatch(text) or int(text) < 1:
        raise InvalidParameter("limit", text, "it must be a whole number from 1")
    return min(int(text), maximum)


def parse_offset(text: str, *, maximum: int) -> int:
    """
    How many items to leave out at the start.

    The database reads and drops them, so there is a `maximum`; pages are
    followed by their links, whose cost does not grow.
    """
    if not _COUNT.fullmatch(text) or int(text) > maximum:
        raise InvalidParameter(
            "offset", text,
            f"it must be a whole number up to {maximum}; follow the next links to read further",
        )
    return int(text)


def parse_bbox(text: str, crs: ServedCrs = CRS84) -> tuple[BBox, Outline]:
    """
    A box: lower and upper corner in the axis order of its CRS, or six numbers with heights.

    In degrees, and in Web Mercator, a west above the east crosses the
    antimeridian. Heights are checked and then ignored, since no collection has any.

    Returns
    -------
    tuple
        The box in degrees, and its outline where it is no box of degrees.
    """
    parts = text.split(",")
    if len(parts) not in (4, 6):
        raise InvalidParameter(
            "bbox", text, "it must hold 4 numbers (west,south,east,north) or 6 with heights"
        )
    numbers = [_number("bbox", text, part) for part in parts]
    if len(numbers) == 6:
        low, high = numbers.pop(2), numbers.pop(4)
        if low > high:
            raise InvalidParameter("bbox", text, "its lower height is above its upper one")
    west, south, east, north = numbers
    if crs.flipped:
        west, south, east, north = south, west, north, east
    if south > north:
        raise InvalidParameter("bbox", text, "its south is above its north")
    outline: Outline = ()
    if crs.srid != CRS84.srid:
        try:
            (west, south, east, north), outline = box_in_degrees(crs, west, south, east, north)
        except ValueError as fault:
            raise InvalidParameter("bbox", text, str(fault)) from None
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        raise InvalidParameter("bbox", text, "longitudes lie between -180 and 180")
    if not (-90 <= south <= 90 and -90 <= north <= 90):
        raise InvalidParameter("bbox", text, "latitudes lie between -90 and 90")
    return BBox(west, south, east, north), outline


def parse_crs(name: str, text: str, served: Iterable[ServedCrs]) -> ServedCrs:
    """
    One of the served CRSs by its URI, or as a URN or a safe CURIE of the same authority.

    Parameters
    ----------
    name
        Of the parameter: `crs` or `bbox-crs`.
    """
    known = tuple(served)
    for crs in known:
        if text in spellings(crs):
            return crs
    listed = ", ".join(crs.uri for crs in known)
    raise InvalidParameter(name, text, f"it must be one of {listed}")


def parse_datetime(text: str) -> RecordTime:
    """
    An instant or an interval; a date is the first moment of its day in UTC.

    Items have no time of their own, and an item without one matches every
    instant and interval. Who may read history asks by it for the items that
    stood in the database then.
    """
    start, slash, end = text.partition("/")
    rule = (
        "it must be a time such as 2026-01-31T12:00:00Z, a date, or an interval of two of "
        "them such as 2026-01-01T00:00:00Z/.."
    )
    first = moment(start)
    if not slash:
        if first is None:
            raise InvalidParameter("datetime", text, rule)
        return RecordTime(first, first)
    opened, closed = start in ("", ".."), end in ("", "..")
    last = moment(end)
    if last is None and first is not None and not closed:
        last = _later(first, end)
    if (opened and closed) or (first is None and not opened) or (last is None and not closed):
        raise InvalidParameter("datetime", text, rule)
    if first is not None and last is not None and first > last:
        raise InvalidParameter("datetime", text, "its start is after its end")
    return RecordTime(first, last)


def parse_moment(name: str, text: str) -> datetime:
    """A time, or a date for the first moment of its day in UTC."""
    at = moment(text)
    if at is None:
        raise InvalidParameter(name, text, "it must be a time such as 2026-01-31T12:00:00Z")
    return at


def parse_value(field: Field, text: str) -> Scalar:
    """
    The value that a property must equal, typed by its field.

    Dates, times and ids come back as text in their usual spelling.
    """
    parser = _PARSERS.get(field.type)
    if parser is None:
        raise InvalidParameter(field.name, text, "this property cannot be compared with a value")
    return parser(field.name, text)


def parse_id(text: str) -> UUID | None:
    """An item's id; None when the text cannot be one."""
    try:
        item_id = UUID(text)
    except ValueError:
        return None
    return item_id if str(item_id) == text.lower() else None


def _number(name: str, whole: str, text: str) -> float:
    text = text.strip(" ")
    if len(text) > 60 or not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise InvalidParameter(name, whole, "it must hold finite numbers only")
    return float(text)


def _later(start: datetime, text: str) -> datetime | None:
    """The time that lies a duration (ISO 8601) after another; None when it is none."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(n or 0) for n in found.groups())
    month = start.month - 1 + months + 12 * years
    try:
        year, month = start.year + month // 12, month % 12 + 1
        day = min(start.day, calendar.monthrange(year, month)[1])
        return start.replace(year=year, month=month, day=day) + timedelta(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        return None


def moment(text: str) -> datetime | None:
    """
    The time that a text spells, with its offset; None when it spells none.

    A date counts as the first moment of its day in UTC.
    """
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC)
        parts = _INSTANT.fullmatch(text)
        if parts is None:
            return None
        day_text, time, fraction, zone = parts.groups()
        zone = "+00:00" if zone in "Zz" else zone
        return datetime.fromisoformat(f"{day_text}T{time}{(fraction or '')[:7]}{zone}")
    except ValueError:
        return None


def _text_value(_name: str, text: str) -> str:
    return text


def _integer_value(name: str, text: str) -> int:
    if not _INTEGER.fullmatch(text) or not -_INT64 <= int(text) < _INT64:
        raise InvalidParameter(name, text, "it must be a whole number")
    return int(text)


def parse_number(name: str, text: str) -> float:
    """A finite number."""
    return _number(name, text, text)


def _boolean_value(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise InvalidParameter(name, text, "it must be true or false")
    return text == "true"


def _date_value(name: str, text: str) -> str:
    if not _DATE.fullmatch(text) or moment(text) is None:
        raise InvalidParameter(name, text, "it must be a date such as 2026-01-31")
    return text


def _timestamp_value(name: str, text: str) -> str:
    at = moment(text)
    if at is None:
        raise InvalidParameter(name, text, "it must be a time such as 2026-01-31T12:00:00Z")
    return at.isoformat()


def _id_value(name: str, text: str) -> str:
    item_id = parse_id(text)
    if item_id is None:
        raise InvalidParameter(name, text, "it must be the id of an item (a UUID)")
    return str(item_id)


_PARSERS: dict[FieldType, Callable[[str, str], Scalar]] = {
    FieldType.TEXT: _text_value,
    FieldType.CODE: _text_value,
    FieldType.CODES: _text_value,
    FieldType.INTEGER: _integer_value,
    FieldType.NUMBER: parse_number,
    FieldType.BOOLEAN: _boolean_value,
    FieldType.DATE: _date_value,
    FieldType.TIMESTAMP: _timestamp_value,
    FieldType.REFERENCE: _id_value,
    FieldType.REFERENCES: _id_value,
    FieldType.PERSON: _id_value,
}

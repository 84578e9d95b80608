"""Which page of a list is asked for."""

from __future__ import annotations

from gis_service.errors import InvalidParameter
from gis_service.web.asked import Asked


def page_number(asked: Asked) -> int:
    """
    The number in the parameter `page`, from 1 on.

    Raises
    ------
    InvalidParameter
        It is none.
    """
    return numbered(asked.parameters.get("page"))


def numbered(said: str | None) -> int:
    """The number that a text says, 1 where there is none; raises `InvalidParameter`."""
    text = said or "1"
    if not text.isdecimal() or len(text) > 7 or int(text) < 1:
        raise InvalidParameter("page", text, "it is a number from 1 on")
    return int(text)

"""How items are to be written, as parameters."""

from __future__ import annotations

from gis_service.errors import InvalidParameter
from gis_service.model.audience import Audience, visible_field, visible_fields
from gis_service.model.fields import Collection, Field

MOST_DECIMALS = 9


def parse_properties(
    wanted: str | None, unwanted: str | None, collection: Collection, audience: Audience
) -> tuple[Field, ...] | None:
    """
    `properties` and `exclude-properties` of OGC API - Features, Part 6 (draft).

    Returns
    -------
    tuple or None
        The properties to write, in the order in which they are declared; None
        for all.

    Raises
    ------
    UnknownProperty
        A property does not exist, or this reader may not know of it.
    InvalidParameter
        Both are given.
    """
    if wanted is not None and unwanted is not None:
        raise InvalidParameter(
            "exclude-properties", unwanted, "it cannot stand beside `properties`"
        )
    text = wanted if unwanted is None else unwanted
    if text is None:
        return None
    named = [visible_field(collection, name, audience) for name in text.split(",") if name]
    return tuple(
        field
        for field in visible_fields(collection, audience)
        if (field in named) is (unwanted is None)
    )


def parse_flag(name: str, text: str) -> bool:
    """A parameter that is true or false."""
    if text not in ("true", "false"):
        raise InvalidParameter(name, text, "it must be true or false")
    return text == "true"


def parse_precision(text: str) -> int:
    """Decimals of a coordinate."""
    if len(text) != 1 or text not in "0123456789":
        raise InvalidParameter(
            "precision", text, f"it must be a whole number from 0 to {MOST_DECIMALS}"
        )
    return int(text)

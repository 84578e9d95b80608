"""The filter of a request."""

from __future__ import annotations

from gis_service.errors import InvalidParameter
from gis_service.model.filters import Predicate
from gis_service.model.queries import CRS84
from gis_service.model.queryables import Queryables
from gis_service.ogc.cql2 import LANGUAGES, parse_filter
from gis_service.ogc.parameters import parse_crs
from gis_service.web.asked import Asked


def asked_filter(asked: Asked, queryables: Queryables) -> Predicate | None:
    """
    What `filter`, `filter-lang` and `filter-crs` ask of an item; None without `filter`.

    Raises
    ------
    InvalidInput
        One of them breaks its rule, or the filter names what the reader does not see.
    """
    text = asked.parameters.get("filter")
    language = asked.parameters.get("filter-lang") or LANGUAGES[0]
    if language not in LANGUAGES:
        raise InvalidParameter(
            "filter-lang", language, f"it must be one of {', '.join(LANGUAGES)}"
        )
    named = asked.parameters.get("filter-crs")
    crs = CRS84 if named is None else parse_crs("filter-crs", named, asked.services.crs)
    if text is None:
        return None
    return parse_filter(text, queryables, language=language, crs=crs)

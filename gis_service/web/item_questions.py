"""What the parameters of a request ask of a collection's items."""

from __future__ import annotations

from collections.abc import Sequence

from gis_service.errors import InvalidParameter
from gis_service.model.fields import Collection
from gis_service.model.queries import (
    CRS84,
    Equals,
    ItemsQuery,
    RecordTime,
    Rendering,
    ServedCrs,
)
from gis_service.model.queryables import queryables_of
from gis_service.model.rights import HISTORIANS
from gis_service.ogc.openapi_filters import FILTER
from gis_service.ogc.openapi_parameters import MOST_OFFSET, PAGE, RENDERING
from gis_service.ogc.parameters import (
    parse_bbox,
    parse_crs,
    parse_datetime,
    parse_limit,
    parse_offset,
    parse_value,
)
from gis_service.ogc.rendering import parse_flag, parse_precision, parse_properties
from gis_service.ogc.sorting import parse_sort, read_cursor
from gis_service.web.asked import COMMON_PARAMETERS, Asked
from gis_service.web.filtering import asked_filter
from gis_service.web.principal import require

ITEM_PARAMETERS = (*COMMON_PARAMETERS, *RENDERING)
PAGE_PARAMETERS = (*ITEM_PARAMETERS, *PAGE, *FILTER)
"""A property of one of these names could not be asked by; the registry has none."""


def items_query(
    asked: Asked, collection: Collection, *, known: Sequence[str] = PAGE_PARAMETERS
) -> ItemsQuery:
    """
    What the parameters ask of a collection.

    Parameters
    ----------
    known
        The parameters that there are besides the properties.

    Raises
    ------
    InvalidInput
        A parameter is unknown or breaks its rule. A property that this reader
        may not see is as unknown as one that does not exist.
    """
    settings, parameters = asked.settings, asked.parameters
    queryables = queryables_of(collection, asked.principal.audience)
    comparable = queryables.fields
    parameters.only((*known, *comparable))
    limit, offset, bbox, moment, cursor, sortby = map(
        parameters.get, ("limit", "offset", "bbox", "datetime", "cursor", "sortby")
    )
    skipped = 0 if offset is None else parse_offset(offset, maximum=MOST_OFFSET)
    if skipped and cursor is not None:
        raise InvalidParameter("offset", str(offset), "a page has an offset or a cursor, not both")
    recorded = None if moment is None else _record_time(asked, moment)
    most = settings.max_limit
    box, outline = (None, ()) if bbox is None else parse_bbox(bbox, _crs(asked, "bbox-crs"))
    sort = () if sortby is None else parse_sort(sortby, collection, asked.principal.audience)
    return ItemsQuery(
        collection=collection,
        limit=min(settings.default_limit, most)
        if limit is None
        else parse_limit(limit, maximum=most),
        bbox=box,
        outline=outline,
        equals=tuple(
            Equals(comparable[name], parse_value(comparable[name], value))
            for name, value in parameters.once()
            if name not in known
        ),
        filter=asked_filter(asked, queryables),
        sort=sort,
        cursor=None if cursor is None else read_cursor(cursor, sort),
        offset=skipped,
        rendering=rendering(asked, collection),
        recorded=recorded,
    )


def _record_time(asked: Asked, text: str) -> RecordTime | None:
    """
    The time whose items are asked for; to the public, items have no time and match any.

    Raises
    ------
    NotAllowed
        The reader's role may not read history.
    """
    time = parse_datetime(text)
    if not asked.principal.audience.is_staff:
        return None
    require(asked.principal, HISTORIANS)
    return time


def rendering(asked: Asked, collection: Collection) -> Rendering:
    """
    How the parameters ask for items to be written.

    Raises
    ------
    InvalidInput
        A parameter breaks its rule.
    """
    precision, skipped, wanted, unwanted = map(
        asked.parameters.get, ("precision", "skipGeometry", "properties", "exclude-properties")
    )
    crs = _crs(asked, "crs")
    return Rendering(
        properties=parse_properties(wanted, unwanted, collection, asked.principal.audience),
        skip_geometry=skipped is not None and parse_flag("skipGeometry", skipped),
        precision=None if precision is None else parse_precision(precision),
        crs=CRS84 if asked.is_html else crs,  # pages speak of longitude and latitude
    )


def _crs(asked: Asked, name: str) -> ServedCrs:
    text = asked.parameters.get(name)
    return CRS84 if text is None else parse_crs(name, text, asked.services.crs)

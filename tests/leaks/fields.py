"""Every way to name a field in a question."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator

import orjson

from gis_service.model.fields import Collection
from gis_service.model.filters import (
    ARITHMETIC,
    ARRAYS,
    COMPARISONS,
    FOLDINGS,
    SPATIAL,
    TEMPORAL,
    TEMPORAL_OF_INTERVALS,
)
from gis_service.model.functions import FUNCTIONS
from gis_service.ogc.media import DOWNLOADS
from tests.leaks.asking import Question
from tests.leaks.doors import COMPANIONS, GET, NOBODY, PROPERTIES, filled

POINT = {"type": "Point", "coordinates": [34.77, -0.68]}


def filters_of(name: str, known: str) -> Iterator[tuple[str, str]]:
    """
    A filter for every operation of the language, as (language, filter).

    Parameters
    ----------
    known
        A property that there is.
    """
    texts = [
        *(f"{name} {op} 1" for op in COMPARISONS),
        *(f"{known} {op} {name}" for op in COMPARISONS),
        *(f"1 {op} {name}" for op in COMPARISONS),
        *(f"{name} {op} 1 = 2" for op in ARITHMETIC),
        *(f"{op}({name}) = 'x'" for op in FOLDINGS),
        *(f"{op}({name}, POINT(34.77 -0.68))" for op in SPATIAL),
        *(f"{op}({name}, TIMESTAMP('2026-01-01T00:00:00Z'))" for op in TEMPORAL),
        *(f"{op}({name}, INTERVAL('2026-01-01', '..'))" for op in TEMPORAL_OF_INTERVALS),
        *(f"{op}({name}, ('a', 'b'))" for op in ARRAYS),
        *(f"{f.name}({', '.join([name] * len(f.arguments))}) = 1" for f in FUNCTIONS.values()),
        name, f"NOT {name}", f"id IS NULL AND {name} = 1", f"id IS NULL OR {name} = 1",
        f"{name} IS NULL", f"{name} IS NOT NULL", f"{name} LIKE 'a%'", f"{name} IN (1, 2)",
        f"{name} BETWEEN 1 AND 2", f"id IN ({name})", f'"{name}" = 1', f"{name} = {name}",
        f"{known} LIKE {name}", f"{name} NOT IN ('a')",
    ]
    yield from (("cql2-text", text) for text in texts)
    ops = {*COMPARISONS, *ARITHMETIC, *FOLDINGS, *SPATIAL, *TEMPORAL, *TEMPORAL_OF_INTERVALS,
           *ARRAYS, *FUNCTIONS, "isNull", "like", "between", "in", "and", "or", "not"}
    for op in sorted(ops):
        for args in ([{"property": name}], [{"property": name}, POINT],
                     [{"property": known}, {"property": name}]):
            yield "cql2-json", orjson.dumps({"op": op, "args": args}).decode()


def questions_of(collection: Collection, name: str, known: str) -> Iterator[tuple[str, Question]]:
    """Every question that names a field of a collection, with the door's name."""
    path = f"/collections/{collection.id}"
    items, nearest = f"{path}/items", f"{path}/nearest"
    at = COMPANIONS["/collections/{collection_id}/nearest"]
    for route, names in GET.items():
        if names is None or any(w in route for w in ("{name}", "{id}", "{process_id}")):
            continue
        own = filled(route).replace("{collection_id}", collection.id).replace("{item_id}", NOBODY)
        own = own.replace("{number}", "1")
        yield f"?{name}= on {route}", Question(own, {**COMPANIONS.get(route, {}), name: "1"})
        if "filter" in names:
            yield f"filter on {route}", Question(
                own, {**COMPANIONS.get(route, {}), "filter": f"{name} = 1"}
            )
        if PROPERTIES in names:
            yield "HTML", Question(own, {**COMPANIONS.get(route, {}), name: "1", "f": "html"})
    for asked in (name, f"-{name}", f"+{name}", f"{known},{name}"):
        yield "sortby", Question(items, {"sortby": asked})
        yield "sortby on HTML", Question(items, {"sortby": asked, "f": "html"})
    for parameter in ("properties", "exclude-properties"):
        for asked in (name, f"{known},{name}"):
            yield parameter, Question(items, {parameter: asked})
            yield f"{parameter} of an item", Question(f"{items}/{NOBODY}", {parameter: asked})
            yield f"{parameter} near", Question(nearest, {**at, parameter: asked})
    for format_ in DOWNLOADS:
        for parameter in ("properties", "exclude-properties", "sortby"):
            yield f"{format_.name} {parameter}", Question(
                items, {"f": format_.name, parameter: name}
            )
        yield f"{format_.name} property", Question(items, {"f": format_.name, name: "1"})
        yield f"{format_.name} filter", Question(
            items, {"f": format_.name, "filter": f"{name} = 1"}
        )
    for language, filter_ in filters_of(name, known):
        asked_by = {"filter": filter_, "filter-lang": language}
        yield f"{language} {filter_}", Question(items, asked_by)
    for value in (None, "a", 1, True):
        for sort in (name, f"-{name}", ""):
            cursor = forged(name, value)
            yield "cursor", Question(items, {"cursor": cursor} | ({"sortby": sort} if sort else {}))
    for method, where in (("POST", items), ("PUT", f"{items}/{NOBODY}"),
                          ("PATCH", f"{items}/{NOBODY}"), ("POST", "/batch")):
        feature = {"type": "Feature", "geometry": None, "properties": {name: "1"}}
        yield f"{method} {where}", Question(
            where, method=method, headers={"content-type": "application/json"},
            body=orjson.dumps(feature),
        )


def forged(name: str, value: object) -> str:
    """A cursor of an order by a field."""
    document = orjson.dumps([name, [value, NOBODY], False])
    return urlsafe_b64encode(document).rstrip(b"=").decode()

"""
Statements that write items to files, and their streams.

COPY hands finished text over as it comes, so that no row becomes a Python
object and no memory grows with the collection.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Numeric,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.types import NullType

from gis_service.formats.export_child import CORNERS, GEOMETRY
from gis_service.model.audience import Audience, visible_fields
from gis_service.model.exports import Export, ExportFormat
from gis_service.model.fields import Field, FieldType, GeometryType
from gis_service.model.queries import ItemsPage, ItemsQuery
from gis_service.store.items import conditions, feature_text, page_statement
from gis_service.store.paging import beyond, ordering, read_page, sort_key
from gis_service.store.reading import Reader, compiled
from gis_service.store.recorded import asked_of
from gis_service.store.roles import Login
from gis_service.store.tables import SRID

Output = Callable[[bytes], Awaitable[None]]

_CORNERS = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)

_LISTS = (FieldType.CODES, FieldType.REFERENCES)
_TEXTS = (FieldType.TEXT, FieldType.CODE, FieldType.OBJECT, *_LISTS)
_UNQUOTED = {"format": "csv", "delimiter": "\x02", "quote": "\x01"}
"""Lines hold neither of the two, nor line breaks: COPY changes nothing in them."""
_XML_FORBIDDEN = "".join(
    f"\\x{code:02x}" for code in range(1, 32) if chr(code) not in "\t\n\r"
) + "\\uFFFE\\uFFFF"


async def copy(
    reader: Reader, export: Export, audience: Audience, output: Output, *, timeout_s: float
) -> int:
    """
    Write the items to `output`; how many there were.

    Parameters
    ----------
    output
        Takes the bytes; the database waits for it.
    timeout_s
        After so many seconds the database gives up, however slow `output` was.

    Raises
    ------
    Unavailable, InvalidInput
        As `Reader.rows`.
    """
    async with reader.connection(Login.of(audience), moment=True) as connection:
        return await _copied(connection, export, audience, output, timeout_s)


async def copy_page(
    reader: Reader, query: ItemsQuery, audience: Audience, output: Output, *, timeout_s: float
) -> ItemsPage:
    """
    Write a page of GeoJSON features, however many, to `output`, as `copy` does.

    Returns
    -------
    ItemsPage
        The same page without its features, and exactly how many match where
        there is but this page.
    """
    export = Export(query, ExportFormat.GEOJSON, query.limit)
    async with reader.connection(Login.of(audience), moment=True) as connection:
        around = page_statement(query, audience, count_cap=query.limit, with_features=False)
        sql, values = compiled(around)
        row = await connection.fetchrow(sql, *values)
        returned = await _copied(connection, export, audience, output, timeout_s)
    return replace(read_page(row, query, count_cap=query.limit), returned=returned)


async def _copied(
    connection: Any, export: Export, audience: Audience, output: Output, timeout_s: float
) -> int:
    sql, values = compiled(export_statement(export, audience))
    options: dict[str, Any] = {"format": "csv"}
    if export.format is ExportFormat.CSV:
        options["header"] = True
    elif export.format.is_text:
        options = _UNQUOTED
    await connection.execute(f"SET LOCAL statement_timeout = {int(timeout_s * 1000)}")
    status: str = await connection.copy_from_query(
        sql, *values, output=output, timeout=timeout_s + 2, **options
    )
    return int(status.rpartition(" ")[2])


def export_statement(export: Export, audience: Audience) -> Select[Any]:
    """The items in their order, with the columns that the format needs."""
    query = export.query
    source = asked_of(query, audience)
    keys = [sort_key(term, source).label(f"key_{n}") for n, term in enumerate(query.sort)]
    rows = (
        select(source, *keys)
        .where(*conditions(query, source), *beyond(query, source))
        .order_by(*ordering(query, keys, source.c.id))
        .limit(export.limit)
        .offset(query.left_out or None)
        .subquery("exported")
    )
    forward = replace(query, cursor=None)
    sorted_by = [rows.c[key.name] for key in keys]
    return select(*_columns(export, audience, rows)).order_by(
        *ordering(forward, sorted_by, rows.c.id)
    )


def exported_fields(export: Export, audience: Audience) -> tuple[Field, ...]:
    """The fields that a file holds."""
    wanted = export.query.rendering.properties
    fields = visible_fields(export.query.collection, audience)
    return fields if wanted is None else tuple(field for field in fields if field in wanted)


def _columns(export: Export, audience: Audience, rows: Subquery) -> list[ColumnElement[Any]]:
    match export.format:
        case ExportFormat.GEOJSON:  # every feature after a comma; who writes drops the first
            return [_feature_after("','", export, audience, rows)]
        case ExportFormat.GEOJSONSEQ:  # RFC 8142: after a record separator
            return [_feature_after(r"E'\x1e'", export, audience, rows)]
        case ExportFormat.CSV:
            return _csv(export, audience, rows)
        case ExportFormat.KML:
            return [_placemark(export, audience, rows)]
        case _:
            return _binary(export, audience, rows)


def _feature_after(
    separator: str, export: Export, audience: Audience, rows: Subquery
) -> ColumnElement[Any]:
    before: ColumnElement[str] = literal_column(separator)
    query = export.query
    return func.concat(before, feature_text(query.collection, audience, rows, query.rendering))


def _csv(export: Export, audience: Audience, rows: Subquery) -> list[ColumnElement[Any]]:
    """A cell that a spreadsheet would take for a formula is guarded, as `formats.guarding` says."""
    columns: list[ColumnElement[Any]] = [rows.c.id]
    for field in exported_fields(export, audience):
        value = _plain(field, rows, lists="; ")
        if field.type in _TEXTS:
            bare = func.ltrim(value, literal_column("''''"))
            formula = func.left(bare, literal_column("1")).in_(
                [literal_column(sign) for sign in ("'='", "'+'", "'-'", "'@'", r"E'\t'", r"E'\r'")]
            )
            value = case((formula, literal_column("''''", Text).concat(value)), else_=value)
        columns.append(value.label(field.name))
    geometry = _geometry(export, rows)
    if geometry is None:
        return columns
    decimals: ColumnElement[int] = literal_column(str(export.query.rendering.decimals))
    if export.query.collection.geometry is not GeometryType.POINT:
        return [*columns, func.ST_AsText(geometry, decimals).label("wkt")]
    for name, part in (("longitude", func.ST_X), ("latitude", func.ST_Y)):
        columns.append(func.round(cast(part(geometry), Numeric), decimals).label(name))
    return columns


def _placemark(export: Export, audience: Audience, rows: Subquery) -> ColumnElement[Any]:
    """KML on one line: line breaks in values are character references."""
    fields = exported_fields(export, audience)
    parts: list[ColumnElement[Any]] = [
        literal_column("""'<Placemark id="'"""),
        cast(rows.c.id, Text),
        literal_column("""'">'"""),
    ]
    for field in fields:
        if field.name == export.query.collection.label:
            parts.append(_element("<name>", field, "</name>", rows))
    opening = f'<ExtendedData><SchemaData schemaUrl="#{export.query.collection.id}">'
    parts.append(literal_column(f"'{opening}'"))
    parts += [
        _element(f'<SimpleData name="{field.name}">', field, "</SimpleData>", rows)
        for field in fields
    ]
    parts.append(literal_column("'</SchemaData></ExtendedData>'"))
    geometry = _geometry(export, rows)
    if geometry is not None:
        decimals: ColumnElement[int] = literal_column(str(export.query.rendering.decimals))
        parts.append(func.ST_AsKML(geometry, decimals, type_=Text))
    parts.append(literal_column("'</Placemark>'"))
    return func.concat(*parts)


def _element(opening: str, field: Field, closing: str, rows: Subquery) -> ColumnElement[str]:
    """An element with a value; NULL, hence nothing, where there is none."""
    before: ColumnElement[str] = literal_column(f"'{opening}'", Text)
    after: ColumnElement[str] = literal_column(f"'{closing}'", Text)
    return before.concat(_escaped(_plain(field, rows, lists="; "))).concat(after)


def _binary(export: Export, audience: Audience, rows: Subquery) -> list[ColumnElement[Any]]:
    """What the writing process reads: values as text, geometry as hexadecimal WKB."""
    columns: list[ColumnElement[Any]] = [rows.c.id]
    columns += [
        _plain(field, rows, lists=None).label(field.name)
        for field in exported_fields(export, audience)
    ]
    geometry = _geometry(export, rows)
    if geometry is not None:
        written = func.encode(func.ST_AsBinary(geometry), literal_column("'hex'"))
        columns.append(written.label(GEOMETRY))
        columns += [
            corner(geometry).label(name) for name, corner in zip(CORNERS, _CORNERS, strict=True)
        ]
    return columns


def _geometry(export: Export, rows: Subquery) -> ColumnElement[Any] | None:
    """
    The geometry in the CRS that was asked for; None where the file holds none.

    Files keep the easting or longitude first, whatever their CRS says.
    """
    if export.query.rendering.skip_geometry or GEOMETRY not in rows.c:
        return None
    srid = export.query.rendering.crs.srid
    geometry: ColumnElement[Any] = rows.c.geom
    if srid == SRID:
        return geometry
    return func.ST_Transform(geometry, literal_column(str(srid)), type_=NullType())


def _plain(field: Field, rows: Subquery, *, lists: str | None) -> ColumnElement[Any]:
    """A value as text, typed by its field; lists joined by `lists`, or as JSON."""
    column = rows.c[field.name]
    if field.type in _LISTS:
        if lists is None:
            return cast(func.array_to_json(column), Text)
        return func.array_to_string(column, literal_column(f"'{lists}'"), type_=Text)
    if field.type is FieldType.TIMESTAMP:
        pattern: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""")
        return func.to_char(
            func.timezone(literal_column("'UTC'"), column), pattern, type_=Text
        )
    if field.type is FieldType.BOOLEAN:
        return cast(cast(column, Boolean), Text)
    return cast(column, Text)


def _escaped(value: ColumnElement[Any]) -> ColumnElement[str]:
    """
    Text as XML 1.0 content.

    Characters that XML cannot hold at all become U+FFFD.
    """
    forbidden: ColumnElement[str] = literal_column(f"E'{_XML_FORBIDDEN}'")
    replacement: ColumnElement[str] = literal_column("repeat(E'\\uFFFD', 31)")
    text: ColumnElement[Any] = func.translate(value, forbidden, replacement, type_=Text)
    for sign, written in (
        ("'&'", "'&amp;'"), ("'<'", "'&lt;'"), ("'>'", "'&gt;'"),
        (r"E'\n'", "'&#10;'"), (r"E'\r'", "'&#13;'"),
    ):
        text = func.replace(text, literal_column(sign), literal_column(written), type_=Text)
    return text

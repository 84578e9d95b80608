"""The manual and the references at `/docs`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from itertools import groupby

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gis_service.errors import NotFound
from gis_service.model.dictionary import (
    CODE_COLUMNS,
    COLUMNS,
    code_rows,
    codelists,
    dictionary,
    rows,
)
from gis_service.ogc.media import CSV, HTML, JSON
from gis_service.settings import described
from gis_service.web.asked import Asked, read
from gis_service.web.home import PUBLIC_CARDS, STAFF_CARDS
from gis_service.web.manual import (
    CHAPTERS,
    DOCS,
    GROUPS,
    REFERENCES,
    Chapter,
    Reading,
    chapter,
    source,
)
from gis_service.web.menu import FOOT, MENU, entries
from gis_service.web.pages import static_address


async def contents(request: Request) -> Response:
    """What the manual holds."""
    asked = read(request, HTML)
    translated = [id_ for id_ in CHAPTERS if source(id_, asked.language)[1] == asked.language]
    return _page(
        asked, "docs.html", groups=GROUPS, references=REFERENCES, translated=translated
    )


async def one_chapter(request: Request) -> Response:
    """One chapter of the manual."""
    asked = read(request, HTML)
    id_ = request.path_params["chapter"]
    if id_ not in CHAPTERS:
        raise NotFound("The manual has no such chapter; /docs lists all.")
    place = CHAPTERS.index(id_)
    return _page(
        asked, "docs_chapter.html",
        chapter=_chapter(asked, id_),
        before=CHAPTERS[place - 1] if place else None,
        after=CHAPTERS[place + 1] if place + 1 < len(CHAPTERS) else None,
    )


async def whole(request: Request) -> Response:
    """All chapters on one page, for searching and printing."""
    asked = read(request, HTML)
    chapters = [_chapter(asked, id_, whole=True) for id_ in CHAPTERS]
    return _page(asked, "docs_book.html", chapters=chapters)


async def settings(request: Request) -> Response:
    """Every setting: its default, and what it is."""
    asked = read(request, HTML)
    return _page(asked, "docs_settings.html", listed=described())


async def commands(request: Request) -> Response:
    """Every command with its options, in the words of its own help."""
    asked = read(request, HTML)
    listed = await asked.services.commands.listed()
    groups = {name: list(each) for name, each in groupby(listed, lambda c: c["path"][0])}
    return _page(asked, "docs_commands.html", groups=groups)


async def data(request: Request) -> Response:
    """The collections and their fields, as the reader may know them."""
    asked = read(request, JSON, HTML, CSV)
    told = dictionary(asked.principal.audience)
    if asked.is_html:
        return _page(asked, "docs_data.html", collections=told)
    return _table(asked, "fields", COLUMNS, rows(told))


async def codes(request: Request) -> Response:
    """The lists of codes that the reader's fields name."""
    asked = read(request, JSON, HTML, CSV)
    lists = codelists(dictionary(asked.principal.audience))
    if asked.is_html:
        return _page(asked, "docs_codelists.html", lists=lists)
    return _table(asked, "codes", CODE_COLUMNS, code_rows(lists))


def _table(
    asked: Asked, name: str, columns: tuple[str, ...], listed: Iterable[tuple[str, ...]]
) -> Response:
    if asked.format is not CSV:
        return asked.document({name: [dict(zip(columns, r, strict=True)) for r in listed]})
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(listed)
    return asked.answer(
        file.getvalue().encode(),
        headers={"content-disposition": f'attachment; filename="{name}.csv"'},
    )


def _chapter(asked: Asked, id_: str, *, whole: bool = False) -> Chapter:
    listed = (*MENU, *FOOT, *(entry for entry, _ in (*PUBLIC_CARDS, *STAFF_CARDS)))
    pages = frozenset(each.path for each in entries(asked.request, listed))
    reading = Reading(asked.at, pages, whole)
    return chapter(id_, asked.language, reading)


def _page(asked: Asked, template: str, **context: object) -> Response:
    return asked.page(
        template, docs=asked.at.to(DOCS), whole_href=asked.at.to(f"{DOCS}/book"),
        chapter_href=lambda id_: asked.at.to(f"{DOCS}/{id_}"),
        page_styles=[static_address(asked.at, "docs.css")], **context,
    )


ROUTES = (
    Route(DOCS, contents, methods=["GET"]),
    Route(f"{DOCS}/book", whole, methods=["GET"]),
    Route(f"{DOCS}/settings", settings, methods=["GET"]),
    Route(f"{DOCS}/commands", commands, methods=["GET"]),
    Route(f"{DOCS}/data", data, methods=["GET"]),
    Route(f"{DOCS}/codelists", codes, methods=["GET"]),
    Route(f"{DOCS}/{{chapter}}", one_chapter, methods=["GET"]),
)

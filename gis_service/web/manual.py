"""The manual: chapters of Markdown, kept once, as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from gis_service.model.fields import Language
from gis_service.ogc.links import Addresses

FOLDER = Path(__file__).resolve().parents[1] / "docs"
DOCS = "/docs"
REFERENCES = ("data", "codelists", "commands", "settings")
"""Pages below `/docs` that are made from the code."""
GROUPS: dict[str, tuple[str, ...]] = {
    "everybody": ("what-the-map-shows", "report-a-fault", "in-the-field"),
    "officer": (
        "start", "server", "roles", "scopes", "load", "exchange", "maps", "publish", "analysis",
        "backup", "upgrade", "replicas", "growing", "watch", "what-to-do",
    ),
    "programs": ("api", "editing"),
    "learning": ("tour", "threats"),
}
"""Chapters by reader, in the order in which they are read."""
CHAPTERS = tuple(each for chapters in GROUPS.values() for each in chapters)
_COMMAND = re.compile(r"\./gis ([a-z]+)")
_SETTING = re.compile(r"GIS_[A-Z_]+")


@dataclass(frozen=True, slots=True)
class Reading:
    """
    For whom a chapter is made.

    Parameters
    ----------
    at
        Where its links lead.
    pages
        Paths of pages that the reader may open: where a chapter names one, it links to it.
    whole
        Whether all chapters stand on one page, each with its name before its anchors.
    """

    at: Addresses
    pages: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the second level, and the anchor that leads to it."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Chapter:
    """
    A chapter as it is shown.

    Parameters
    ----------
    language
        The language in which it is written: English where there is no other.
    body
        Its HTML, without the title.
    """

    id: str
    language: Language
    title: str
    body: Markup
    sections: tuple[Section, ...]


def source(id_: str, language: Language) -> tuple[str, Language]:
    """
    The Markdown of a chapter, and the language that it is in.

    Parameters
    ----------
    id_
        One of `CHAPTERS`.
    """
    for each in dict.fromkeys((language, "en")):
        file = FOLDER / each / f"{id_}.md"
        if file.is_file():
            return file.read_text(encoding="utf-8"), each
    raise FileNotFoundError(f"{FOLDER} has no chapter {id_}")


@lru_cache(maxsize=256)
def chapter(id_: str, language: Language, reading: Reading) -> Chapter:
    """A chapter in the reader's language, or in English where it is not translated."""
    text, written = source(id_, language)
    tokens = _markdown().parse(text)
    title = tokens[1].content
    del tokens[:3]
    prefix = f"{id_}-" if reading.whole else ""
    sections = []
    for position, token in enumerate(tokens):
        if token.type == "heading_open":
            heading = tokens[position + 1].content
            anchor = prefix + slug(heading)
            token.attrSet("id", anchor)
            if token.tag == "h2":
                sections.append(Section(anchor, heading.replace("`", "")))
            if reading.whole:
                token.tag = tokens[position + 2].tag = f"h{int(token.tag[1]) + 1}"
        if token.type == "inline":
            token.children = list(_linked(token.children or [], id_, reading))
    body = _markdown().renderer.render(tokens, _markdown().options, {})
    return Chapter(id_, written, title, Markup(body), tuple(sections))  # noqa: S704  # nosec B704 # ours, html off


def sections_of(id_: str, language: Language) -> list[tuple[str, str]]:
    """Title and Markdown of each section of a chapter."""
    parts = re.split(r"^## (.+)$", source(id_, language)[0], flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def _linked(tokens: Iterable[Token], id_: str, reading: Reading) -> Iterator[Token]:
    """The tokens of a line, with links to chapters, and to what code names."""
    inside = False
    for token in tokens:
        if token.type == "link_open":
            inside = True
            token.attrSet("href", _address(str(token.attrs["href"]), id_, reading))
        inside = inside and token.type != "link_close"
        href = None if inside or token.type != "code_inline" else _named(token.content, reading)
        if href is None:
            yield token
        else:
            yield Token("link_open", "a", 1, attrs={"href": href})
            yield token
            yield Token("link_close", "a", -1)


def _address(href: str, id_: str, reading: Reading) -> str:
    """Where a link of a chapter leads; chapters name one another by their files."""
    file, _, anchor = href.partition("#")
    if file and not file.endswith(".md"):
        return href
    name = file.removesuffix(".md") or id_
    if reading.whole:
        return f"#{name}-{anchor}" if anchor else f"#{name}"
    page = reading.at.to(f"{DOCS}/{name}") if file else ""
    return page + (f"#{anchor}" if anchor else "")


def _named(code: str, reading: Reading) -> str | None:
    """Where what stands as code is explained, or opened; None where nowhere."""
    if code in reading.pages:
        return reading.at.to(code)
    if _SETTING.fullmatch(code):
        return f"{reading.at.to(f'{DOCS}/settings')}#{code}"
    if found := _COMMAND.match(code):
        return f"{reading.at.to(f'{DOCS}/commands')}#{found[1]}"
    return None


@cache
def _markdown() -> MarkdownIt:
    """CommonMark with tables, and without HTML of its own."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table")
    made.add_render_rule("table_open", _table_open)
    made.add_render_rule("table_close", _table_close)
    made.add_render_rule("th_open", _cell_open)
    made.add_render_rule("td_open", _cell_open)
    return made


def _table_open(*_: object) -> str:
    return '<div class="scroll" tabindex="0"><table>\n'


def _table_close(*_: object) -> str:
    return "</table></div>\n"


def _cell_open(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    """A class where markdown-it writes a style, which the policy of pages forbids."""
    style = str(tokens[at].attrs.pop("style", ""))
    if style.endswith("right"):
        tokens[at].attrJoin("class", "number")
    return str(self.renderToken(tokens, at, options, env))

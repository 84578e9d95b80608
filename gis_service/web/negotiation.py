"""Which format and which language a reader prefers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gis_service.errors import GisError, InvalidParameter
from gis_service.model.fields import LANGUAGES, Language
from gis_service.ogc.media import Format

_QUALITY = re.compile(r"(?:0?\.\d{1,3}|0\.?|1(?:\.0{0,3})?)", re.ASCII)


class NotAcceptable(GisError):
    """The resource is not offered in any format that was asked for."""

    def __init__(self, offered: Sequence[Format]) -> None:
        types = ", ".join(dict.fromkeys(f.bare_type for f in offered))
        super().__init__(f"This resource is offered as {types}, and Accept names none of them.")


def choose_format(name: str | None, accept: str | None, offered: Sequence[Format]) -> Format:
    """
    The format to answer in: `f` decides, then the Accept header, then the first offered.

    Raises
    ------
    InvalidParameter
        `f` names a format in which the resource is not offered.
    NotAcceptable
        The Accept header rules all of them out.
    """
    if name is not None:
        return _named(name, offered)
    ranges = list(_ranked(accept or ""))
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda format_: _quality(format_, ranges))
    if _quality(best, ranges) == 0:
        raise NotAcceptable(offered)
    return best


def choose_language(name: str | None, accept_language: str | None) -> Language:
    """
    The language to answer in: `lang` decides, then the Accept-Language header, then English.

    Raises
    ------
    InvalidParameter
        `lang` names a language that the service does not speak.
    """
    if name is not None:
        for language in LANGUAGES:
            if name == language:
                return language
        raise InvalidParameter("lang", name, f"it must be one of {', '.join(LANGUAGES)}")
    best: tuple[float, Language] = (0.0, LANGUAGES[0])
    for tag, quality in _ranked(accept_language or ""):
        for language in LANGUAGES:
            if tag.split("-")[0] == language and quality > best[0]:
                best = (quality, language)
    return best[1]


def preferred_encoding(accept_encoding: str, offered: Sequence[str]) -> str | None:
    """The encoding to answer in (RFC 9110, 12.5.3), the first offered among equals; or None."""
    asked = dict(_ranked(accept_encoding))
    rest = asked.get("*/*", 0.0)
    best = max(offered, key=lambda name: asked.get(name, rest))
    return best if asked.get(best, rest) > 0 else None


def _named(name: str, offered: Sequence[Format]) -> Format:
    for format_ in offered:
        if name == format_.name:
            return format_
    for format_ in offered:
        if name in format_.also:
            return format_
    names = ", ".join(dict.fromkeys(f.name for f in offered))
    raise InvalidParameter("f", name, f"this resource is offered as {names}")


def _ranked(header: str) -> Iterator[tuple[str, float]]:
    """Names of an Accept or Accept-Language header with their quality; faulty ones left out."""
    for part in header.lower().split(","):
        name, *options = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for option in options:
            key, _, value = option.partition("=")
            if key.strip() == "q":
                value = value.strip()
                quality = float(value) if _QUALITY.fullmatch(value) else 0.0
        if name:
            yield ("*/*" if name == "*" else name), quality


def _quality(format_: Format, ranges: Sequence[tuple[str, float]]) -> float:
    types = [format_.bare_type, *(name for name in format_.also if "/" in name)]
    return max(_quality_of_type(type_, ranges) for type_ in types)


def _quality_of_type(type_: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The most specific range that covers a media type decides (RFC 9110, 12.5.1)."""
    for name in (type_, f"{type_.partition('/')[0]}/*", "*/*"):
        found = [quality for range_, quality in ranges if range_ == name]
        if found:
            return max(found)
    return 0.0

"""Bytes as text, never guessed: UTF-8, a byte order mark, or what the user names."""

from __future__ import annotations

import codecs

from gis_service.errors import UnreadableFile

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def told_encoding(content: bytes, encoding: str | None) -> str:
    """The encoding by which `decoded` reads some bytes, and how sure that is."""
    for mark, marked in _MARKS:
        if content.startswith(mark):
            return f"{marked.removesuffix('-sig').upper()}, by its byte order mark"
    if encoding is not None:
        return f"{encoding}, as it was named"
    if content.isascii():
        return "only letters of ASCII, which UTF-8 and most others write alike"
    return "UTF-8: its letters beyond ASCII are whole, which is hardly chance"


def decoded(content: bytes, encoding: str | None) -> str:
    """
    The text of a file.

    Raises
    ------
    UnreadableFile
        The bytes are not in the encoding named, or in UTF-8 when none is.
    """
    name = encoding
    for mark, marked in _MARKS:
        if content.startswith(mark):
            name = marked
    if name is None and b"\x00" in content[:64]:
        raise UnreadableFile(
            "The text looks like UTF-16. Name it: --encoding utf-16-le, or save it as UTF-8."
        )
    try:
        return content.decode(name or "utf-8")
    except LookupError:
        raise UnreadableFile(
            f"There is no encoding {encoding!r}. Common ones are utf-8, cp1252 and latin-1."
        ) from None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFile(
            f"Line {line} holds bytes that are not {name or 'UTF-8'} text. Name the encoding of "
            "the file, for example --encoding cp1252 (Excel on Windows) or --encoding latin-1."
        ) from None

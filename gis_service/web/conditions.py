"""Conditional requests: whether a client has the answer already."""

from __future__ import annotations

import hashlib
import re

from starlette.requests import Request

_ENCODED = re.compile(r'-(?:gzip|zstd|br)"$')
"""What `compression` adds to a strong tag, since other bytes need another tag."""


def collection_etag(stamp: str, request: Request, *parts: str) -> str:
    """
    A weak tag of an answer made from a collection in a known state.

    Parameters
    ----------
    stamp
        The collection's state, taken before the answer was read.
    parts
        All else that decides the answer beside the request's address.
    """
    told = "\n".join((request.scope["path"], *parts)).encode() + request.scope["query_string"]
    return f'W/"{stamp}-{hashlib.blake2b(told, digest_size=8).hexdigest()}"'


def known_tag(etag: str, if_none_match: str | None) -> str | None:
    """
    The tag by which a client that sends If-None-Match knows this version; None if it does not.

    It may be that of the same bytes in another encoding.
    """
    for tag in (if_none_match or "").split(","):
        if _plain(tag) == _plain(etag):
            return etag if etag.startswith("W/") else tag.strip().removeprefix("W/")
        if tag.strip() == "*":
            return etag
    return None


def plain_tags(if_none_match: str) -> str:
    """The tags of a header as they are without an encoding, for those who compare them plainly."""
    return ", ".join(_plain(tag) for tag in if_none_match.split(","))


def _plain(tag: str) -> str:
    """A tag as it is compared: weakly (RFC 9110, 8.8.3.2), and whatever its encoding."""
    return _ENCODED.sub('"', tag.strip().removeprefix("W/"))

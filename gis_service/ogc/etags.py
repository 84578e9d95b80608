"""
Entity tags of items.

What staff see of an item carries its row's version, and so does its tag:
`"7-1f0c..."`. A condition of an edit looks at the version alone, which is the
same in every representation of the item.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime

from gis_service.errors import InvalidParameter
from gis_service.model.edits import Condition

_TAG = re.compile(r'\s*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*')
_OURS = re.compile(r"(\d{1,9})-[0-9a-f]+.*", re.ASCII)
_LONGEST = 4096


def item_etag(version: int | None, body: bytes) -> str:
    """
    The strong tag of an answer that shows one item.

    Parameters
    ----------
    version
        Of the row; None where the reader does not see it.
    body
        The answer's bytes, uncompressed.
    """
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'


def changed_in(finished: bytes) -> datetime | None:
    """The time of the last change that a finished feature names; None where it shows none."""
    _, found, rest = finished.rpartition(b'"updated_at":"')
    return datetime.fromisoformat(rest.partition(b'"')[0].decode()) if found else None


def last_modified(at: datetime) -> str:
    """A time as the header Last-Modified has it, in whole seconds."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def version_in(finished: bytes) -> int | None:
    """
    The version that a finished feature names; None where it shows none.

    Inside of a text the quotation marks around the name would be escaped.
    """
    _, found, rest = finished.rpartition(b'"version":')
    digits = re.match(rb"\d+", rest)
    return int(digits[0]) if found and digits else None


def if_match(header: str) -> Condition:
    """
    The condition of an If-Match header (RFC 9110, 13.1.1).

    Weak tags and tags that are not ours match nothing.

    Raises
    ------
    InvalidParameter
        It is no list of tags.
    """
    if header.strip() == "*":
        return Condition(exists=True)
    strong = (version for weak, version in _versions("If-Match", header) if not weak)
    return Condition(exists=True, versions=frozenset(strong))


def if_none_match(header: str, condition: Condition) -> Condition:
    """
    A condition with that of an If-None-Match header added (RFC 9110, 13.1.2).

    Raises
    ------
    InvalidParameter
        It is no list of tags.
    """
    if header.strip() == "*":
        return replace(condition, absent=True)
    versions = frozenset(version for _, version in _versions("If-None-Match", header))
    return replace(condition, not_versions=versions)


def _versions(name: str, header: str) -> Iterator[tuple[bool, int]]:
    """Whether each tag of ours in a header is weak, and the version that it names."""
    if len(header) > _LONGEST:
        raise InvalidParameter(name, header, "it is too long")
    position = 0
    while position < len(header):
        found = _TAG.match(header, position)
        if found is None:
            raise InvalidParameter(name, header, 'it must be * or tags such as "7-1f0c"')
        weak, tag = found.groups()
        ours = _OURS.fullmatch(tag)
        if ours is not None:
            yield bool(weak), int(ours[1])
        position = found.end()
        if position < len(header):
            if header[position] != ",":
                raise InvalidParameter(name, header, "its tags are parted by commas")
            position += 1

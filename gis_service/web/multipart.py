"""
Forms with files (RFC 7578), read piece by piece: no part of a file stays in memory.

What browsers, curl and the usual libraries send, and nothing else: a boundary,
parts with a name, files with a file's name. Everything is bounded.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import Message

from starlette.requests import ClientDisconnect, Request

from gis_service.errors import InvalidInput

LONGEST_HEAD = 4_096
MOST_PARTS = 100
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")


@dataclass(frozen=True, slots=True)
class Part:
    """
    The beginning of a part, or more of the last one.

    Parameters
    ----------
    name, filename
        As the form calls it, and the file's own; at the beginning only.
    """

    name: str | None = None
    filename: str | None = None
    data: bytes = b""


@dataclass(slots=True)
class _State:
    """What has come and is not told yet."""

    marker: bytes
    buffer: bytes = b""
    parts: int = 0
    inside: bool = False
    done: bool = False
    told: list[Part] = field(default_factory=list)


def is_multipart(request: Request) -> bool:
    """Whether the body says that it is a form with files."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "multipart/form-data"


async def read_parts(request: Request) -> AsyncIterator[Part]:
    """
    The parts of a body, as they come.

    Raises
    ------
    InvalidInput
        It is no such form, or it ends before its end.
    """
    state = _State(b"\r\n--" + _boundary(request), buffer=b"\r\n")
    try:
        async for piece in request.stream():
            state.buffer += piece
            _advance(state)
            for part in state.told:
                yield part
            state.told.clear()
    except ClientDisconnect:
        raise _broken() from None
    if not state.done:
        raise _broken()


def _boundary(request: Request) -> bytes:
    head = Message()
    head["content-type"] = request.headers.get("content-type", "")
    boundary = head.get_param("boundary")
    if not is_multipart(request) or not isinstance(boundary, str) or not _BOUNDARY.fullmatch(
        boundary
    ):
        raise InvalidInput("Send the file as a form: multipart/form-data with a field `file`.")
    return boundary.encode("ascii")


def _advance(state: _State) -> None:
    """Tell what can be told of the buffer, and leave in it what may belong to the next marker."""
    while not state.done:
        at = state.buffer.find(state.marker)
        if at < 0:
            keep = len(state.marker) - 1
            if state.inside and len(state.buffer) > keep:
                state.told.append(Part(data=state.buffer[:-keep]))
                state.buffer = state.buffer[-keep:]
            elif not state.inside and len(state.buffer) > LONGEST_HEAD:
                raise _broken()
            return
        after = at + len(state.marker)
        end = state.buffer.find(b"\r\n\r\n", after)
        closing = state.buffer[after:after + 2]
        if closing == b"--":
            _tell(state, at)
            state.done, state.buffer = True, b""
        elif len(closing) == 2 and closing != b"\r\n":
            raise _broken()
        elif end < 0:
            if len(state.buffer) - after > LONGEST_HEAD:
                raise _broken()
            return
        else:
            _tell(state, at)
            state.told.append(_begun(state.buffer[after:end]))
            state.buffer, state.inside = state.buffer[end + 4:], True
            state.parts += 1
            if state.parts > MOST_PARTS:
                raise InvalidInput(f"The form has more than {MOST_PARTS} parts. Send fewer files.")


def _tell(state: _State, at: int) -> None:
    if state.inside and at:
        state.told.append(Part(data=state.buffer[:at]))
    state.inside = False


def _begun(head: bytes) -> Part:
    if len(head) > LONGEST_HEAD:
        raise _broken()
    for line in head.decode("utf-8", "replace").split("\r\n"):
        title, _, value = line.partition(":")
        if title.strip().lower() != "content-disposition":
            continue
        message = Message()
        message["content-disposition"] = value.strip()
        if message.get_content_disposition() != "form-data":
            raise _broken()
        name = message.get_param("name", header="content-disposition")
        filename = message.get_filename()
        if isinstance(name, str):
            return Part(name=name, filename=filename)
    raise _broken()


def _broken() -> InvalidInput:
    return InvalidInput("The form ends too early or is damaged. Nothing of it was kept; try again.")

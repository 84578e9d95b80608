"""Bodies of requests that change something: bounded, of a known type, parsed strictly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from gis_service.errors import GisError, InvalidInput
from gis_service.formats.strict_json import parse_json

MOST_FIELDS = 40


class UnsupportedMediaType(GisError):
    """The body is of a type that the resource does not take."""

    def __init__(self, accepted: Sequence[str], *, header: str) -> None:
        self.accepted = tuple(accepted)
        self.header = header
        super().__init__(
            f"Say in Content-Type what the body is; taken here: {', '.join(accepted)}."
        )


class BodyTooLarge(GisError):
    """The body is longer than the service takes."""

    def __init__(self, most_mb: int) -> None:
        super().__init__(f"The body is longer than {most_mb} megabytes. Send less at once.")


class PreconditionMissing(GisError):
    """A change does not say on which version it is based, and the service wants to know."""

    def __init__(self) -> None:
        super().__init__(
            "Say in If-Match on which version the change is based: the ETag with which the item "
            "was answered."
        )


class MethodNotPossible(GisError):
    """Nobody can do that to this resource."""

    def __init__(self, method: str, allow: str) -> None:
        self.allow = allow
        super().__init__(f"{method[:20]} is not possible here.")


async def read_json(
    request: Request, accepted: Sequence[str], *, most_mb: int, header: str
) -> tuple[Any, bytes]:
    """
    The value of a request's JSON body, and its bytes.

    Parameters
    ----------
    header
        The header that tells what is taken: `accept-post` or `accept-patch`.

    Raises
    ------
    UnsupportedMediaType, BodyTooLarge, InvalidInput
        It is of another type, too long, or no JSON.
    """
    type_ = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if type_ not in accepted or encoding != "identity":
        raise UnsupportedMediaType(accepted, header=header)
    most = most_mb * 1_000_000
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > most:
        raise BodyTooLarge(most_mb)
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > most:
            raise BodyTooLarge(most_mb)
    return parse_json(bytes(content)), bytes(content)


def is_form(request: Request) -> bool:
    """Whether the body says that it is a form's."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


async def read_form(
    request: Request, *, longest: int, most_fields: int = MOST_FIELDS
) -> dict[str, str]:
    """
    The fields of a form; of one that comes twice, the last.

    Raises
    ------
    InvalidInput
        It is not a form, or too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > longest:
            raise InvalidInput("The form is too long.")
    try:
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, max_num_fields=most_fields
        )
    except ValueError:
        pairs = None
    if not is_form(request) or pairs is None:
        raise InvalidInput("This is not the form that is needed here.")
    return dict(pairs)

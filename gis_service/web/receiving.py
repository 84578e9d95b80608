"""Files of a form on their way to disk, and the form's other fields."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from gis_service.errors import InvalidInput
from gis_service.services.received import Arrival, UploadTooLarge
from gis_service.web.multipart import read_parts
from gis_service.web.principal import CSRF_FIELD

LONGEST_FIELD = 1_000
_NO_FILE = "\0"
"""Stands for a part that is passed over: a field for a file that nobody chose."""


async def receive(request: Request, arrival: Arrival) -> dict[str, str]:
    """
    Write the files of a form, and give its other fields that are not empty.

    Raises
    ------
    InvalidInput
        It is no such form, it breaks off, or a field is too long or there twice.
    UploadTooLarge
        Its files are larger than is read.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length[:20]) > 2 * arrival.most_mb * 1_000_000:
        raise UploadTooLarge(arrival.most_mb)
    fields: dict[str, bytes] = {}
    name, too_large = "", None
    async for part in read_parts(request):
        if part.name is not None:
            name = "" if part.filename is not None else part.name
            if name in fields:
                raise InvalidInput(f"The field {name[:40]!r} is there twice.")
            if name:
                fields[name] = b""
            elif part.filename and too_large is None:
                arrival.begin(part.filename)
            else:
                name = _NO_FILE
        elif name and name != _NO_FILE:
            fields[name] += part.data
            if len(fields[name]) > LONGEST_FIELD:
                raise InvalidInput(f"The field {name[:40]!r} is too long.")
        elif name != _NO_FILE and too_large is None:
            try:
                await asyncio.to_thread(arrival.write, part.data)
            except UploadTooLarge as error:
                too_large = error  # the rest is read all the same: a browser listens late
    if too_large is not None:
        raise too_large
    chosen = {n: v.decode("utf-8", "replace") for n, v in fields.items() if v}
    chosen.pop(CSRF_FIELD, None)
    return chosen

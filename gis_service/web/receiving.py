"""Files of a form on their way to disk, and the form's other fields."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from gis_service.errors import InvalidInput
from gis_service.services.received import Arrival, UploadTooLarge
from gis_service.web.multipart import read_parts
from gis_service.web.principal import CSRF_FIELD

LONGEST_FIELD = 1_000


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
    form = _Form(arrival)
    async for part in read_parts(request):
        if part.name is not None:
            form.begin(part.name, part.filename)
        else:
            await asyncio.to_thread(form.write, part.data)
    if form.too_large is not None:
        raise form.too_large
    chosen = {n: v.decode("utf-8", "replace") for n, v in form.fields.items() if v}
    chosen.pop(CSRF_FIELD, None)
    return chosen


class _Form:
    """What has come of a form; `too_large` is said when the sender listens, at its end."""

    def __init__(self, arrival: Arrival) -> None:
        self.fields: dict[str, bytes] = {}
        self.too_large: UploadTooLarge | None = None
        self._arrival = arrival
        self._name: str | None = None
        self._in_file = False
        self._passed_over = 0

    def begin(self, name: str, filename: str | None) -> None:
        """What is written next belongs to a field, to a file, or, without a name, to nothing."""
        self._in_file = bool(filename)
        self._name = name if filename is None else None
        if self._name is not None:
            if name in self.fields:
                raise InvalidInput(f"The field {name[:40]!r} is there twice.")
            self.fields[name] = b""
        elif filename and self.too_large is None:
            self._arrival.begin(filename)

    def write(self, data: bytes) -> None:
        if self._name is not None:
            self.fields[self._name] += data
            if len(self.fields[self._name]) > LONGEST_FIELD:
                raise InvalidInput(f"The field {self._name[:40]!r} is too long.")
        elif self.too_large is not None:
            self._passed_over += len(data)
            if self._passed_over > self._arrival.most_mb * 1_000_000:  # it may have no end
                raise self.too_large
        elif self._in_file:
            try:
                self._arrival.write(data)
            except UploadTooLarge as error:
                self.too_large = error

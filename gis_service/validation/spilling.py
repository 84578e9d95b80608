"""What is too much for memory, in a file that nobody else sees."""

from __future__ import annotations

import os
import tempfile
import weakref

from gis_service.errors import Unavailable


class SpillFile:
    """A file without a name, which is gone with this object."""

    def __init__(self) -> None:
        self._descriptor, path = tempfile.mkstemp(prefix="gis-spill-")
        os.unlink(path)
        weakref.finalize(self, os.close, self._descriptor)
        self._end = 0

    def add(self, content: bytes | memoryview) -> int:
        """
        Write more at the end; where it begins.

        Raises
        ------
        Unavailable
            The disk takes no more.
        """
        begin, left = self._end, memoryview(content)
        try:
            while left:
                written = os.pwrite(self._descriptor, left, self._end)
                self._end += written
                left = left[written:]
        except OSError as error:
            raise Unavailable(
                f"There is no room for the rows of the file in {tempfile.gettempdir()} "
                f"({error.strerror}). Make room there, or name another folder by TMPDIR."
            ) from None
        return begin

    def read(self, begin: int, size: int) -> bytes:
        """So many bytes from somewhere on."""
        return os.pread(self._descriptor, size, begin)

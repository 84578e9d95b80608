"""Columns of text that are kept part by part: in memory while they are few, then on disk."""

from __future__ import annotations

import os
import tempfile
import weakref

import pyarrow as pa

_IN_MEMORY_BYTES = 4_000_000


class KeptTexts:
    """Arrays of texts in the order in which they were added."""

    def __init__(self) -> None:
        self._held: list[pa.Array] = []
        self._bytes = 0
        self._descriptor = -1
        self._places: list[tuple[int, int]] = []
        self._last: tuple[int, pa.Array] | None = None

    def add(self, texts: pa.Array) -> None:
        """The next array."""
        self._held.append(texts)
        self._bytes += texts.nbytes
        if self._bytes > _IN_MEMORY_BYTES:
            self._spill()

    def __getitem__(self, number: int) -> pa.Array:
        if number >= len(self._places):
            return self._held[number - len(self._places)]
        if self._last is None or self._last[0] != number:
            begin, size = self._places[number]
            content = os.pread(self._descriptor, size, begin)
            self._last = number, pa.ipc.open_stream(content).read_all().column(0).combine_chunks()
        return self._last[1]

    def _spill(self) -> None:
        if self._descriptor < 0:
            self._descriptor, path = tempfile.mkstemp(prefix="gis-texts-")
            os.unlink(path)
            weakref.finalize(self, os.close, self._descriptor)
        for texts in self._held:
            sink = pa.BufferOutputStream()
            batch = pa.record_batch([texts], names=["texts"])
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            content = memoryview(sink.getvalue())
            begin = sum(self._places[-1]) if self._places else 0
            os.pwrite(self._descriptor, content, begin)
            self._places.append((begin, len(content)))
        self._held.clear()
        self._bytes = 0

"""Columns of text that are kept part by part: in memory while they are few, then on disk."""

from __future__ import annotations

import pyarrow as pa

from gis_service.validation.spilling import SpillFile

_IN_MEMORY_BYTES = 4_000_000


class KeptTexts:
    """Arrays of texts in the order in which they were added."""

    def __init__(self) -> None:
        self._held: list[pa.Array] = []
        self._bytes = 0
        self._file: SpillFile | None = None
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
            self._last = number, self._read(*self._places[number])
        return self._last[1]

    def _read(self, begin: int, size: int) -> pa.Array:
        if self._file is None:
            raise AssertionError("nothing was written yet")
        stream = pa.ipc.open_stream(self._file.read(begin, size))
        return stream.read_all().column(0).combine_chunks()

    def _spill(self) -> None:
        self._file = self._file or SpillFile()
        for texts in self._held:
            sink = pa.BufferOutputStream()
            batch = pa.record_batch([texts], names=["texts"])
            with pa.ipc.new_stream(sink, batch.schema) as writer:
                writer.write_batch(batch)
            content = memoryview(sink.getvalue())
            self._places.append((self._file.add(content), len(content)))
        self._held.clear()
        self._bytes = 0

"""Texts by their hashes: what identifies rows, in a few bytes of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from gis_service.validation.drawn import Ints

Hashes = NDArray[np.uint64]


def hashes(texts: pa.Array) -> Hashes:
    """64 bits for each text, the same for the same; 0 where there is none."""
    found: Hashes = pd.util.hash_array(
        texts.to_numpy(zero_copy_only=False), categorize=False
    ).astype(np.uint64)
    if texts.null_count:
        found[pc.is_null(texts).to_numpy(zero_copy_only=False)] = 0
    return found


class KeyIndex:
    """
    Finds texts among many.

    Parameters
    ----------
    texts
        Each once.
    """

    def __init__(self, texts: pa.Array | Sequence[str]) -> None:
        self.texts = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
        unordered = hashes(self.texts)
        self._order = np.argsort(unordered, kind="stable")
        self._hashes = unordered[self._order]

    def __len__(self) -> int:
        return len(self.texts)

    def find(self, wanted: pa.Array) -> Ints:
        """Place of each text; -1 for none."""
        places = self.by_hash(hashes(wanted))
        some = np.flatnonzero(places >= 0)
        same = pc.equal(self.texts.take(pa.array(places[some])), wanted.take(pa.array(some)))
        places[some[~pc.fill_null(same, False).to_numpy(zero_copy_only=False)]] = -1
        return places

    def by_hash(self, wanted: Hashes) -> Ints:
        """Place of the text of each hash, where two texts of one hash are not told apart."""
        places: Ints = np.full(len(wanted), -1, dtype=np.int64)
        if not len(self._hashes):
            return places
        at = np.minimum(np.searchsorted(self._hashes, wanted), len(self._hashes) - 1)
        same = self._hashes[at] == wanted
        places[same] = self._order[at[same]]
        return places

"""Making a tile fit into the bytes that it may take: several tries, each with smaller layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gis_service.model.fields import Collection
from gis_service.model.queries import ItemsQuery
from gis_service.model.tiles import WHOLE_ZOOM
from gis_service.store.tiles import MOST_WHOLE, Layer

_TRIES = 8
"""After so many tries to make a tile fit it is left empty, and said to be thinned."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try to make a tile that is small enough.

    Parameters
    ----------
    budgets
        Bytes for each layer, by estimate.
    most_bytes
        What the layers together may take in the end.
    """

    layers: tuple[Layer, ...]
    budgets: tuple[int, ...]
    most_bytes: int
    number: int = 1

    @classmethod
    def first(
        cls,
        collections: Sequence[Collection],
        zoom: int,
        most_bytes: int,
        query: ItemsQuery | None = None,
    ) -> Attempt:
        """Each layer may take all bytes, as if it stood alone."""
        thinned = zoom < WHOLE_ZOOM
        layers = tuple(Layer(c, thinned=thinned, query=query) for c in collections)
        return cls(layers, (most_bytes,) * len(layers), most_bytes)

    def body(self, row: Any) -> bytes:
        """The tile that the attempt made: its layers one after another."""
        return b"".join(self._encoded(row))

    def is_thinned(self, row: Any) -> bool:
        """Whether any feature was left out."""
        return any(row[f"kept_{n}"] < row[f"found_{n}"] for n in range(len(self.layers)))

    def after(self, row: Any) -> Attempt | None:
        """The next attempt; None when this one made a tile that fits."""
        sizes = [len(each) for each in self._encoded(row)]
        dense = {
            n for n, layer in enumerate(self.layers)
            if not layer.thinned and row[f"found_{n}"] > MOST_WHOLE
        }
        fits = sum(sizes) <= self.most_bytes
        if fits and not dense:
            return None
        part = even_part(sizes, int(self.most_bytes * 0.9))
        large = {n for n, size in enumerate(sizes) if not fits and size > part}
        layers = tuple(
            replace(layer, thinned=layer.thinned or n in large | dense)
            for n, layer in enumerate(self.layers)
        )
        budgets = tuple(
            int(budget * part / sizes[n]) if n in large else budget
            for n, budget in enumerate(self.budgets)
        )
        if self.number >= _TRIES:
            budgets = tuple(0 if n in large else each for n, each in enumerate(budgets))
        return replace(self, layers=layers, budgets=budgets, number=self.number + 1)

    def _encoded(self, row: Any) -> list[bytes]:
        return [bytes(row[f"layer_{n}"] or b"") for n in range(len(self.layers))]


def even_part(sizes: Sequence[int], whole: int) -> float:
    """The most that each may take, so that all together take `whole`; small ones take less."""
    left = float(whole)
    for place, size in enumerate(sorted(sizes)):
        part = left / (len(sizes) - place)
        if size > part:
            return part
        left -= size
    return float("inf")

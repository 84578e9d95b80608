"""Services within each scope, opened when somebody of it first asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Generic, TypeVar

from gis_service.settings import Settings

T = TypeVar("T")

_SHARE = 4
"""A scope's memories and pools are as many times smaller as those of the whole."""


class Scopes(Generic[T]):
    """
    What answers who is held to a scope, by the scope's number.

    Each has logins and memories of its own: what was read for one scope can
    reach no other, whatever is kept under which name.

    Parameters
    ----------
    within
        Opens it for a scope.
    """

    def __init__(self, within: Callable[[int], AbstractAsyncContextManager[T]]) -> None:
        self._within = within
        self._opened: dict[int, T] = {}
        self._opening = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def of(self, scope: int) -> T:
        """What answers within a scope."""
        if scope not in self._opened:
            async with self._opening:
                if scope not in self._opened:
                    self._opened[scope] = await self._stack.enter_async_context(
                        self._within(scope)
                    )
        return self._opened[scope]

    async def close(self) -> None:
        """Close all that was opened."""
        await self._stack.aclose()


def of_a_scope(settings: Settings) -> Settings:
    """Settings within a scope: of the memory and the connections only a share."""
    return settings.model_copy(update={
        "snapshot_mb": settings.snapshot_mb // _SHARE,
        "tile_cache_mb": settings.tile_cache_mb // _SHARE,
        "pool_size": max(2, settings.pool_size // _SHARE),
    })

"""A cluster of Dask that works on parts: one of this machine, or one that runs elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeVar

from gis_service.errors import ConfigurationError, Unavailable

LOCAL = "local"
_SETTINGS = {"distributed.scheduler.allowed-failures": 3}
"""So many workers may die over a part before it is given up."""
CONNECTS_WITHIN_S = 20
_ADDRESS = re.compile(r"local(:(?P<count>[1-9]\d{0,2}))?|(tcp|tls|ucx)://\S+")

T = TypeVar("T")
R = TypeVar("R")


class Cluster:
    """Workers that a scheduler of Dask knows."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, function: Callable[..., R], parts: Sequence[T], common: object) -> list[R]:
        """
        What a function makes of each part, in their order.

        Parameters
        ----------
        function
            Called with a part and `common`, in any process; a part whose worker
            dies is worked on again.
        common
            What every part needs; it goes to each worker once, past the scheduler.

        Raises
        ------
        GisError, Unavailable
            As `gathered`.
        """
        return self.gathered(self.begun(function, parts, common=self.sent(common)))

    def sent(self, common: object) -> Any:
        """What every part needs, at each worker, past the scheduler; for `begun`."""
        return self._client.scatter(common, broadcast=True, direct=True)

    def begun(
        self, function: Callable[..., Any], *columns: Sequence[Any], **common: Any
    ) -> list[Any]:
        """
        What a function will make of each part, kept where it is made.

        It is for `begun` again, without a way past this process, or for `gathered`.
        What a worker keeps when it dies is made again; what does not fit into its
        memory goes to its disk (that is Dask's).

        Parameters
        ----------
        columns
            Arguments of the first call, of the second, ... in as many columns as it takes.
        common
            Arguments of every call.
        """
        tasks: list[Any] = self._client.map(function, *columns, **common, pure=False)
        return tasks

    def partitions(self, frame: Any) -> tuple[Any, list[Any]]:
        """A frame of Dask kept by the workers, and its partitions as `begun` has them."""
        kept = self._client.persist(frame)
        return kept, list(self._client.compute(kept.to_delayed()))

    def gathered(self, tasks: Sequence[Any]) -> list[Any]:
        """
        What `begun` began, here.

        Raises
        ------
        GisError
            As the function raises.
        Unavailable
            Workers died over a part again and again, or the cluster is gone.
        """
        distributed = dask_module("distributed")
        try:
            found: list[Any] = self._client.gather(tasks)
        except distributed.KilledWorker as error:
            raise Unavailable(
                "Workers ended over one part again and again: it probably needs more memory than "
                "they have. Give them more (--worker-memory for those of this machine)."
            ) from error
        except OSError as error:
            raise Unavailable(f"The cluster of Dask is gone: {error}") from error
        return found


@contextmanager
def open_cluster(scheduler: str, *, worker_mb: int) -> Iterator[Cluster]:
    """
    The cluster of a scheduler; one of this machine ends with it.

    Parameters
    ----------
    scheduler
        Its address, `tcp://HOST:PORT` or `tls://HOST:PORT`; or `local:N` for N
        processes here, `local` for one a processor.
    worker_mb
        Memory of a process of this machine, in megabytes: one that takes more is
        ended, and its part begun again. Workers elsewhere say theirs themselves.

    Raises
    ------
    ConfigurationError
        It is no address, or Dask is not installed.
    Unavailable
        No scheduler answers there.
    """
    asked = _ADDRESS.fullmatch(scheduler)
    if asked is None:
        raise ConfigurationError(
            f"{scheduler!r} is no address of a scheduler. Write tcp://HOST:PORT, or local:2 for "
            "two processes of this machine."
        )
    distributed = dask_module("distributed")
    with dask_module("dask").config.set(_SETTINGS):
        if not scheduler.startswith(LOCAL):
            try:
                client = distributed.Client(scheduler, timeout=CONNECTS_WITHIN_S)
            except (OSError, TimeoutError) as error:
                raise Unavailable(f"No scheduler of Dask answers at {scheduler}.") from error
            with client:
                yield Cluster(client)
            return
        with (
            distributed.LocalCluster(
                n_workers=int(asked["count"]) if asked["count"] else None,
                threads_per_worker=1,
                memory_limit=f"{worker_mb}MB",
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            yield Cluster(client)


def dask_module(name: str) -> Any:
    """
    A module of Dask: they come with an extra, and slowly, so nothing loads them before.

    Raises
    ------
    ConfigurationError
        It is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ConfigurationError(
            "Dask is not installed here. This brings it: "
            ".venv/bin/python -m pip install --require-hashes -r requirements-country.lock"
        ) from None

"""The page where Prometheus reads what is counted, what waits and what is held."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

from gis_service import __version__
from gis_service.errors import GisError, NotFound
from gis_service.services.monitoring import Workload
from gis_service.services.safekeeping import Safekeeping
from gis_service.web.counting import BUCKETS_S, Counts, SharedCounts

if TYPE_CHECKING:
    from gis_service.bootstrap import Services

WRITTEN_EVERY_S = 5.0
_ELSEWHERE = "none"
"""The route of an address where there is nothing."""
_HELD = {
    "requests_now": ("Requests being answered.", None),
    "questions_now": ("Questions that the database is asked or that wait for it.", "login"),
    "kept_bytes": ("Bytes kept in memory to answer from.", "what"),
}


class Metrics:
    """
    What this process counts, and with `folder` all that answer beside it.

    Labels are routes as declared, methods, statuses, logins and kinds of jobs:
    few, and nothing that a reader typed.

    Parameters
    ----------
    folder
        Where several processes add up; None when there is one only.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._own = Counts()
        self._shared = SharedCounts(self._own, folder)
        self._routes: dict[Any, str] = {}
        self._answering = 0

    def learn(self, routes: Iterable[BaseRoute]) -> None:
        """Note under which path each endpoint is declared."""
        for route in routes:
            if isinstance(route, Route | Mount):
                endpoint = route.app if isinstance(route, Mount) else route.endpoint
                self._routes.setdefault(endpoint, route.path)

    def begun(self) -> None:
        """A request came."""
        self._answering += 1

    def ended(self, scope: Scope, status: int, seconds: float) -> str:
        """A request was answered; the route that it took."""
        self._answering -= 1
        route = self._routes.get(scope.get("endpoint"), _ELSEWHERE)
        self._own.count(scope["method"], route, status, seconds)
        return route

    async def keep_telling(self, services: Services) -> None:
        """Tell the other processes again and again; ends when it is cancelled."""
        try:
            while True:
                self._look(services)
                self._shared.write()
                await asyncio.sleep(WRITTEN_EVERY_S)
        finally:
            self._shared.write()

    async def page(self, services: Services) -> bytes:
        """All figures, as Prometheus reads them."""
        self._look(services)
        registry = CollectorRegistry()
        registry.register(
            _Figures([*_of_requests(self._shared.together()), *await _of_service(services)])
        )
        return generate_latest(registry)

    def _look(self, services: Services) -> None:
        now = self._own.now
        now["requests_now", ""] = self._answering
        for login, number in services.monitoring.questions().items():
            now["questions_now", login.value] = number
        for what, number in services.monitoring.kept_bytes().items():
            now["kept_bytes", what] = number
        for source, number in services.monitoring.tiles_from().items():
            now["tiles", source] = number
        for server, number in services.monitoring.answered_by().items():
            now["questions", server] = number


class _Figures:
    """Figures that were gathered before, as the library wants to be given them."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> list[Metric]:
        return self._found


def _of_requests(counts: Counts) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "gis_requests", "Requests answered.", labels=("method", "route", "status")
    )
    for (method, route, status), number in sorted(counts.requests.items()):
        requests.add_metric((method, route, str(status)), number)
    yield requests
    seconds = HistogramMetricFamily(
        "gis_request_seconds", "Seconds until the last byte was given to the server.",
        labels=("route",),
    )
    limits = [*(str(limit) for limit in BUCKETS_S), "+Inf"]
    for route, took in sorted(counts.durations.items()):
        up_to = list(zip(limits, accumulate(took.classes), strict=True))
        seconds.add_metric((route,), up_to, took.seconds)
    yield seconds
    tiles = CounterMetricFamily(
        "gis_tiles", "Tiles answered, by where they came from.", labels=("source",)
    )
    for source in ("database", "memory"):
        tiles.add_metric((source,), counts.now.get(("tiles", source), 0))
    yield tiles
    questions = CounterMetricFamily(
        "gis_questions", "Questions answered, by server of the database.", labels=("server",)
    )
    for (of, server), asked in sorted(counts.now.items()):
        if of == "questions":
            questions.add_metric((server,), asked)
    yield questions
    for name, (title, label) in _HELD.items():
        held = GaugeMetricFamily(f"gis_{name}", title, labels=(label,) if label else ())
        for (of, value), now in sorted(counts.now.items()):
            if of == name:
                held.add_metric((value,) if label else (), now)
        yield held


async def _of_service(services: Services) -> list[Metric]:
    ready = GaugeMetricFamily("gis_ready", "Whether a check passes.", labels=("check",))
    for check in (await services.health.ready()).checks:
        ready.add_metric((check.name,), float(check.ok))
    about = GaugeMetricFamily("gis_info", "The service.", labels=("version",))
    about.add_metric((__version__,), 1)
    found = [
        about, ready,
        *_of_replicas(services.monitoring.replicas()),
        *_of_copies(await services.monitoring.safekeeping()),
    ]
    try:
        workload = await services.monitoring.workload()
    except GisError:  # the checks say that the database does not answer
        return found
    return [*found, *_of_work(workload)]


def _of_replicas(replicas: Mapping[str, tuple[float, bool]]) -> Iterator[Metric]:
    """As this process sees them."""
    lag = GaugeMetricFamily(
        "gis_replica_lag_seconds", "How far a replica is behind.", labels=("server",)
    )
    asked = GaugeMetricFamily(
        "gis_replica_asked", "Whether a replica is asked.", labels=("server",)
    )
    for name, (lag_s, is_asked) in replicas.items():
        lag.add_metric((name,), lag_s)
        asked.add_metric((name,), float(is_asked))
    yield from (lag, asked)


def _of_copies(copies: Safekeeping) -> Iterator[Metric]:
    """What is not there has a name and no figure."""
    for name, title, value in (
        ("gis_backups", "Backups in the folder of backups.", copies.backups),
        ("gis_backup_age_seconds", "Since the newest backup was made.", copies.backup_age_s),
        ("gis_backup_proven_age_seconds", "Since the newest proven backup was made.",
         copies.proven_age_s),
        ("gis_backup_run_failed", "Whether the last run of the backups failed.",
         copies.run_failed),
        ("gis_recovery_failing", "Whether the log of changes is not kept as it should be.",
         copies.log_fails),
        ("gis_recovery_base_age_seconds", "Since the newest base copy was made.",
         copies.base_age_s),
        ("gis_recovery_bytes", "Size of the log of changes with its base copies.",
         copies.log_bytes),
    ):
        metric = GaugeMetricFamily(name, title)
        if value is not None:
            metric.add_metric((), float(value))
        yield metric


def _of_work(workload: Workload) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("gis_jobs", "Jobs by kind and state.", labels=("kind", "state"))
    for (kind, state), number in sorted(workload.jobs.items()):
        jobs.add_metric((kind, state), number)
    yield jobs
    for name, title, value in (
        ("gis_jobs_waiting_seconds", "How long the first job in the queue has waited.",
         workload.oldest_job_s),
        ("gis_field_operations_waiting", "Field operations kept and not carried out.",
         workload.operations_waiting),
        ("gis_conflicts_open", "Conflicts of field work that wait for a person.",
         workload.conflicts_open),
        ("gis_reports_open", "Reports of citizens that nobody has answered.",
         workload.reports_open),
        ("gis_loads", "Loads that were committed.", workload.loads),
        ("gis_database_bytes", "Size of the database.", workload.database_bytes),
    ):
        yield GaugeMetricFamily(name, title, value=value)


async def metrics(request: Request) -> Response:
    """The figures; to whoever is no staff there is nothing here."""
    principal = request.state.principal
    if not principal.audience.is_staff or principal.scope is not None:
        raise NotFound("There is nothing at /metrics.")
    body = await request.app.state.metrics.page(request.state.services)
    headers = {"cache-control": "no-store", "content-type": CONTENT_TYPE_LATEST}
    return Response(body, headers=headers)


ROUTES = (Route("/metrics", metrics, methods=["GET"]),)

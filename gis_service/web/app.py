"""The application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Route

from gis_service import __version__
from gis_service.settings import Settings, shared_metrics
from gis_service.store.changes import ended
from gis_service.web import (
    assets,
    audit,
    basemap,
    batches,
    collections,
    conflicts,
    dashboard,
    docs,
    edits,
    exports,
    field,
    field_shell,
    health,
    history,
    items,
    jobs,
    joins,
    landing,
    loads,
    login,
    maps,
    metrics,
    nearest,
    open311,
    paper,
    people,
    photos,
    printing,
    privacy,
    processes,
    public,
    publish,
    report_desk,
    reports,
    rules,
    schemas,
    search,
    static,
    tiles,
    walked_routes,
)
from gis_service.web.compression import Compression
from gis_service.web.envelope import Envelope
from gis_service.web.lines import Kinds
from gis_service.web.problems import add_problem_handlers
from gis_service.web.quota import Quota
from gis_service.web.seen import Seen
from gis_service.web.shortcut import Shortcut

if TYPE_CHECKING:
    from gis_service.bootstrap import Services

OpenServices = Callable[[], AbstractAsyncContextManager["Services"]]


def create_app(settings: Settings, open_services: OpenServices) -> FastAPI:
    """
    The service as an ASGI application.

    Routes take a request and return finished bytes. The description of the API
    is our own (`/api`), since FastAPI's is not OpenAPI 3.0 and its pages load
    scripts from elsewhere.

    Parameters
    ----------
    open_services
        Opens the services when the application starts and closes them when it ends.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with open_services() as services:
            telling = asyncio.create_task(counted.keep_telling(services))
            yield {"services": services}
            await ended(telling)

    app = FastAPI(
        title="gis-service",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for module in (
        landing, collections, schemas, items, nearest, search, edits, batches, history, tiles,
        processes, maps, basemap, printing, public, dashboard, jobs, health, metrics,
        field_shell, field, photos, walked_routes, conflicts, assets, paper, exports, joins,
        rules, loads, docs, people, audit, privacy,
    ):
        app.router.routes.extend(module.ROUTES)
    app.router.routes.extend(login.routes())
    quota = Quota(settings.reports_per_hour)
    app.router.routes.extend(
        (*reports.routes(quota), *open311.routes(quota), *report_desk.ROUTES, *publish.ROUTES)
    )
    app.router.routes.append(static.mount())
    app.state.paths = frozenset(
        route.path for route in app.router.routes if isinstance(route, Route)
    )
    app.state.metrics = counted = metrics.Metrics(shared_metrics(settings))
    counted.learn(app.router.routes)
    add_problem_handlers(app)
    app.add_middleware(Shortcut)
    app.add_middleware(Compression)
    app.add_middleware(Seen, settings=settings)
    kinds = Kinds(app.router.routes)
    app.add_middleware(Envelope, settings=settings, metrics=counted, kinds=kinds)
    return app

"""What uvicorn runs: the application with settings from the environment."""

from __future__ import annotations

from fastapi import FastAPI

from gis_service.bootstrap import open_services
from gis_service.installation import addresses_of
from gis_service.logs import set_up
from gis_service.settings import read_settings
from gis_service.web.app import create_app


def application() -> FastAPI:
    """The service of this process."""
    settings = read_settings()
    set_up(settings.log_format)
    return create_app(settings, lambda: open_services(settings, addresses_of(settings)))

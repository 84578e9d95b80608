"""What uvicorn runs: the application with settings from the environment."""

from __future__ import annotations

from fastapi import FastAPI

from gis_service.bootstrap import open_services
from gis_service.installation import addresses_of
from gis_service.settings import read_settings
from gis_service.web.app import create_app


def application() -> FastAPI:
    """The service of this process."""
    settings = read_settings()
    return create_app(settings, lambda: open_services(settings, addresses_of(settings)))

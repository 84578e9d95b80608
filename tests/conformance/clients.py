"""Clients of the application in this process, with settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from uuid import uuid4

from starlette.testclient import TestClient

from gis_service.bootstrap import open_services
from gis_service.installation import Addresses
from gis_service.model.audience import Audience
from gis_service.services.keys import create_key
from gis_service.settings import Settings
from gis_service.store.database import Database
from gis_service.web.app import create_app

Clients = Callable[..., AbstractContextManager[TestClient]]


def sample_clients(databases: Any, template: str, settings: Settings) -> Iterator[Clients]:
    """Clients of a database of their own with the sample data; a fixture's body."""
    database = databases.fresh(template)
    yield clients_on(settings, databases.with_logins(database))
    databases.drop(database)


def clients_on(settings: Settings, addresses: Addresses) -> Clients:
    """Makes clients of a database: with the key of an audience, changed settings by keyword."""

    @contextmanager
    def client(*, audience: Audience = Audience.PUBLIC, **changed: Any) -> Iterator[TestClient]:
        own = settings.model_copy(update=changed)
        headers = {}
        if audience.is_staff:
            database = Database.at(addresses.owner)
            issued = create_key(database, role=audience, name="Test", client=str(uuid4()))
            headers = {"Authorization": f"Bearer {issued.text.shown()}"}
        app = create_app(own, lambda: open_services(own, addresses))
        with TestClient(app, base_url=own.public_base_url, headers=headers) as made:
            yield made

    return client

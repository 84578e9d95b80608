"""Our own scripts, styles and icons, and those of others that we bring along."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from gis_service.web.conditions import plain_tags
from gis_service.web.maps import FOREVER

FOLDER = Path(__file__).resolve().parent / "static"


class Assets(StaticFiles):
    """
    Files by their path.

    The folders of `vendor` carry a version and never change; others are asked
    for again, by their ETag, unless the address carries a hash (`?v=`).
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        headers = [
            (name, plain_tags(value.decode("latin-1")).encode("latin-1"))
            if name == b"if-none-match"
            else (name, value)
            for name, value in scope["headers"]
        ]
        response = await super().get_response(path, {**scope, "headers": headers})
        if response.status_code in (200, 206, 304):
            lasting = path.startswith("vendor/") or scope["query_string"].startswith(b"v=")
            response.headers["cache-control"] = f"public, {FOREVER}" if lasting else "no-cache"
        return response


def mount() -> Mount:
    """The route of all files."""
    return Mount("/static", app=Assets(directory=FOLDER, check_dir=False), name="static")

"""Asking an application without a network, many times."""

from __future__ import annotations

import asyncio
import gzip
import re
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI

from gis_service.bootstrap import open_services
from gis_service.installation import Addresses
from gis_service.settings import Settings
from gis_service.web.app import create_app


@dataclass(frozen=True)
class Question:
    """One request."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __str__(self) -> str:
        return f"{self.method} {self.path}?{urlencode(dict(self.query))} {dict(self.headers)}"


@dataclass(frozen=True)
class Answer:
    """What came back, without what differs each time."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    def replaced(self, pairs: Mapping[str, str]) -> Answer:
        """The answer with words in place of others."""
        body = self.body
        for old, new in pairs.items():
            body = body.replace(old.encode(), new.encode())
        headers = self.headers
        for old, new in pairs.items():
            headers = tuple((k, v.replace(old, new)) for k, v in headers)
        return Answer(self.status, tuple(h for h in headers if h[0] != "content-length"), body)


_EACH_TIME = (
    (re.compile(rb'"timeStamp":"[^"]*"'), b'"timeStamp":""'),
    (re.compile(rb'"until":"[^"]*"'), b'"until":""'),
    (re.compile(rb'until=2\d\d\d-[^"&]*'), b"until="),
    (re.compile(rb"until='2\d\d\d-[^']*'"), b"until="),
    (re.compile(rb'"read_at":"[^"]*"'), b'"read_at":""'),
    (re.compile(rb'"server_time":"[^"]*"'), b'"server_time":""'),
    (re.compile(rb'name="(csrf|form)_token" value="[^"]*"'), b""),
    (re.compile(rb"[\d,]+ MB are free"), b"MB are free"),
)


@dataclass
class Site:
    """An application with its services open."""

    app: FastAPI
    state: dict[str, Any]

    async def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """All at once."""
        return await asyncio.gather(*map(self.ask, questions))

    async def ask(self, question: Question) -> Answer:
        sent: list[dict[str, Any]] = []
        messages = iter([{"type": "http.request", "body": question.body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            for message in messages:
                return message
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        headers = {"host": "127.0.0.1:8000", **question.headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": question.method,
            "scheme": "http",
            "path": question.path,
            "raw_path": quote(question.path).encode(),
            "query_string": urlencode(dict(question.query), quote_via=quote).encode(),
            "root_path": "",
            "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 8000),
            "state": dict(self.state),
        }
        await self.app(scope, receive, send)  # type: ignore[arg-type]
        return _answer(sent)


class Remembering:
    """Asks a site each question once, and gives the same answer when it is asked again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._answers: dict[tuple[str, bytes], Answer] = {}

    async def ask(self, question: Question) -> Answer:
        key = (str(question), question.body)
        if key not in self._answers:
            self._answers[key] = await self._site.ask(question)
        return self._answers[key]


def _answer(sent: list[dict[str, Any]]) -> Answer:
    start = sent[0]
    headers = {k.decode().lower(): v.decode() for k, v in start["headers"]}
    request_id = headers.pop("x-request-id", "?")
    if "gis_login" in headers.get("set-cookie", ""):
        del headers["set-cookie"]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    if headers.get("content-encoding") == "gzip":  # its head holds the time
        body = gzip.decompress(body)
        headers.pop("content-length", None)
    body = body.replace(request_id.encode(), b"REQUEST")
    if body.startswith(b"SQLite format 3\0"):
        body = _dumped(body)
    for pattern, put in _EACH_TIME:
        body = pattern.sub(put, body)
    if b"MB are free" in body:
        headers.pop("content-length", None)
    return Answer(start["status"], tuple(sorted(headers.items())), body)


def _dumped(file: bytes) -> bytes:
    """A GeoPackage without the time of its writing; nothing may lie in pages that are not used."""
    with tempfile.NamedTemporaryFile() as copy:
        copy.write(file)
        copy.flush()
        database = sqlite3.connect(copy.name)
        free = database.execute("PRAGMA freelist_count").fetchone()
        tables = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%' "
            "ORDER BY name"
        ).fetchall()
        rows = [repr(free)]
        for (name,) in tables:
            cursor = database.execute(f'SELECT * FROM "{name}"')
            names = [column[0] for column in cursor.description]
            for row in cursor:
                told = zip(names, row, strict=True)
                rows.append(repr((name, [pair for pair in told if pair[0] != "last_change"])))
        database.close()
    return "\n".join(rows).encode()


@asynccontextmanager
async def opened(settings: Settings, addresses: Addresses) -> AsyncIterator[Site]:
    """An application on a database."""
    app = create_app(settings, lambda: open_services(settings, addresses))
    async with app.router.lifespan_context(app) as state:
        yield Site(app, dict(state or {}))

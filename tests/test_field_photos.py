"""Photos of phones: made anew, kept once, without anything but the picture."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image
from starlette.testclient import TestClient

from gis_service.formats.pictures import LONGEST_SIDE, MOST_BYTES
from gis_service.model.audience import Audience
from gis_service.settings import Settings
from tests.conformance.clients import Clients, sample_clients
from tests.conftest import Databases

ITEM = str(uuid4())


@pytest.fixture(scope="module")
def clients(
    databases: Databases, sample_template: str, settings: Settings
) -> Iterator[Clients]:
    yield from sample_clients(databases, sample_template, settings)


@pytest.fixture(scope="module")
def technician(clients: Clients) -> Iterator[TestClient]:
    with clients(audience=Audience.TECHNICIAN) as client:
        yield client


def photo(kind: str = "JPEG", size: tuple[int, int] = (400, 300), **options: Any) -> bytes:
    packed = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(packed, kind, **options)
    return packed.getvalue()


def with_secrets() -> bytes:
    """Position, owner and a comment, and a script behind the picture."""
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x013B] = "Owner Onyango"
    exif[0x8825] = {1: "S", 2: (0.0, 40.0, 52.0), 3: "E", 4: (34.0, 46.0, 12.0)}
    made = photo(exif=exif, comment=b"call 0700 000 000")
    return made + b"<script>alert(1)</script>"


def put(client: TestClient, content: bytes, **changed: Any) -> Any:
    told = {"id": str(uuid4()), "type": "image/jpeg"} | changed
    query = {"collection": "equipment", "item": ITEM, "taken_at": "2026-02-03T10:11:12+03:00"}
    query |= {k: v for k, v in changed.items() if k not in ("id", "type")}
    return client.put(
        f"/field/photos/{told['id']}", params=query, content=content,
        headers={"content-type": told["type"]},
    )


def test_only_the_picture_is_kept(technician: TestClient) -> None:
    id_ = str(uuid4())
    answer = put(technician, with_secrets(), id=id_)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    assert kept["taken_at"] == "2026-02-03T07:11:12+00:00"
    assert put(technician, with_secrets(), id=id_).status_code == 200
    assert put(technician, photo(), id=id_).status_code == 409
    assert put(technician, with_secrets(), id=id_, item=str(uuid4())).status_code == 409
    shown = technician.get(f"/field/photos/{id_}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "private" in shown.headers["cache-control"]
    for secret in (b"Exif", b"Onyango", b"0700", b"script", b"GPS"):
        assert secret not in shown.content
    with Image.open(io.BytesIO(shown.content)) as made:
        assert made.size == (300, 400)  # turned upright
        assert not made.getexif()
    tag = {"if-none-match": shown.headers["etag"]}
    assert technician.get(f"/field/photos/{id_}", headers=tag).status_code == 304


def test_every_kind_is_kept_small(technician: TestClient) -> None:
    noise = Image.effect_noise((900, 700), 60).convert("RGB")
    packed = io.BytesIO()
    noise.save(packed, "WEBP", quality=1)
    assert len(packed.getvalue()) <= MOST_BYTES
    for content, type_ in (
        (packed.getvalue(), "image/webp"),
        (photo("PNG"), "image/png"), (photo("WEBP"), "image/webp"),
    ):
        answer = put(technician, content, type=type_)
        assert answer.status_code == 201, answer.text
        shown = technician.get(f"/field/photos/{answer.json()['id']}").content
        assert len(shown) == answer.json()["bytes"] <= MOST_BYTES
        with Image.open(io.BytesIO(shown)) as made:
            assert (made.format, max(made.size) <= LONGEST_SIDE) == ("JPEG", True)


def bomb() -> bytes:
    """A PNG of some kilobytes that unpacks to 40,000 x 40,000 pixels."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(
            ">I", zlib.crc32(name + data)
        )

    head = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_attacks_are_refused(technician: TestClient) -> None:
    whole = photo()
    hostile = [
        b"", b"x", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"GIF89a" * 20,
        whole[: len(whole) // 2], whole[:20] + b"\xff" * 400, bomb(), photo("GIF"), photo("BMP"),
        photo("TIFF"), photo(size=(5000, 4000), quality=1),
    ]
    for content in hostile:
        answer = put(technician, content[:MOST_BYTES])
        assert answer.status_code == 400, content[:20]
        assert answer.headers["content-type"] == "application/problem+json"
    large = put(technician, whole + bytes(MOST_BYTES))
    assert (large.status_code, "150 kilobytes" in large.text) == (413, True)
    assert put(technician, whole, type="image/svg+xml").status_code == 415
    for wrong in ({"collection": "secrets"}, {"item": "x"}, {"taken_at": "now"}, {"id": "x"},
                  {"operation": "x"}):
        assert put(technician, whole, **wrong).status_code == 400


def test_the_public_neither_sends_nor_sees(clients: Clients, technician: TestClient) -> None:
    made = put(technician, photo()).json()["id"]
    with clients() as public:
        assert put(public, photo()).status_code == 401
        answers = [public.get(f"/field/photos/{each}") for each in (made, uuid4(), "x")]
    assert {each.status_code for each in answers} == {401}
    assert technician.get(f"/field/photos/{uuid4()}").status_code == 404

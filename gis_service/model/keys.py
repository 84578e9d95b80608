"""Keys: their text, and what is known of them."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from gis_service.model.audience import Audience, Principal

PREFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for each other when a prefix is read out."""
PREFIX_LENGTH = 8
SECRET_BYTES = 32
LONGEST_KEY = 200

_KEY = re.compile(r"gis_([a-z2-9]{8})_([A-Za-z0-9_-]{43})([A-Za-z0-9_-]{6})")
_LIKE_A_KEY = re.compile(r"gis_[a-z2-9]{8}_[A-Za-z0-9_-]{16,}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class KeyText:
    """
    A key as its holder has it: `gis_`, a prefix to find it by, a secret, a checksum.

    The checksum tells a key that was cut short or mistyped from one that is
    unknown, without asking the database.
    """

    prefix: str
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> KeyText:
        """A key of 256 random bits."""
        prefix = "".join(secrets.choice(PREFIX_LETTERS) for _ in range(PREFIX_LENGTH))
        return cls(prefix, secrets.token_urlsafe(SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> KeyText | None:
        """The key that a text is; None when it is none."""
        found = _KEY.fullmatch(text) if len(text) <= LONGEST_KEY else None
        if found is None:
            return None
        key = cls(found[1], found[2])
        return key if key.shown() == text else None

    def shown(self) -> str:
        """The whole text: for its holder, once."""
        head = f"gis_{self.prefix}_{self.secret}"
        return head + _base64url(zlib.crc32(head.encode()).to_bytes(4, "big"))

    @property
    def sha256(self) -> bytes:
        """What is stored."""
        return sha256(self.secret)


class KeyState(StrEnum):
    """Whether a key opens anything."""

    LIVE = "live"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What is told of a key; never its secret."""

    id: UUID
    prefix: str
    role: Audience
    client: str
    person_id: UUID
    person: str | None
    ward: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    scope_id: int | None
    scope: str | None
    state: KeyState


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: the only time that its text is known."""

    text: KeyText
    record: KeyRecord


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has logged in with a key."""

    principal: Principal
    client: str
    csrf_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session: the only time that its token is known."""

    token: str = field(repr=False)
    lasts_s: int


def new_token() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(SECRET_BYTES)


def sha256(text: str) -> bytes:
    """The hash by which a secret is stored and compared."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def holds_key(text: str) -> bool:
    """Whether a text has a key in it, whole or cut short."""
    return _LIKE_A_KEY.search(text) is not None


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""Acts that change no item of the map, and are written down all the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class ActKind(StrEnum):
    """What somebody did; the audit names edits, loads and publications besides."""

    SIGNED_IN = "signed-in"
    KEY_MADE = "key-made"
    KEY_REPLACED = "key-replaced"
    KEY_REVOKED = "key-revoked"
    PERSON_MADE = "person-made"
    PERSON_CHANGED = "person-changed"
    PERSON_EXPORTED = "person-exported"
    PERSON_ERASED = "person-erased"
    CONTACT_FORGOTTEN = "contact-forgotten"
    DATA_EXPORTED = "data-exported"
    REPORT_REFUSED = "report-refused"
    REPORT_JOINED = "report-joined"


@dataclass(frozen=True, slots=True)
class Act:
    """
    One act, for the record.

    Parameters
    ----------
    subject_id
        The person whom it concerns, by the opaque id.
    details
        What else is worth knowing, for ever: never a secret, a name or a contact.
    """

    kind: ActKind
    subject_id: UUID | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

"""What citizens report: the kinds, the rules of a report, and how one stands."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gis_service.errors import InvalidInput, TooManyRequests
from gis_service.model.fields import LANGUAGES, Language, Text

LONGEST = {"description": 1000, "place": 200, "contact": 120}
"""Most characters of each text."""
SHORTEST_DESCRIPTION = 5
NEAR_M = 150.0
"""How far the true place may be from one that was clicked, where nobody says."""
FARTHEST_M = 20_000.0


class Kind(StrEnum):
    """What a report is about; the codes are those of Open311."""

    NO_SERVICE = "no-service"
    CABLE = "cable"
    STRUCTURE = "structure"
    WIFI = "wifi"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KindWords:
    """What a kind of report is called, and what belongs to it."""

    title: Text
    description: Text


KINDS: Mapping[Kind, KindWords] = {
    Kind.NO_SERVICE: KindWords(
        Text("An office without internet", "Ofisi bila intaneti"),
        Text("A public office, health facility or school that cannot work because its connection "
             "is down.",
             "Ofisi ya umma, kituo cha afya au shule ambayo muunganisho wake umekatika."),
    ),
    Kind.CABLE: KindWords(
        Text("A cable that hangs, lies open or is cut", "Kebo inayoning'inia, iliyo wazi au "
             "iliyokatwa"),
        Text("A cable of the network that is broken or in somebody's way.",
             "Kebo ya mtandao iliyoharibika au inayozuia njia."),
    ),
    Kind.STRUCTURE: KindWords(
        Text("A damaged pole, cabinet or manhole", "Nguzo, kabati au shimo lililoharibika"),
        Text("A pole that leans, a cabinet that stands open, a manhole without its cover.",
             "Nguzo iliyoinama, kabati lililo wazi, shimo lisilo na mfuniko."),
    ),
    Kind.WIFI: KindWords(
        Text("Public Wi-Fi that does not work", "Wi-Fi ya umma isiyofanya kazi"),
        Text("No signal, or no internet behind it.", "Hakuna mawimbi, au hakuna intaneti."),
    ),
    Kind.OTHER: KindWords(
        Text("Something else", "Jambo lingine"),
        Text("Anything else about the network.", "Jambo lingine lolote kuhusu mtandao."),
    ),
}


class ReportState(StrEnum):
    """How a report stands: all that its reference number tells."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    MENDED = "mended"
    REFUSED = "refused"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self in (ReportState.RECEIVED, ReportState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class NewReport:
    """
    A report as it comes in, checked.

    Parameters
    ----------
    place
        Where, in the reporter's words.
    ward
        Code of the ward that was chosen.
    position
        Longitude and latitude in degrees (EPSG:4326), if there is one.
    uncertainty_m
        How far the true place may be from `position`.
    contact
        How to reach who reports; never public.
    language
        The language in which to answer.
    """

    kind: Kind
    description: str
    place: str | None
    ward: str | None
    position: tuple[float, float] | None
    uncertainty_m: float | None
    contact: str | None
    language: Language


@dataclass(frozen=True, slots=True)
class Followed:
    """What a reference number tells; nothing else of a report is told to anybody."""

    reference: str
    kind: Kind
    received_at: datetime
    accepted_at: datetime | None
    refused_at: datetime | None
    mended_at: datetime | None
    answer: str | None

    @property
    def state(self) -> ReportState:
        if self.refused_at is not None:
            return ReportState.REFUSED
        if self.accepted_at is None:
            return ReportState.RECEIVED
        return ReportState.ACCEPTED if self.mended_at is None else ReportState.MENDED

    @property
    def changed_at(self) -> datetime:
        """When it came into the state in which it is."""
        return self.refused_at or self.mended_at or self.accepted_at or self.received_at


@dataclass(frozen=True, slots=True)
class Received:
    """A report as staff see it."""

    followed: Followed
    report: NewReport
    fault_id: str | None

    @property
    def reference(self) -> str:
        return self.followed.reference

    @property
    def state(self) -> ReportState:
        return self.followed.state


@dataclass(frozen=True, slots=True)
class Beside:
    """An item near a reported place: what may be broken, or a fault that is known already."""

    collection: str
    id: str
    name: str
    distance_m: float | None


class ReportRejected(InvalidInput):
    """
    A report breaks rules.

    Parameters
    ----------
    faults
        The rule that is broken, by the name of what breaks it.
    """

    def __init__(self, faults: Mapping[str, str]) -> None:
        self.faults = dict(faults)
        listed = " ".join(f"{name}: {RULES[rule].en}" for name, rule in self.faults.items())
        super().__init__(f"Nothing was sent. {listed}")


class TooManyReports(TooManyRequests):
    """Too many reports from one address."""

    what = "reports"


RULES: Mapping[str, Text] = {
    "kind": Text("Choose what it is about.", "Chagua inahusu nini."),
    "missing": Text("Say what is wrong, in a few words.", "Eleza tatizo kwa maneno machache."),
    "nowhere": Text("Choose a ward, describe the place or mark it.",
                    "Chagua wadi, eleza mahali au weka alama."),
    "long": Text("This is too long.", "Haya ni marefu mno."),
    "link": Text("Leave out web addresses.", "Usiweke anwani za tovuti."),
    "characters": Text("This holds characters that are not text.", "Kuna herufi zisizo maandishi."),
    "ward": Text("There is no such ward.", "Hakuna wadi hiyo."),
    "position": Text("This is not a place in degrees, longitude and latitude.",
                     "Haya si majira ya mahali, longitudo na latitudo."),
    "outside": Text("This place is too far from the municipality.",
                    "Mahali hapa ni mbali mno na manispaa."),
}
"""Each rule of a report, in words for who breaks it."""

_LINK = re.compile(r"://|\bwww\.|</?\s*[a-z]|\[/?url|\bhref\b", re.IGNORECASE)
_NOT_TEXT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffd]"
)


def checked(given: Mapping[str, str], *, language: Language) -> NewReport:
    """
    The report that somebody sends.

    Parameters
    ----------
    given
        `kind`, `description`, `place`, `ward`, `lon`, `lat`, `accuracy_m` and
        `contact`, as texts; what is absent or empty is not said. The ward and
        whether the place is near are left to who knows the wards.

    Raises
    ------
    ReportRejected
        Something breaks a rule; it names all that does.
    """
    faults: dict[str, str] = {}
    texts = {name: _text(given.get(name, ""), name, faults) for name in LONGEST}
    if texts["description"] is None or len(texts["description"]) < SHORTEST_DESCRIPTION:
        faults.setdefault("description", "missing")
    kind = given.get("kind", "").strip()
    if kind not in set(Kind):
        faults["kind"] = "kind"
    position = _position(given.get("lon", ""), given.get("lat", ""), faults)
    uncertainty_m = _number(given.get("accuracy_m", ""))
    ward = given.get("ward", "").strip() or None
    if position is None and ward is None and texts["place"] is None:
        faults.setdefault("place", "nowhere")
    if faults:
        raise ReportRejected(faults)
    return NewReport(
        Kind(kind), texts["description"] or "", texts["place"], ward, position,
        None if position is None else min(max(uncertainty_m or NEAR_M, 1.0), FARTHEST_M),
        texts["contact"], language if language in LANGUAGES else "en",
    )


def _text(given: str, name: str, faults: dict[str, str]) -> str | None:
    text = re.sub(r"\r\n?|\t", lambda m: "\n" if m[0] != "\t" else " ", given).strip()
    if name != "description":
        text = re.sub(r"\s+", " ", text)
    if len(text) > LONGEST[name]:
        faults[name] = "long"
    elif _NOT_TEXT.search(text):
        faults[name] = "characters"
    elif _LINK.search(text):
        faults[name] = "link"
    return text or None


def _position(lon: str, lat: str, faults: dict[str, str]) -> tuple[float, float] | None:
    if not lon.strip() and not lat.strip():
        return None
    x, y = _number(lon), _number(lat)
    if x is None or y is None or not (-180 <= x <= 180 and -90 <= y <= 90):
        faults["position"] = "position"
        return None
    return round(x, 6), round(y, 6)


def _number(text: str) -> float | None:
    try:
        value = float(text) if len(text) <= 40 else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None

"""
Every error that a user of the service can meet.

GisError
├── InvalidInput            what was asked cannot be understood or is not allowed
│   ├── UnknownCollection   no collection of that name (for this reader)
│   ├── UnknownProperty     no property of that name (for this reader)
│   ├── UnknownInput        no input of that name of a process
│   ├── InvalidParameter    a parameter's value breaks its rule
│   ├── UnreadableFile      a file cannot be read as what it claims to be
│   ├── UnknownCrs          a file does not say where on earth it is
│   ├── InvalidDefinition   a definition in `maps/` breaks its rules
│   └── OffThePath          a fault's reading ends off its cables (in `model.fault_location`)
├── NotFound                there is no such item
│   └── NoSuchProcess       no process of that name (for this reader)
├── UnknownKey              a key opens nothing (any more)
├── NotAllowed              who asks may not do that
├── TooManyRequests         too many requests in a short time
│   └── TooManyAttempts     too many of them failed
├── LoadRejected            rows are at fault, so nothing was loaded (in `model.reports`)
│   └── OutcomeDiffers      rows would become something else than was shown (in `model.uploads`)
├── SyncUnconfirmed         items would be marked, and nobody said yes (in `model.reports`)
├── Conflict                another change came first
├── PreconditionFailed      an item is not as the edit expects it
├── RepeatedKey             an idempotency key was used for something else
├── EditRejected            an item as it would be breaks rules (in `model.edits`)
├── BatchRejected           operations of a batch failed (in `model.edits`)
├── Unavailable             the database cannot answer now
│   ├── Busy                too many are served at the moment
│   └── NoRoom              the database's disk is full
├── ExportFailed            a file could not be written
│   └── PrintFailed         pages could not be set
├── BackupFailed            a copy of everything cannot be made, read or put back
│   └── DamagedBackup       the copy is not what was written
├── ConfigurationError      settings do not fit the machine or each other
└── ClusterError            the private PostgreSQL cannot do what was asked

An error carries facts; its message says what, where and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class GisError(Exception):
    """Base of every error that is told to a user in full."""


class InvalidInput(GisError):
    """What was asked cannot be understood or is not allowed."""


class UnknownCollection(InvalidInput):
    """No collection of that name can be seen by this reader."""

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(f"There is no collection {name!r}. Known: {', '.join(self.known)}.")


class UnknownProperty(InvalidInput):
    """No property of that name can be seen by this reader."""

    def __init__(self, name: str, *, collection: str, known: Iterable[str]) -> None:
        self.name = name
        self.collection = collection
        self.known = tuple(sorted(known))
        super().__init__(
            f"{collection} has no property {name!r}. Known: {', '.join(self.known)}."
        )


class UnknownInput(InvalidInput):
    """A process has no input of that name."""

    def __init__(self, name: str, *, process: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        listed = ", ".join(self.known) or "none"
        super().__init__(f"{process} has no input {_shown(name)}. Known: {listed}.")


class InvalidParameter(InvalidInput):
    """A parameter's value breaks its rule."""

    def __init__(self, name: str, value: object, rule: str) -> None:
        self.name = name
        self.value = value
        self.rule = rule
        super().__init__(f"{name}={_shown(value)} is not valid: {rule}.")


class UnreadableFile(InvalidInput):
    """A file cannot be read as what it claims to be."""


class UnknownCrs(InvalidInput):
    """A file does not say where on earth it is, or says it in a way not understood."""


class InvalidDefinition(InvalidInput):
    """A definition in `maps/` breaks its rules."""

    def __init__(self, name: str, faults: Sequence[str]) -> None:
        self.name = name
        self.faults = tuple(faults)
        listed = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"The map definition {name} has faults:\n{listed}")


class NotFound(GisError):
    """There is no such item that this reader may see."""


class NoSuchProcess(NotFound):
    """There is no process of that name that this reader may run."""

    type_uri = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"

    def __init__(self, name: str, *, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        listed = ", ".join(self.known) or "none"
        super().__init__(f"There is no process {_shown(name)}. Known: {listed}.")


class UnknownKey(GisError):
    """
    A key opens nothing: unknown, cut short, expired or revoked.

    Which of them it is stays untold, and the key is in no message.
    """

    def __init__(self) -> None:
        super().__init__(
            "This key opens nothing here. Ask for a new one, and send it whole in the header "
            "Authorization: Bearer."
        )


class NotAllowed(GisError):
    """Who asks may not do that."""


class TooManyRequests(GisError):
    """Too many requests in a short time; `retry_after_s` says how long to wait."""

    what = "requests"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"Too many {self.what}. Try again in {retry_after_s} seconds.")


class TooManyAttempts(TooManyRequests):
    """Too many failed attempts in a short time."""

    what = "failed attempts"


class Conflict(GisError):
    """Another change came first."""


class PreconditionFailed(GisError):
    """An item is not, or no longer, as the edit expects it."""


class RepeatedKey(GisError):
    """An idempotency key was used for another request before."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The Idempotency-Key {_shown(key)} was used for another request. "
            "Take a new one for each change; nothing was changed."
        )


class Unavailable(GisError):
    """The database cannot answer now; trying again later may help."""


class Busy(Unavailable):
    """Too many are served at the moment; trying again in a few seconds may help."""

    def __init__(self) -> None:
        super().__init__("Too many are served at the moment. Try again in a few seconds.")


class NoRoom(Unavailable):
    """The database's disk is full."""

    def __init__(self) -> None:
        super().__init__(
            "The database's disk is full, so nothing was changed. Free some space, then try again."
        )


class ExportFailed(GisError):
    """A file could not be written; the log says why."""


class PrintFailed(ExportFailed):
    """Pages could not be set; the log says why."""


class BackupFailed(GisError):
    """A copy of everything cannot be made, read or put back."""


class DamagedBackup(BackupFailed):
    """A copy is cut short, or not what was written."""


class ConfigurationError(GisError):
    """Settings do not fit the machine or each other."""


class ClusterError(GisError):
    """The private PostgreSQL cannot do what was asked."""


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")

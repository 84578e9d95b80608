"""Signed times of forms that anybody may send: not at once, and not after days."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from gis_service.errors import InvalidInput

YOUNGEST_S = 3.0
"""A person takes longer than this to fill a form in."""
OLDEST_S = 24 * 3600.0


class FormTooFast(InvalidInput):
    """A form came back faster than a person writes; `token` may be sent again."""

    def __init__(self) -> None:
        super().__init__("That was very fast. Read it once more and send it again.")


class FormTooOld(InvalidInput):
    """A form is too old, or not of ours."""

    def __init__(self) -> None:
        super().__init__("This form was open too long. Send it once more.")


class FormTimes:
    """
    Gives forms the time at which they were made, signed, and reads it when they come back.

    Parameters
    ----------
    secret
        Known to every process of the service, and to nobody else.
    clock
        Seconds since 1970.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._clock = clock

    def token(self) -> str:
        """What goes into a form that is made now."""
        made = str(int(self._clock()))
        return f"{made}.{self._signature(made)}"

    def check(self, token: str) -> None:
        """
        Judge a form by its token.

        Raises
        ------
        FormTooFast, FormTooOld
            It is not to be taken.
        """
        made, _, signature = token.partition(".")
        expected = self._signature(made)
        if not hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode()):
            raise FormTooOld
        age = self._clock() - int(made)
        if age < YOUNGEST_S:
            raise FormTooFast
        if age > OLDEST_S:
            raise FormTooOld

    def _signature(self, made: str) -> str:
        return hmac.new(
            self._secret, f"form {made}".encode("utf-8", "replace"), hashlib.sha256
        ).hexdigest()

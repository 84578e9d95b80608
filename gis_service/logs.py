"""What goes to the log and in which form: lines for people, or JSON for programs."""

from __future__ import annotations

import logging
import sys
import time
from contextvars import ContextVar

from pythonjsonlogger.orjson import OrjsonFormatter

from gis_service.settings import LogFormat

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request that is answered; every line that is written meanwhile carries it."""

_LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_FIELDS = ("levelname", "name", "process", "message")


def set_up(form: LogFormat) -> None:
    """
    Send what all parts log to standard error, ours from INFO on, others' from WARNING on.

    Times are UTC in both forms. In JSON each line is one object with `time`,
    `level`, `logger`, `process`, `message`, where known `request_id`, and for
    a failure `exc_info`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json() if form is LogFormat.JSON else _text())
    handler.addFilter(_with_request)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gis_service").setLevel(logging.INFO)


def _text() -> logging.Formatter:
    formatter = logging.Formatter(_LINE, datefmt="%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    return formatter


def _json() -> logging.Formatter:
    return OrjsonFormatter(
        list(_FIELDS),
        rename_fields={"levelname": "level", "name": "logger", "timestamp": "time"},
        timestamp=True,
    )


def _with_request(record: logging.LogRecord) -> bool:
    if request_id := REQUEST_ID.get():
        record.request_id = request_id
    return True

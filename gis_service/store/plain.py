"""Values made fit for PostgreSQL's `jsonb`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_NOT_STORED = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any) -> Any:
    """
    The same value as `jsonb` can hold it.

    Text of a faulty file may hold NUL or half a surrogate pair, which `jsonb`
    refuses; they become U+FFFD. Numbers that JSON does not have become null.
    """
    if isinstance(value, str):
        return _NOT_STORED.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {storable(str(name)): storable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [storable(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

"""
The apostrophe that keeps a text from being a formula in a table program.

It goes before a sign that begins a formula, and before apostrophes that stand
before one: so every text comes back as it was.
"""

from __future__ import annotations

_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def guarded(text: str) -> str:
    """A text that no table program takes for a formula."""
    return f"'{text}" if text.lstrip("'").startswith(_SIGNS) else text


def without_guard(text: str) -> str:
    """The text that was guarded; any other as it is."""
    return text[1:] if text[:1] == "'" and text.lstrip("'").startswith(_SIGNS) else text

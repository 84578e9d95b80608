"""
How probable it is that nodes of two networks are one place.

The rule is ours, and each part of a score is shown beside it. Names count for
more than nearness, since the positions of a backbone's nodes are often those of
a town: of the 17 pairs that two published backbones of Kenya name alike within
2 km of each other, 10 lie more than 600 m apart.
"""

from __future__ import annotations

import re
import unicodedata

from rapidfuzz import fuzz

from gis_service.model.joins import Likeness

HALF_NEAR_M = 250.0
LEAST_SCORE = 0.45
"""Pairs that score less are not proposed."""
_NAMES_SHARE = 0.6
_NAMES_UNKNOWN = 0.5
"""Stands for the likeness of names where one of them tells nothing."""
_OTHER_NUMBER = 0.5
"""Names of which the numbers differ (POP 1, POP 2) are no more alike than this."""
_GENERIC = frozenset({
    "backbone", "branch", "building", "cabinet", "county", "exchange", "headquarters", "hq", "hub",
    "jengo", "junction", "kabati", "kituo", "metro", "node", "noc", "pop", "site", "station",
    "terminal", "town", "wi", "fi", "wifi",
})
"""Words that say what a node is, and not where."""
_WORD = re.compile(r"[^\W\d_]+|\d+")
_UNIQUE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def likeness(name_a: str, name_b: str, *, distance_m: float, same_id: bool = False) -> Likeness:
    """
    The score of two nodes.

    Parameters
    ----------
    distance_m
        Along the ground.
    same_id
        Whether both have one identifier that is unique everywhere: then nothing
        else matters.
    """
    names = names_alike(name_a, name_b)
    nearness = HALF_NEAR_M / (HALF_NEAR_M + max(distance_m, 0.0))
    known = _NAMES_UNKNOWN if names is None else names
    score = 1.0 if same_id else _NAMES_SHARE * known + (1 - _NAMES_SHARE) * nearness
    return Likeness(score, names, nearness, same_id)


def names_alike(one: str, other: str) -> float | None:
    """How alike two names of places are, 0 to 1; None where one has no word that tells."""
    words, others = telling_words(one), telling_words(other)
    if not words or not others:
        return None
    alike = fuzz.token_sort_ratio(" ".join(words), " ".join(others)) / 100
    numbers, other_numbers = (
        sorted(each for each in some if each.isdigit()) for some in (words, others)
    )
    return alike if numbers == other_numbers else min(alike, _OTHER_NUMBER)


def telling_words(name: str) -> list[str]:
    """The words of a name that say where it is: without case, accents and what nodes are."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return [word for word in _WORD.findall(letters) if word not in _GENERIC]


def is_unique_everywhere(identifier: str) -> bool:
    """Whether no other place can have this identifier by chance: there is a UUID in it."""
    return _UNIQUE.search(identifier) is not None

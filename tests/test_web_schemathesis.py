"""
Schemathesis asks what the API document allows, and what it does not.

Each answer must be described there: no 5xx, and no status, media type, header
or body that the document does not know.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest

from gis_service.model.audience import Audience, visible_collections
from tests.clients.programs import run
from tests.conftest import ROOT, Databases, new_key, service_of

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance",
)
LONGEST_S = 40
DEEP_LONGEST_S = 240


def one_of_each_kind(audience: Audience) -> list[str]:
    """The first collection of each type of geometry, and of those that only grow."""
    found = {(c.geometry, c.append_only): c.id for c in reversed(visible_collections(audience))}
    return list(found.values())


@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_answers_are_as_described(
    databases: Databases, sample_template: str, home: Path, tmp_path: Path, audience: Audience
) -> None:
    """Of collections of one kind one is asked; the others are described by the same code."""
    asked = "|".join(one_of_each_kind(audience))
    _asked(
        databases, sample_template, home, tmp_path, audience,
        "--exclude-path-regex", rf"^/collections/(?!({asked})(/|$)|\{{)",
        "--max-time", str(LONGEST_S), "--max-examples", "3",
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("audience", [Audience.PUBLIC, Audience.PLANNER])
def test_answers_of_all_collections_are_as_described(
    databases: Databases, sample_template: str, home: Path, tmp_path: Path, audience: Audience
) -> None:
    _asked(
        databases, sample_template, home, tmp_path, audience,
        "--max-time", str(DEEP_LONGEST_S), "--max-examples", "20",
    )


def _asked(
    databases: Databases, sample_template: str, home: Path, tmp_path: Path, audience: Audience,
    *options: str,
) -> None:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    headers = {"Accept": "*/*"}
    if audience.is_staff:
        headers["Authorization"] = f"Bearer {new_key(database)}"
    with service_of(database, home) as (address, _):
        hooks = {
            "SCHEMATHESIS_HOOKS": "tests.clients.schemathesis_hooks",
            "GIS_TEST_ITEMS": json.dumps(_items(address, headers)),
            "PYTHONPATH": str(ROOT),
        }
        # It ends with 1 where an answer is not as described.
        done = run(
            [
                str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/api",
                *(piece for pair in headers.items() for piece in ("-H", ": ".join(pair))),
                "--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing",
                "--seed", "4", "--continue-on-failure", "--no-shrink", "--warnings", "off",
                *options,
            ],
            hooks, folder=tmp_path, within_s=2 * DEEP_LONGEST_S,
        )
    assert "Tested" in done.stdout
    databases.drop(database)


def _items(address: str, headers: dict[str, str]) -> dict[str, list[str]]:
    """Ids of some items of each collection."""
    with httpx.Client(headers=headers | {"Accept": "application/json"}) as client:
        listed = client.get(f"{address}/collections").json()["collections"]
        return {
            each["id"]: [
                feature["id"]
                for feature in client.get(
                    f"{address}/collections/{each['id']}/items", params={"limit": 5}
                ).json()["features"]
            ]
            for each in listed
        }

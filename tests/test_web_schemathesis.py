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

from tests.clients.programs import run
from tests.conftest import ROOT, Databases, new_key, service_of

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance",
)
LONGEST_S = 40


@pytest.mark.parametrize("role", ["public", "planner"])
def test_answers_are_as_described(
    databases: Databases, sample_template: str, home: Path, tmp_path: Path, role: str
) -> None:
    database = databases.fresh(sample_template)
    databases.with_logins(database)
    headers = {"Accept": "*/*"}
    if role != "public":
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
                "--max-time", str(LONGEST_S), "--max-examples", "20", "--seed", "4",
                "--continue-on-failure", "--no-shrink", "--warnings", "off",
            ],
            hooks, folder=tmp_path,
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

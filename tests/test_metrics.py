"""What is counted and what is logged: figures for a machine, nothing hidden, nothing twice."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from gis_service.logs import REQUEST_ID, set_up
from gis_service.services.backups.shelf import new_name
from gis_service.settings import AccessLog, LogFormat, Settings, described
from gis_service.store.database import Database
from gis_service.web.counting import Counts, SharedCounts
from tests.conftest import Databases, client_of, new_key
from tests.test_docs import told as wrong_command

MONITORING = Path(__file__).resolve().parents[1] / "data" / "monitoring"
DEAD = 2**22 + 1
"""Above the largest id that Linux gives a process."""
LEFT_OUT = {"gis_info"}
"""Not on the dashboard: which version runs. An alert asks whether it is there at all."""
COMMAND = re.compile(r"\./gis ([a-z -]+[a-z])")
NAME = re.compile(r"\bgis_[a-z_]+\b")


def figures(client: TestClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_requests_are_counted_by_route_and_status(planner_client: TestClient) -> None:
    routes = {
        "/collections/offices/items?limit=1": "/collections/{collection_id}/items",
        "/collections/offices/queryables": "/collections/{collection_id}/queryables",
        "/no/such/place": "none",
    }
    before = figures(planner_client)
    statuses = {path: planner_client.get(path).status_code for path in routes}
    after = figures(planner_client)
    for path, route in routes.items():
        key = ("gis_requests_total",
               labelled(method="GET", route=route, status=str(statuses[path])))
        assert after[key] - before.get(key, 0) == 1, path
        count = ("gis_request_seconds_count", labelled(route=route))
        assert after[count] - before.get(count, 0) == 1, path
    assert after["gis_requests_now", frozenset()] == 1
    assert after["gis_ready", labelled(check="database")] == 1
    assert after["gis_database_bytes", frozenset()] > 1_000_000
    assert after["gis_loads", frozenset()] >= 1
    tile = "/collections/offices/tiles/WebMercatorQuad/12/2066/2443"
    assert planner_client.get(tile).status_code in (200, 204)
    from_database = ("gis_tiles_total", labelled(source="database"))
    assert figures(planner_client)[from_database] == after[from_database] + 1


def test_the_public_finds_nothing_there(app_client: TestClient) -> None:
    answer, missing = app_client.get("/metrics"), app_client.get("/metricz")
    assert answer.status_code == 404
    told = answer.json()["detail"], missing.json()["detail"]
    assert told == ("There is nothing at /metrics.", "There is nothing at /metricz.")


def test_dashboard_and_alerts_ask_for_what_there_is(planner_client: TestClient) -> None:
    planner_client.get("/collections")
    known = {name for name, _ in figures(planner_client)}
    known |= set(re.findall("# TYPE ([a-z_]+) ", planner_client.get("/metrics").text))
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    asked = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"]]
    asked += [rule["expr"] for rule in alerts]
    named = {name for expression in asked for name in NAME.findall(expression)}
    assert named <= known, named - known
    words = [text for rule in alerts for text in rule["annotations"].values()]
    assert len(words) == 2 * len(alerts), "each says what is wrong, and what to do"
    assert [fault for text in words for command in COMMAND.findall(text)
            if (fault := wrong_command(command.split()))] == []
    assert set(re.findall(r"GIS_[A-Z_]+", " ".join(words))) <= {name for name, _, _ in described()}


def test_all_that_is_counted_is_on_the_dashboard(planner_client: TestClient) -> None:
    told = planner_client.get("/metrics").text
    counted = dict(re.findall("# TYPE ([a-z_]+) ([a-z]+)", told))
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    shown = {name for panel in dashboard["panels"] for target in panel["targets"]
             for name in NAME.findall(target["expr"])}
    wanted = {f"{name}_bucket" if kind == "histogram" else name for name, kind in counted.items()}
    assert wanted - shown == LEFT_OUT
    places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
    assert len(set(places)) == len({panel["id"] for panel in dashboard["panels"]}) == len(places)


def test_ages_of_backups_and_of_the_log(
    databases: Databases, sample_database: Database, settings: Settings, tmp_path: Path
) -> None:
    folder, log = tmp_path / "backups", tmp_path / "log"
    folder.mkdir()
    (folder / new_name(datetime.now(UTC) - timedelta(hours=5))).write_bytes(b"a backup")
    settings = settings.model_copy(update={"backup_dir": folder, "recovery_dir": log})
    key = new_key(sample_database)
    with client_of(databases.with_logins(sample_database), settings, key=key) as client:
        found = {name: value for (name, labels), value in figures(client).items() if not labels}
        assert 5 * 3600 <= found["gis_backup_age_seconds"] < 5 * 3600 + 60
        assert (found["gis_backups"], found["gis_recovery_failing"]) == (1, 1), "no such disk"
        assert "gis_backup_proven_age_seconds" not in found
        log.mkdir()
        assert figures(client)["gis_recovery_failing", frozenset()] == 0


def test_json_lines_carry_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("gis_service")
    before = root.handlers, root.level, ours.level
    try:
        set_up(LogFormat.JSON)
        token = REQUEST_ID.set("an-id")
        try:
            raise ValueError("broken\nline")
        except ValueError:
            logging.getLogger("gis_service.web").exception("it %s", "failed")
        REQUEST_ID.reset(token)
        logging.getLogger("gis_service.web").info("later")
        logging.getLogger("elsewhere").info("not ours")
    finally:
        root.handlers, root.level = before[0], before[1]
        ours.setLevel(before[2])
    lines = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["message"] for line in lines] == ["it failed", "later"]
    assert lines[0]["request_id"] == "an-id"
    assert "request_id" not in lines[1]
    assert lines[0]["level"] == "ERROR"
    assert lines[0]["logger"] == "gis_service.web"
    assert "broken\nline" in lines[0]["exc_info"]
    assert lines[0]["time"].startswith("20")


@pytest.mark.parametrize(("access_log", "expected"), [("all", 1), ("slow", 0)])
def test_requests_are_logged_as_is_wanted(
    access_log: AccessLog, expected: int, databases: Databases, sample_database: Database,
    settings: Settings, caplog: pytest.LogCaptureFixture,
) -> None:
    settings = settings.model_copy(update={"access_log": AccessLog(access_log)})
    with (
        caplog.at_level(logging.INFO, logger="gis_service.access"),
        client_of(databases.with_logins(sample_database), settings) as client,
    ):
        answer = client.get("/collections/offices/items?name=secret%20name&limit=1&f=json")
        assert answer.status_code == 200
        client.get("/no%0Asuch/place")
    lines = [r for r in caplog.records if r.name == "gis_service.access"]
    assert len(lines) == 2 * expected
    if lines:
        assert lines[0].request_id == answer.headers["x-request-id"]  # type: ignore[attr-defined]
        assert lines[0].bytes > 100  # type: ignore[attr-defined]
        assert "secret" not in repr(vars(lines[0]))
        assert "\n" not in lines[1].getMessage()


def test_several_processes_add_up(tmp_path: Path) -> None:
    """Each counts in a file of its own; who is asked tells the sum, without what the dead held."""
    counts = Counts()
    counts.count("GET", "/a", 200, 0.003)
    counts.now["kept_bytes", "tiles"] = 5
    living = SharedCounts(counts, tmp_path)
    living.write()
    first = next(tmp_path.glob("*.json"))
    shutil.copy(first, tmp_path / f"{DEAD}-1.json")
    shutil.copy(first, tmp_path / f"{os.getppid()}-1.json")
    together = living.together()
    assert together.requests == {("GET", "/a", 200): 3}
    assert together.durations["/a"].seconds == pytest.approx(0.009)
    assert together.durations["/a"].classes[1] == 3
    assert together.now == {("kept_bytes", "tiles"): 10}
    counts.count("BREW", "/a", 404, 99.0)
    assert living.together().requests["other", "/a", 404] == 1
    assert living.together().durations["/a"].classes[-1] == 1

"""Every rule that the code reports is declared, once, with what to do about it."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from gis_service.cli.rules import rules
from gis_service.model.declarations.load_rules import LOAD_RULES
from gis_service.model.declarations.quality_rules import QUALITY_RULES
from gis_service.model.declarations.topology_rules import TOPOLOGY_RULES
from gis_service.model.rules import RULES

PACKAGE = Path(__file__).resolve().parents[1] / "gis_service"
REPORTING = ("formats", "validation", "store", "services")
"""The floors whose modules report faults of rows."""
POSITIONS = {"RowFault": (2,), "reject": (1,), "fault": (0, 1)}
"""Where a call names a rule without saying so."""


def named(tree: ast.AST) -> Iterator[str]:
    """Ids of rules that a module's code names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from texts(k.value for k in node.keywords if k.arg == "rule")
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            at = [node.args[p] for p in POSITIONS.get(name, ()) if p < len(node.args)]
            found = list(texts(at))
            yield from found if name != "fault" else [t for t in found[:2] if "-" in t]
        elif isinstance(node, ast.Dict):
            yield from texts(
                value for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "rule"
            )


def texts(nodes: object) -> Iterator[str]:
    for node in nodes:  # type: ignore[attr-defined]
        for part in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_every_rule_in_the_code_is_declared():
    found = {
        rule
        for floor in REPORTING
        for path in sorted((PACKAGE / floor).rglob("*.py"))
        for rule in named(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(found) > 30
    assert found <= set(RULES)


def test_no_rule_is_declared_twice():
    declared = [*LOAD_RULES, *TOPOLOGY_RULES, *QUALITY_RULES]
    assert len({rule.id for rule in declared}) == len(declared)


def test_the_command_tells_each_rule_in_both_languages():
    told = json.loads(CliRunner().invoke(rules, ["--json"]).stdout)
    assert [each["id"] for each in told] == list(RULES)
    one = CliRunner().invoke(rules, ["outside-extent", "--language", "sw"]).stdout
    assert "outside-extent" in one
    assert RULES["outside-extent"].remedy.sw in " ".join(one.split())

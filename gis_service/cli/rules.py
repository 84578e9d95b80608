"""`gis rules`: what each rule means and what to do about it."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from gis_service.cli.progress import say
from gis_service.errors import NotFound
from gis_service.model.fields import LANGUAGES, Language
from gis_service.model.rules import RULES


@click.command()
@click.argument("rule", required=False)
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True,
              help="The language of titles and remedies.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in both languages.")
def rules(rule: str | None, language: str, as_json: bool) -> None:
    """
    List the rules that rows are checked by: what each means, and what to do.

    RULE is the id of one, as reports name it. An error rejects its row, a
    warning lets it pass.

    \b
    Examples:
      ./gis rules
      ./gis rules outside-extent --language sw
    """
    if rule is not None and rule not in RULES:
        raise NotFound(f"There is no rule {rule[:40]!r}. ./gis rules lists all.")
    listed = RULES.values() if rule is None else (RULES[rule],)
    if as_json:
        said = [each.as_json() for each in listed]
        say(json.dumps(said, ensure_ascii=False, indent=2))
        return
    spoken: Language = "sw" if language == "sw" else "en"
    table = Table("rule", "severity", "what it means, and what to do", box=None)
    for each in listed:
        words = f"{each.title[spoken]}. {each.remedy[spoken]}"
        table.add_row(each.id, each.severity.value, words)
    Console(highlight=False, soft_wrap=True, markup=False).print(table)

"""The report to the board: every form holds the services' numbers, and texts stay texts."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from gis_service.bootstrap import open_services
from gis_service.cli import cli
from gis_service.errors import InvalidParameter, NotAllowed
from gis_service.model.audience import PUBLIC, Audience, Principal
from gis_service.model.fields import Language
from gis_service.model.weak_points import WeakPoints
from gis_service.printing.board_facts import BoardFacts
from gis_service.printing.board_report import board_report
from gis_service.printing.document import Column, Document, Kind, Section, Table
from gis_service.printing.document_html import document_html
from gis_service.printing.document_pdf import document_pages
from gis_service.printing.document_xlsx import document_xlsx
from gis_service.printing.typesetting import set_pages
from gis_service.settings import Settings
from gis_service.store.database import Database

PLANNER = Principal(Audience.PLANNER)
SINCE = date(2024, 1, 1)
HOSTILE = (
    '#panic("x")', "$", "*a*", "\\", "<script>alert(1)</script>", "_b_ `c` @d", "= Heading",
    "#import \"@preview/x:1\": *", "{{ 7 * 7 }}", "a\x00\x0b\u202eb", "//comment", "[x]",
)
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\")")


@dataclass
class Made:
    """The facts of the sample, and the documents of them."""

    facts: BoardFacts

    @cached_property
    def pdf(self) -> bytes:
        return set_pages(document_pages(self.document()))

    def document(self, language: Language = "en") -> Document:
        return board_report(self.facts, language)


@pytest.fixture(scope="module")
def made(databases: Any, sample_template: str, settings: Settings) -> Made:
    database = databases.fresh(sample_template)
    addresses = databases.with_logins(database)

    async def gathered() -> BoardFacts:
        async with open_services(settings, addresses) as services:
            with pytest.raises(NotAllowed):
                await services.board.facts(PUBLIC, "en")
            with pytest.raises(InvalidParameter):
                await services.board.facts(PLANNER, "en", since=date(2100, 1, 1))
            return await services.board.facts(PLANNER, "en", since=SINCE, budget_kes=20e6)

    facts = asyncio.run(gathered())
    databases.drop(database)
    return Made(facts)


def text_of(pdf: bytes) -> str:
    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def document_of(*cells: str) -> Document:
    """A small document whose texts are all given from outside."""
    words = " ".join(cells)
    table = Table("Sheet", "Title", (Column("Name"), Column("Count", Kind.COUNT)), tuple(
        (cell, number) for number, cell in enumerate(cells)
    ))
    return Document(
        "en", words, words, words, date(2026, 1, 2), "", (words,), "", (("h", words),),
        (Section("s", "Section", (words,), tables=(table,)),),
    )


def test_the_pages_hold_the_services_numbers(made: Made) -> None:
    facts = made.facts
    text = text_of(made.pdf)
    assert 4 <= len(PdfReader(io.BytesIO(made.pdf)).pages) <= 8
    whole, before = facts.by_ward.whole.sums, facts.before.whole.sums
    assert f"{whole['connected']:.0f} of {whole['known']:.0f} offices" in text
    assert 0 < before["connected"] < whole["connected"]
    assert f"{before['connected']:.0f} offices are known to have been connected" in text
    for ward in facts.by_ward.groups:
        counts = [ward.value(each) for each in ("connected", "unconnected", "unknown")]
        if ward.key and counts[0] == counts[0]:
            row = " ".join(f"{count:.0f}" for count in counts)
            assert re.search(rf"{re.escape(ward.title.en)} \d+% {row} ", text), ward.title.en
    assert facts.weak is not None
    worst = facts.weak.points[0]
    assert f"{worst.name} {worst.offices} {worst.beneficiaries:,} {worst.offices_unknown}" in text
    first = facts.plan.connected[0]
    assert f"1 {first.office.name} " in text
    assert f"{first.added_kes:,.0f}" in text
    assert f"about KES {round(facts.plan.cost_kes / 1e6, 1):g} million" in text
    assert facts.plan.cost_kes <= 20e6
    assert "Sample data" in text
    assert all(card.title.en in text for card in facts.scorecards.cards)


def test_the_map_and_the_table_agree(made: Made) -> None:
    """Wards without a known office are hatched, and as many are no data in the table."""
    drawing = next(s for s in made.document().sections if s.id == "coverage").drawings[0]
    none = [g for g in made.facts.by_ward.groups if g.key and not g.sums.get("known")]
    assert none
    assert drawing.svg.count(b'fill="url(#hatch)"') == len(none)


def test_it_is_written_in_kiswahili(made: Made) -> None:
    text = text_of(set_pages(document_pages(made.document("sw"))))
    whole = made.facts.by_ward.whole.sums
    assert f"Ofisi {whole['connected']:.0f} kati ya {whole['known']:.0f}" in text
    assert "Data ya mfano" in text
    for english in ("Coverage", "Definitions", "offices", "Share of"):
        assert english not in text, english


def test_the_workbook_is_typed(made: Made) -> None:
    book = openpyxl.load_workbook(io.BytesIO(document_xlsx(made.document())))
    assert book.sheetnames[0] == "About"
    wards = book["Offices by ward"]
    assert wards.freeze_panes == "A2"
    heads = [cell.value for cell in wards[1]]
    assert heads[:3] == ["Ward", "Share of offices connected (%)", "Offices connected"]
    rows = {row[0]: row[1:] for row in wards.iter_rows(min_row=2, values_only=True)}
    for ward in made.facts.by_ward.groups:
        if ward.key:
            share = ward.value("share_connected")
            expected = pytest.approx(share) if share == share else None
            assert rows[ward.title.en][0] == expected
    assert rows["All"][1] == made.facts.by_ward.whole.sums["connected"]
    plan = book["What to connect, in the orde"]
    assert plan.max_row == len(made.facts.plan.connected) + 2
    assert plan["D1"].value == "Cost (KES)"
    assert plan["D2"].value == pytest.approx(made.facts.plan.connected[0].added_kes)
    definitions = {row[0]: row[1] for row in book["Definitions"].iter_rows(values_only=True)}
    assert "out of all offices whose connection is known" in definitions[
        "Share of offices connected"
    ]


class Page(HTMLParser):
    """The elements and the text of a page."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def test_the_page_holds_all_that_it_needs(made: Made) -> None:
    page = Page(document_html(made.document()))
    tags = [tag for tag, _ in page.elements]
    assert "script" not in tags
    assert "link" not in tags
    for tag, attributes in page.elements:
        if tag == "img":
            assert (attributes["src"] or "").startswith("data:image/svg+xml;base64,")
            assert "alt" in attributes
        for name in ("src", "href"):
            assert not (attributes.get(name) or "").startswith(("http", "//"))
    assert tags.count("h1") == 1
    assert dict(page.elements)["html"] == {"lang": "en"}
    assert tags.count("caption") == tags.count("table") > 5
    text = " ".join(page.text.split())
    assert f"{made.facts.by_ward.whole.sums['connected']:.0f} of 90 offices" in text


def test_the_same_facts_are_the_same_bytes(made: Made) -> None:
    one, other = made.document(), made.document()
    assert set_pages(document_pages(one)) == made.pdf
    assert document_xlsx(one) == document_xlsx(other)
    assert document_html(one) == document_html(other)


def test_hostile_texts_stay_texts() -> None:
    document = document_of(*HOSTILE)
    text = text_of(set_pages(document_pages(document)))
    html = document_html(document)
    page = Page(html)
    for each in HOSTILE[:-4]:
        bare = "".join(each.split())
        assert bare in "".join(text.split()), each
        assert bare in "".join(page.text.split()), each
    assert "script" not in [tag for tag, _ in page.elements]
    assert "49" not in page.text
    assert b"\x00" not in html
    book = openpyxl.load_workbook(io.BytesIO(document_xlsx(document)))
    assert book["Sheet"]["A2"].value == HOSTILE[0]


def test_formulas_stay_texts() -> None:
    book = openpyxl.load_workbook(io.BytesIO(document_xlsx(document_of(*FORMULAS))))
    for row, text in enumerate(FORMULAS, 2):
        cell = book["Sheet"].cell(row, 1)
        assert (cell.value, cell.data_type) == (text, "s")
        assert book["Sheet"].cell(row, 2).value == row - 2


def test_a_section_without_data_says_so(
    databases: Any, database: Database, settings: Settings
) -> None:
    """An empty database: no wards, no gateway, nothing to connect, no device."""
    addresses = databases.with_logins(database)

    async def gathered() -> BoardFacts:
        async with open_services(settings, addresses) as services:
            return await services.board.facts(PLANNER, "en")

    facts = asyncio.run(gathered())
    document = board_report(facts, "en")
    words = {each.id: " ".join(each.paragraphs) for each in document.sections}
    assert document.headline == ("No office's connection is known yet.",)
    assert "cannot be told by ward" in words["coverage"]
    assert "progress cannot be told" in words["progress"]
    assert "No gateway is recorded" in words["risks"]
    assert "nothing to propose" in words["proposals"]
    assert "No equipment is recorded" in words["quality"]
    assert not [drawing for section in document.sections for drawing in section.drawings]
    text = text_of(set_pages(document_pages(document)))
    assert "0%" not in text
    calm = board_report(replace(facts, weak=WeakPoints({}, ())), "en")
    assert "No single failure" in calm.sections[3].paragraphs[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--out", "report.doc"], "does not end with one of .pdf, .html, .xlsx"),
        (["--out", "there.pdf"], "is there already"),
        (["--out", "nowhere/report.pdf"], "There is no folder"),
        (["--out", "r.pdf", "--budget", "-1"], "--budget"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "there.pdf").touch()
    arguments = [str(tmp_path / a) if "." in a or "/" in a else a for a in arguments]
    answer = CliRunner().invoke(cli, ["report", *arguments])
    assert answer.exit_code == 2
    assert told in " ".join(answer.output.split())

"""The page in a real browser: rows are filtered, nothing is asked for, and no text is taken for a script."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from spacy_bertadapt.planning.report_rows import RowSpan
from spacy_bertadapt.reporting.page import render
from spacy_bertadapt.reporting.report import make_page

from .chromium import needs_browser, open_page
from .rows import label_rows, run_of, span_rows
from .test_page import ATTACK

pytestmark = needs_browser
ROWS = "bert_textcat-rows"


def write(folder: Path, *runs: object) -> Path:
    page = folder / "report.html"
    page.write_text(render(make_page(list(runs), source="dev.csv", log=None, title="Report")), encoding="utf8")
    return page


def shown_rows(dom: str) -> list[int]:
    """Return the numbers of the rows that are drawn, in their order."""
    return [int(number) for number in re.findall(r'<div class="row" data-row="(\d+)"', dom)]


def count_of(dom: str) -> int:
    """Return how many rows the filter lets through."""
    return int(re.findall(r'data-count="(\d+)"', dom)[0])


def test_rows_are_filtered_and_nothing_leaves_the_page(tmp_path: Path) -> None:
    gold, predicted = [0, 1, 2, 0, 1] * 10, [0, 2, 2, 1, 1] * 10
    texts = [f"word{number} {ATTACK if number == 1 else ''}" for number in range(50)]
    page = write(tmp_path, run_of(label_rows(gold, predicted, texts=texts)))
    dom, requests, console = open_page(page, tmp_path / "first")
    assert requests == []
    assert console == "", "no policy was broken, and no script failed"
    assert 'data-ready="1"' in dom
    assert "<title>Report</title>" in dom, "the text ran no script"
    assert "&lt;img src=x onerror=" in dom
    assert count_of(dom) == 20, "mistakes alone"
    assert set(shown_rows(dom)) == {number for number in range(50) if gold[number] != predicted[number]}
    said = f"{ROWS}?wrong=0&gold=bad&predicted=mixed&search=WORD1&least=0.8&most=0.9&order=file"
    dom, _, _ = open_page(page, tmp_path / "next", address=said)
    assert shown_rows(dom) == [1, 11, 16]
    assert count_of(dom) == 3


def test_a_request_would_be_seen(tmp_path: Path) -> None:
    """The page's policy is what forbids them: the same browser asks for what stands outside of it."""
    policy = re.findall(r"<meta http-equiv[^>]*>", write(tmp_path, run_of(label_rows([0], [1]))).read_text("utf8"))
    image = '<img src="http://{}.invalid/x.png">'
    inside = escape(policy[0] + image.format("inside"))
    page = tmp_path / "other.html"
    page.write_text(f'{image.format("outside")}<iframe srcdoc="{inside}"></iframe>', encoding="utf8")
    _, requests, console = open_page(page, tmp_path / "first")
    assert requests == ["http://outside.invalid/x.png"]
    assert "Content Security Policy" in console


def test_spans_are_marked_where_python_counts_them(tmp_path: Path) -> None:
    """JavaScript counts two places for some signs."""
    text = "\U0001f600 Ada met Bob"
    gold = [[RowSpan(2, 5, "PERSON"), RowSpan(10, 13, "PERSON")]]
    predicted = [[RowSpan(2, 5, "PERSON", 0.9), RowSpan(2, 9, "<b>", 0.4)]]
    dom, _, console = open_page(write(tmp_path, run_of(span_rows(gold, predicted, [text]))), tmp_path / "first")
    assert console == ""
    marks = re.findall(r'<mark class="([^"]*)"[^>]*>(.*?)<small', dom)
    assert [mark[1] for mark in marks] == ["Ada", "Bob"]
    assert ["odd" in mark[0] for mark in marks] == [False, True], "what was missed stands out"
    pieces = re.findall(r'<span class="piece"[^>]*>(.*?)</span>', dom)
    assert pieces == ["Ada", " met"], "predictions that overlap are cut where one ends"
    assert "&lt;b&gt;" in dom


def test_what_only_one_pipeline_gets_right(tmp_path: Path) -> None:
    gold = [0, 1, 2]
    page = write(tmp_path, run_of(label_rows(gold, [0, 1, 1])), run_of(label_rows(gold, [0, 2, 2]), name="other"))
    dom, _, _ = open_page(page, tmp_path / "first", address=f"{ROWS}?who=01")
    assert shown_rows(dom) == [2]

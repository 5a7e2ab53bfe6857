"""The page, and what stands in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import srsly

from spacy_bertadapt.errors import BertadaptError, InvalidError
from spacy_bertadapt.planning.report_rows import RowSpan
from spacy_bertadapt.reporting.charts.axes import round_values
from spacy_bertadapt.reporting.charts.heat import heat_table, merge_rare
from spacy_bertadapt.reporting.markup import element
from spacy_bertadapt.reporting.page import render
from spacy_bertadapt.reporting.report import make_page
from spacy_bertadapt.reporting.training_log import read_log, training_blocks

from .rows import label_rows, run_of, span_rows

ATTACK = "<img src=x onerror=document.title='attacked'></script><script>document.title='attacked'</script>\u2028&amp;"
VOID = {"meta", "img", "input", "br"}


class Tags(HTMLParser):
    """Reads a page, and fails where an element is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.add(tag)
        self.ids += [named["id"] or ""] if "id" in named else []
        self.links += [named["href"] or ""] if "href" in named else []
        assert not any(name in named for name in ("style", "src", "onclick", "onerror")), (tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def rows_of(page: str) -> dict:
    """Return what the error browser of a page reads."""
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def page_of(*runs: object, **settings: object) -> str:
    return render(make_page(list(runs), source="dev.csv", log=None, title="Report", **settings))


def test_the_page_is_whole_and_loads_nothing() -> None:
    page = page_of(run_of(label_rows([0, 1, 2, 0] * 30, [0, 1, 1, 0] * 30)))
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert len(tags.ids) == len(set(tags.ids))
    assert all(link.startswith("#") and link[1:] in tags.ids for link in tags.links), "only within the page"
    assert not tags.tags & {"img", "link", "iframe", "object"}
    assert "default-src &#39;none&#39;" in page
    assert "http://" not in page
    assert "https://" not in page


def test_a_summary_in_words() -> None:
    page = page_of(run_of(label_rows([0, 1, 2, 0] * 30, [0, 1, 1, 0] * 30)))
    assert re.search(
        r"120 texts, accuracy 0\.750 ± 0\.0\d\d; most often confused: mixed taken for bad, 30 times\.", page
    )


def test_texts_are_never_markup() -> None:
    rows = label_rows([0, 1], [1, 1], texts=[ATTACK, "fine"])
    run = run_of(rows, name=ATTACK)
    page = render(make_page([run], source=ATTACK, log=None, title=ATTACK))
    assert "<img" not in page
    assert page.count("<script>") == 1, "ours"
    data = page[page.index('<script type="application/json"') :]
    assert "\u2028" not in data[: data.index("</script>")]
    assert rows_of(page)["text"][0] == [ATTACK]
    Tags().feed(page)


def test_lone_surrogates_and_labels_with_markup() -> None:
    page = page_of(run_of(label_rows([0], [1], texts=["half \ud83d of a sign"])))
    page.encode("utf8")
    assert str(heat_table(["<b>", '"'], np.eye(2, dtype=int), rows="gold", columns="x", caption="&")).count("<b>") == 0
    assert element("p", "<", title='"') == '<p title="&#34;">&lt;</p>'


def test_the_worst_rows_are_kept() -> None:
    rows = label_rows([0, 1, 2], [0, 1, 1], texts=["right", "right too", "wrong"])
    found = rows_of(page_of(run_of(rows), most_rows=1))
    assert found["text"] == [["wrong"]]
    assert found["row"] == [2]
    assert found["first"]["ok"] == "0"


def test_two_pipelines_side_by_side() -> None:
    gold = [0, 1, 2, 0, 1] * 40
    first, second = run_of(label_rows(gold, gold)), run_of(label_rows(gold, [0, 1, 1, 0, 1] * 40), name="other")
    page = page_of(first, second)
    assert "out/model-best alone gets 40 texts right, other alone 0: McNemar&#39;s exact test, p &lt; 0.001." in page
    assert "Accuracy of out/model-best is 0.200 above that of other (95 %" in page
    found = rows_of(page)
    assert found["names"] == ["out/model-best", "other"]
    assert sorted(set(found["second"]["ok"])) == ["0", "1"]


def test_labels_of_a_second_pipeline_have_the_numbers_of_the_first() -> None:
    gold = [[RowSpan(0, 4, "B")], [RowSpan(0, 4, "C")]]
    first, second = span_rows(gold, gold), span_rows(gold, [[RowSpan(0, 4, "A")], [RowSpan(0, 4, "C")]])
    found = rows_of(page_of(run_of(first), run_of(second, name="other")))
    named = [[found["labels"][mark[3]] for mark in marks] for marks in found["second"]["marks"]]
    by_row = dict(zip(found["row"], named, strict=True))
    assert by_row == {0: ["A"], 1: ["C"]}


def test_pipelines_that_can_not_be_compared() -> None:
    first, second = run_of(label_rows([0, 1], [0, 1])), run_of(label_rows([0, 1, 1], [0, 1, 0]), name="other")
    with pytest.raises(InvalidError, match="E641"):
        page_of(first, second)
    with pytest.raises(InvalidError, match="E644"):
        page_of(first, run_of(label_rows([0, 1], [0, 1]), task="ner"))


def test_many_labels_are_summed_up() -> None:
    labels = [f"label {number}" for number in range(60)]
    counts = np.arange(3600).reshape(60, 60)
    merged, summed = merge_rare(labels, counts)
    assert len(merged) == 25
    assert merged[-1] == "others"
    assert summed.sum() == counts.sum()
    assert summed[0, 0] == counts[int(merged[0].split()[1]), int(merged[0].split()[1])]


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.31, 0.36), (-4, 9000), (0, 3.3e-5), (5, 5)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    found = round_values(low, high)
    assert 1 <= len(found) <= 8
    assert all(low - 1e-9 <= value <= high * (1 + 1e-9) for value in found)


def test_curves_of_a_training(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    rows = [
        {"step": step, "seconds": step, "score": score, "losses": {"bert_ner": 10.0}, "scores": {"learn_rate": 1e-5}}
        for step, score in ((0, 0.1), (10, 0.7), (20, 0.6))
    ]
    srsly.write_jsonl(log, rows)
    blocks = training_blocks(read_log(log))
    assert [block.title for block in blocks] == ["Score in training", "Loss", "Learning rate"]
    assert blocks[0].note == "The best score is 0.7000, after step 10."
    assert "bert_ner: 10 at 0" in blocks[1].content, "the first evaluation is after one step"
    assert "bert_ner: 1 at 10" in blocks[1].content


def test_what_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(BertadaptError, match="E642"):
        read_log(tmp_path / "none.jsonl")
    for content in ("{broken", '{"step": 1}\n', '{"step": "x", "score": 1, "losses": {}, "scores": {}}\n', "[1]\n"):
        (tmp_path / "log.jsonl").write_text(content, encoding="utf8")
        with pytest.raises(InvalidError, match="E643"):
            read_log(tmp_path / "log.jsonl")

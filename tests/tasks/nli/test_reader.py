"""PairCorpus, resolved through the registry as a config does it."""

import json

import pytest
import spacy

from spacy_bertadapt.pairs import pair_of
from spacy_bertadapt.tasks.nli import PARTS


@pytest.fixture
def make_corpus(tmp_path):
    """Write a file and resolve a corpus on it from a config block."""

    def make_corpus(name, content, **settings):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        block = {"@readers": "spacy-bertadapt.PairCorpus.v1", "path": str(path), **settings}
        return spacy.registry.resolve({"corpus": block})["corpus"]

    return make_corpus


def contents(corpus):
    """Premise, hypothesis and gold label of every Example."""
    rows = []
    for example in corpus(spacy.blank("en")):
        assert pair_of(example.predicted, PARTS) == pair_of(example.reference, PARTS)
        assert example.predicted.cats == {}
        gold = [label for label, value in example.reference.cats.items() if value]
        rows.append((*pair_of(example.reference, PARTS), *gold))
    return rows


EXPECTED = [("It rains.", "It is wet.", "entailment"), ("It rains.", "It is dry.", "contradiction")]


def test_columns_by_name(make_corpus):
    content = 'label,premise,hypothesis\nentailment,It rains.,It is wet.\ncontradiction,"It rains.",It is dry.\n'
    corpus = make_corpus("a.csv", content)
    assert contents(corpus) == EXPECTED
    assert next(iter(corpus(spacy.blank("en")))).reference.cats == {"contradiction": 0.0, "entailment": 1.0}


def test_columns_by_number(make_corpus):
    content = "1\tIt rains.\tIt is wet.\tentailment\n2\tIt rains.\tIt is dry.\tcontradiction\n"
    assert contents(make_corpus("a.tsv", content, premise=1, hypothesis=2, label=3)) == EXPECTED


def test_other_names_for_labels(make_corpus):
    content = "sentence_A\tsentence_B\tjudgment\nIt rains.\tIt is wet.\te\nIt rains.\tIt is dry.\tcontradiction\n"
    columns = {"premise": "sentence_A", "hypothesis": "sentence_B", "label": "judgment"}
    assert (
        contents(make_corpus("a.txt", content, **columns, label_map={"e": "entailment", "c": "contradiction"}))
        == EXPECTED
    )


def test_rows_without_gold_are_skipped_and_reported(make_corpus):
    rows = [
        {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment"},
        {"premise": "It rains.", "hypothesis": "It pours.", "label": "-"},
        {"premise": "It rains.", "hypothesis": "It is dry.", "label": "contradiction"},
        {"premise": "It rains.", "hypothesis": "It snows.", "label": None},
    ]
    corpus = make_corpus("a.jsonl", "\n".join(map(json.dumps, rows)))
    with pytest.warns(UserWarning, match=r"W401.*2 of 4 rows skipped.*a.jsonl:2: no label"):
        assert contents(corpus) == EXPECTED


def test_refused_pairs_and_pairs_without_any_label_are_skipped(make_corpus):
    pair = {"premise": "It rains.", "hypothesis": "It is wet."}
    rows = [{**pair, "label": "entailment"}, {**pair, "label": "contradiction", "answer": "reject"}]
    corpus = make_corpus("a.jsonl", "\n".join(map(json.dumps, [*rows, {**pair, "label": []}])))
    with pytest.warns(UserWarning, match=r"W401.*2 of 3 rows skipped.*a.jsonl:2: its answer is 'reject'"):
        assert contents(corpus) == EXPECTED[:1]


def test_an_empty_part_is_sound(make_corpus):
    assert contents(make_corpus("a.tsv", "\tIt is wet.\tneutral\n", premise=0, hypothesis=1, label=2)) == [
        ("", "It is wet.", "neutral")
    ]


def test_a_label_beyond_those_given(make_corpus):
    with pytest.raises(ValueError, match=r"C020.*a.tsv:1.*maybe"):
        contents(make_corpus("a.tsv", "a\tb\tmaybe\n", premise=0, hypothesis=1, label=2, labels=["yes", "no"]))


def test_a_pair_beyond_max_length(make_corpus):
    nlp = spacy.blank("en")
    nlp.max_length = 10
    corpus = make_corpus("a.tsv", "aaaa\tbbbb\tx\n", premise=0, hypothesis=1, label=2)
    with pytest.raises(ValueError, match=r"C024.*a.tsv:1.*15 characters"):
        list(corpus(nlp))


def test_minus_1_is_no_gold_label(make_corpus):
    content = "premise,hypothesis,label\na,b,1\na,c,-1\na,d,0\n"
    with pytest.warns(UserWarning, match=r"W401.*1 of 3 rows skipped.*a.csv:3: no label"):
        assert contents(make_corpus("a.csv", content)) == [("a", "b", "1"), ("a", "d", "0")]
    mapped = make_corpus("a.csv", content, label_map={"1": "yes", "-1": "unknown", "0": "no"})
    assert contents(mapped)[1] == ("a", "c", "unknown")


def test_a_label_that_the_map_lacks(make_corpus):
    corpus = make_corpus("a.csv", "premise,hypothesis,label\na,b,e\na,c,maybe\n", label_map={"e": "entailment"})
    with pytest.raises(ValueError, match=r"C034.*a.csv:3.*'maybe'.*entailment"):
        contents(corpus)

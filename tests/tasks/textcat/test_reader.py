"""TextcatCorpus, resolved through the registry as a config does it."""

import json
import tracemalloc
import warnings

import pytest
import spacy
from confection import Config
from spacy.training import Example

from spacy_bertadapt.tasks.textcat.reader import TextcatCorpus


@pytest.fixture(scope="module")
def nlp():
    """A blank pipeline: its tokenizer is all that a reader needs."""
    return spacy.blank("en")


@pytest.fixture
def make_corpus(tmp_path):
    """Write a file and resolve a corpus on it from a config block."""

    def make_corpus(name, content, **settings):
        if not isinstance(content, str):
            content = "\n".join(json.dumps(row) for row in content)
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        block = {"@readers": "spacy-bertadapt.TextcatCorpus.v1", "path": str(path), **settings}
        return spacy.registry.resolve({"corpus": block})["corpus"]

    return make_corpus


def texts_and_cats(corpus):
    """Return the records without their sources."""
    return [(text, cats) for text, cats, _ in corpus.records()]


def test_examples(make_corpus, nlp):
    corpus = make_corpus("a.csv", "text,label\ngood film,pos\n,neg\nso-so,pos\n")
    examples = list(corpus(nlp))
    assert all(isinstance(example, Example) for example in examples)
    assert [example.reference.cats for example in examples] == [
        {"neg": 0.0, "pos": 1.0},
        {"neg": 1.0, "pos": 0.0},
        {"neg": 0.0, "pos": 1.0},
    ]
    assert [example.predicted.text for example in examples] == ["good film", "", "so-so"]
    assert all(example.predicted.cats == {} for example in examples)
    assert [example.reference.text for example in corpus(nlp)] == ["good film", "", "so-so"]


def test_scorer_finds_the_negatives(make_corpus, nlp):
    examples = list(make_corpus("a.tsv", "x\t0\ny\t1\nz\t1\n", text=0, label=1)(nlp))
    for example in examples:
        example.predicted.cats = {"0": 0.2, "1": 0.8}
    scores = spacy.scorer.Scorer.score_cats(examples, "cats", labels=["0", "1"], multi_label=False)
    assert scores["cats_micro_f"] == pytest.approx(2 / 3)


def test_records_name_their_source(make_corpus):
    corpus = make_corpus("a.tsv", "x\tb\ny\ta\n", text=0, label=-1)
    assert list(corpus.records()) == [
        ("x", {"a": 0.0, "b": 1.0}, f"{corpus.path}:1"),
        ("y", {"a": 1.0, "b": 0.0}, f"{corpus.path}:2"),
    ]


def test_several_labels_by_separator(make_corpus):
    corpus = make_corpus("a.csv", 'text,label\nx,"b, a"\ny,c\n', label_separator=",")
    assert texts_and_cats(corpus) == [
        ("x", {"a": 1.0, "b": 1.0, "c": 0.0}),
        ("y", {"a": 0.0, "b": 0.0, "c": 1.0}),
    ]


def test_labels_in_jsonl(make_corpus):
    rows = [{"body": "x", "tags": ["a", "b"]}, {"body": "y", "tags": "c"}, {"body": "z", "tags": 1}]
    corpus = make_corpus("a.jsonl", rows, text="body", label="tags")
    zeros = {"1": 0.0, "a": 0.0, "b": 0.0, "c": 0.0}
    assert texts_and_cats(corpus) == [
        ("x", {**zeros, "a": 1.0, "b": 1.0}),
        ("y", {**zeros, "c": 1.0}),
        ("z", {**zeros, "1": 1.0}),
    ]


@pytest.mark.parametrize("settings", [{}, {"cats": "cats"}, {"labels": ["a", "b"]}])
def test_cats_objects_are_taken_as_they_are(make_corpus, settings):
    rows = [{"text": "x", "cats": {"a": 1, "b": 0.25}}, {"text": "y", "cats": {"a": 0.0}}]
    corpus = make_corpus("a.jsonl", rows, **settings)
    assert texts_and_cats(corpus) == [("x", {"a": 1.0, "b": 0.25}), ("y", {"a": 0.0})]


def test_label_comes_before_cats_unless_cats_is_named(make_corpus):
    rows = [{"text": "x", "label": "a", "cats": {"b": 1}}, {"text": "y", "cats": {"c": 1}}]
    assert texts_and_cats(make_corpus("a.jsonl", rows)) == [("x", {"a": 1.0, "c": 0.0}), ("y", {"c": 1.0})]
    corpus = make_corpus("a.jsonl", rows, cats="cats")
    assert texts_and_cats(corpus) == [("x", {"b": 1.0}), ("y", {"c": 1.0})]


def test_given_labels_are_the_label_set(make_corpus):
    corpus = make_corpus("a.tsv", "x\tb\n", text=0, label=1, labels=["c", "b"])
    assert texts_and_cats(corpus) == [("x", {"c": 0.0, "b": 1.0})]


def test_header_and_format_settings(make_corpus):
    corpus = make_corpus("a.data", "one,two\nx,b\n", text=0, label=1, header=True, format="csv")
    assert texts_and_cats(corpus) == [("x", {"b": 1.0})]


def test_limit_counts_records_and_keeps_all_labels(make_corpus):
    corpus = make_corpus("a.tsv", "x\tb\ny\tc\nz\ta\n", text=0, label=1, limit=2)
    assert texts_and_cats(corpus) == [
        ("x", {"a": 0.0, "b": 1.0, "c": 0.0}),
        ("y", {"a": 0.0, "b": 0.0, "c": 1.0}),
    ]


def test_memory_is_flat(make_corpus):
    row = json.dumps({"text": "some words " * 20, "label": "a"}) + "\n"
    corpus = make_corpus("a.jsonl", row * 4000)
    tracemalloc.start()
    try:
        assert sum(1 for _ in corpus.records()) == 4000
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("a.csv", "text,label\nx,a\ny,\nz, \n", {}),
        ("a.tsv", "x\ta|\ny\t|\nz\t \n", {"text": 0, "label": 1, "label_separator": "|"}),
        ("a.jsonl", [{"text": t, "label": label} for t, label in [("x", "a"), ("y", ""), ("z", None)]], {}),
        ("a.jsonl", [{"text": t, "cats": cats} for t, cats in [("x", {"a": 1}), ("y", {}), ("z", None)]], {}),
    ],
)
def test_unlabelled_rows_are_reported_once(make_corpus, name, content, settings):
    corpus = make_corpus(name, content, **settings)
    line = 3 if name == "a.csv" else 2
    with pytest.warns(UserWarning, match=rf"W401\].*2 of 3 rows skipped.*{name}:{line}: no label") as caught:
        assert texts_and_cats(corpus) == [("x", {"a": 1.0})]
    assert len(caught) == 1


def test_an_empty_list_says_that_no_label_holds(make_corpus, nlp):
    rows = [{"text": "x", "label": ["a", "b"]}, {"text": "y", "label": []}]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examples = list(make_corpus("a.jsonl", rows)(nlp))
    assert [example.reference.cats for example in examples] == [{"a": 1.0, "b": 1.0}, {"a": 0.0, "b": 0.0}]


def test_empty_lists_alone_name_no_label(make_corpus):
    with pytest.raises(ValueError, match=r"C023.*2 of 2 rows skipped"):
        list(make_corpus("a.jsonl", [{"text": "x", "label": []}] * 2).records())
    given = make_corpus("a.jsonl", [{"text": "x", "label": []}], labels=["a"])
    assert texts_and_cats(given) == [("x", {"a": 0.0})]


@pytest.mark.parametrize("answer", ["reject", "ignore"])
def test_refused_rows_are_no_gold(make_corpus, answer):
    rows = [{"text": "x", "label": "a", "answer": "accept"}, {"text": "y", "label": "b", "answer": answer}]
    corpus = make_corpus("a.jsonl", [*rows, {"text": "z", "label": "c", "answer": "42"}])
    with pytest.warns(UserWarning, match=rf"W401.*1 of 3 rows skipped.*a\.jsonl:2: its answer is '{answer}'"):
        assert texts_and_cats(corpus) == [("x", {"a": 1.0, "c": 0.0}), ("z", {"a": 0.0, "c": 1.0})]


def test_clean_file_gives_no_warning(make_corpus):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        examples = list(make_corpus("a.csv", "text,label\nx,a\n")(spacy.blank("en")))
    assert [example.reference.text for example in examples] == ["x"]


@pytest.mark.parametrize(
    ("name", "content", "settings", "message"),
    [
        ("a.csv", "text,label\nx,a,b\n", {}, r"C008\] \S+a\.csv:2: "),
        ("a.csv", "body,label\nx,a\n", {}, r"C009\] \S+a\.csv:1: no column 'text'.*\['body', 'label'\]"),
        ("a.jsonl", [{"text": "x"}], {}, r"C017\] \S+a\.jsonl:1: no key 'label'; the keys are \['text'\]"),
        ("a.jsonl", [{"text": "x"}], {"cats": "cats"}, r"C017\] \S+a\.jsonl:1: no key 'cats'"),
        ("a.jsonl", [{"text": 1, "label": "a"}], {}, r"C018\] \S+a\.jsonl:1: 'text' is 1"),
        ("a.jsonl", [{"text": "x", "label": {"a": 1}}], {}, r"C019\] \S+a\.jsonl:1: "),
        ("a.csv", "text,label\nx,a\n", {"labels": ["b"]}, r"C020\] \S+a\.csv:2: .*'a' is not in .*\['b'\]"),
        ("a.jsonl", [{"text": "x", "cats": {"a": 1}}], {"labels": ["b"]}, r"C020\] \S+a\.jsonl:1: "),
        ("a.jsonl", [{"text": "x", "cats": ["a"]}], {}, r"C021\] \S+a\.jsonl:1: 'cats' is \['a'\]"),
        ("a.csv", "text,cats\nx,a\n", {"cats": "cats"}, r"C021\] \S+a\.csv:2: 'cats' is 'a'"),
        (
            "a.jsonl",
            [{"text": "x", "cats": {"a": 1.5}}],
            {},
            r"C022\] \S+a\.jsonl:1: .*'a' has the value 1.5",
        ),
        ("a.jsonl", [{"text": "x", "cats": {"a": -1}}], {}, r"C022\]"),
        ("a.jsonl", [{"text": "x", "cats": {"a": True}}], {}, r"C022\]"),
        ("a.jsonl", [{"text": "x", "cats": {"a": "1"}}], {}, r"C022\]"),
        ("a.csv", "", {}, r"C023\] \S+a\.csv holds no usable row: it has no rows"),
        ("a.csv", "text,label\n", {}, r"C023\] .*it has no rows"),
        ("a.csv", "text,label\nx,\n", {}, r"C023\] .*1 of 1 rows skipped, .*a\.csv:2: no label"),
    ],
)
def test_bad_files(make_corpus, nlp, name, content, settings, message):
    with pytest.raises(ValueError, match=message):
        list(make_corpus(name, content, **settings)(nlp))


def test_text_beyond_max_length(make_corpus):
    nlp = spacy.blank("en")
    nlp.max_length = 10
    corpus = make_corpus("a.csv", "text,label\nshort,a\nmuch too long,a\n")
    with pytest.raises(ValueError, match=r"C024\] \S+a\.csv:3: the text has 13 characters.*is 10"):
        list(corpus(nlp))


def test_config_block(tmp_path):
    (tmp_path / "a.tsv").write_text("b\tx\n", encoding="utf-8")
    config = Config().from_str(
        """
        [paths]
        train = null

        [corpora]

        [corpora.train]
        @readers = "spacy-bertadapt.TextcatCorpus.v1"
        path = ${paths.train}
        text = -1
        label = 0
        label_separator = null
        cats = null
        header = false
        format = "tsv"
        labels = ["a", "b"]
        limit = 0
        """,
        overrides={"paths.train": str(tmp_path / "a.tsv")},
    )
    corpus = spacy.registry.resolve(config["corpora"])["train"]
    assert texts_and_cats(corpus) == [("x", {"a": 0.0, "b": 1.0})]


def test_path_not_set():
    block = {"@readers": "spacy-bertadapt.TextcatCorpus.v1", "path": None}
    with pytest.raises(ValueError, match=r"C003\].*\$\{paths\.train\}"):
        spacy.registry.resolve({"corpus": block})


def test_path_that_is_no_file(tmp_path, nlp):
    corpus = TextcatCorpus(tmp_path / "none.csv")
    with pytest.raises(FileNotFoundError, match=r"C001\]"):
        next(corpus.records())
    with pytest.raises(IsADirectoryError, match=r"C002\]"):
        next(TextcatCorpus(tmp_path)(nlp))


def test_missing_values_of_pandas_are_reported(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,x\nb,nan\nc,N/A\n", encoding="utf8")
    with pytest.warns(UserWarning, match=r"W404.*\['N/A', 'nan'\]"):
        assert len(list(TextcatCorpus(path).records())) == 3
    assert len(list(TextcatCorpus(path, labels=["x", "nan", "N/A"]).records())) == 3


def test_a_header_that_is_read_as_data_is_reported(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("id,Text,Label\n1,a,x\n", encoding="utf8")
    with pytest.warns(UserWarning, match=r"W405.*a.csv:1.*header = true"):
        assert len(list(TextcatCorpus(path, text=1, label=2, labels=["x", "Label"]).records())) == 2
    assert len(list(TextcatCorpus(path, text=1, label=2, header=False).records())) == 2
    assert len(list(TextcatCorpus(path, text=1, label=2, header=True).records())) == 1

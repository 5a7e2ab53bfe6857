"""Rows come out of a file as they stand there, with their lines; errors say what is wrong and where."""

import csv
import gzip
import json
import sys
from pathlib import Path

import pytest

from spacy_bertadapt.readers.rows import Row, read_rows


@pytest.fixture
def write(tmp_path):
    """Write bytes or text to a file of the given name, and return its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    return write


def read(path, *columns, **settings):
    """Return (line, values in the order of the columns) for each row."""
    return [(row.line, *map(row.value, columns)) for row in read_rows(path, columns, **settings)]


def one_row(name, text):
    """Return a file that holds the text and the label "pos" on its second line, in the format of the name."""
    if name.endswith("jsonl"):
        return "\n" + json.dumps({"text": text, "label": "pos"}, ensure_ascii=False)
    separator = "," if name.lower().endswith("csv") else "\t"
    return f"text{separator}label\n{text}{separator}pos\n"


def test_csv_with_header(write):
    path = write("a.csv", "id, text ,label\n1,good,pos\n\n2,bad,neg\n")
    assert read(path, "text", "label") == [(2, "good", "pos"), (4, "bad", "neg")]


def test_csv_row_is_at_the_line_where_it_starts(write):
    path = write("a.csv", 'text,label\r\n"two\r\nlines, ""quoted""",pos\r\nx,neg\r\n')
    assert read(path, "text", "label") == [(2, 'two\r\nlines, "quoted"', "pos"), (4, "x", "neg")]


def test_tsv_takes_quotes_literally(write):
    path = write("a.tsv", '"quoted\tpos\n\\n "a" b\tneg\r\n')
    assert read(path, 0, 1) == [(1, '"quoted', "pos"), (2, '\\n "a" b', "neg")]


@pytest.mark.parametrize("separator", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_only_a_line_feed_ends_a_line(write, name, separator):
    text = f"a{separator}b"
    assert read(write(name, one_row(name, text)), "text", "label") == [(2, text, "pos")]


@pytest.mark.parametrize(
    ("header", "columns", "expected"),
    [
        (None, ("b",), [(2, "1")]),
        (None, ("b", 0), [(2, "1", "0")]),
        (None, (1,), [(1, "b"), (2, "1")]),
        (None, (-1, 0), [(1, "b", "a"), (2, "1", "0")]),
        (True, (1,), [(2, "1")]),
        (False, (-2,), [(1, "a"), (2, "0")]),
    ],
)
def test_header_and_columns(write, header, columns, expected):
    assert read(write("a.csv", "a,b\n0,1\n"), *columns, header=header) == expected


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt", "a.jsonl", "A.CSV", "a.b.tsv"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_format_by_suffix(write, name, bom):
    data = bom + one_row(name, "ü").encode("utf-8")
    expected = [(2, "ü", "pos")]
    assert read(write(name, data), "text", "label") == expected
    assert read(write(f"{name}.gz", gzip.compress(data, mtime=0)), "text", "label") == expected


def test_format_given(write):
    path = write("a.data", "x,y\tz\n")
    assert read(path, 0, format="csv") == [(1, "x")]
    assert read(path, 0, format="tsv") == [(1, "x,y")]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_text_of_a_megabyte(write, name):
    text = "word " * 210_000
    assert read(write(name, one_row(name, text)), "text", "label") == [(2, text, "pos")]
    assert csv.field_size_limit() < sys.maxsize


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the csv module takes NUL from Python 3.11 on")
def test_nul_in_csv(write):
    assert read(write("a.csv", "a\0b,c\n"), 0) == [(1, "a\0b")]


def test_nul_in_tsv_and_jsonl(write):
    assert read(write("a.tsv", "a\0b\tc\n"), 0) == [(1, "a\0b")]
    assert read(write("a.jsonl", r'{"t": "a\u0000b \ud83d\ude00"}'), "t") == [(1, "a\0b \U0001f600")]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl", "a.csv.gz"])
def test_empty_file_has_no_rows(write, name):
    assert read(write(name, gzip.compress(b"\n\n", mtime=0) if name.endswith("gz") else "\n\n"), "text") == []
    assert read(write(name, gzip.compress(b"", mtime=0) if name.endswith("gz") else ""), "text") == []


@pytest.mark.parametrize(
    ("name", "content", "columns", "settings", "message"),
    [
        ("a.xml", "", ("t",), {}, r"C004\].*'\.xml' is none of \.csv, \.tsv"),
        ("plain", "", ("t",), {}, r"C004\].*'' is none of"),
        ("a.csv", "", ("t",), {"format": "xml"}, r"C004\].*'xml' is none of csv, tsv, jsonl"),
        ("a.csv", b"t,l\nok,x\nna\xefve,x\n", ("t",), {}, r"C005\] \S+a\.csv:3: byte 0xef \(number 3 of"),
        ("a.tsv", "t\tl\n".encode("utf-16"), ("t",), {}, r"C036\] \S+a\.tsv is UTF-16"),
        ("a.csv.gz", "t,l\nx,y\n", ("t",), {}, r"C006\] \S+a\.csv\.gz .*after line 0"),
        ("a.csv.gz", gzip.compress(b"t\nx\n", mtime=0)[:-6], ("t",), {}, r"C006\] \S+a\.csv\.gz .*after line"),
        ("a.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 20, ("t",), {}, r"C006\].*gz"),
        ("a.csv", 't,l\na,b\n"open,\nx,y\n', ("t",), {}, r"C007\] \S+a\.csv:3: .*unexpected end of data"),
        ("a.csv", 't,l\n"a"b,c\n', ("t",), {}, r"C007\] \S+a\.csv:2: .*expected after"),
        ("a.csv", "t,l\ra,b\r", ("t",), {}, r"C007\] \S+a\.csv:1: "),
        ("a.csv", 't,l\n"1\n2",x\na,b,c\n', ("t",), {}, r"C008\] \S+a\.csv:4: .*3 columns.*first row has 2"),
        ("a.tsv", "a\tb\nc\n", (0,), {}, r"C008\] \S+a\.tsv:2: .*1 columns"),
        ("a.csv", "text;label\n", ("text",), {}, r"C009\] \S+a\.csv:1: no column 'text'.*\['text;label'\]"),
        ("a.csv", "t,t \n", ("t",), {}, r"C010\] \S+a\.csv:1: the header has 't' 2 times"),
        ("a.csv", "t,l\n", (0, "l"), {"header": False}, r"C011\] \S+a\.csv: .*'l' is a name"),
        ("a.csv", "\nt,l\n", (2,), {}, r"C012\] \S+a\.csv:2: no column number 2; there are 2,.*\['t', 'l'\]"),
        ("a.csv", "t,l\n", (-3,), {}, r"C012\] \S+a\.csv:1: no column number -3"),
        ("a.csv", "t,l\n", (1, -1), {}, r"C013\] \S+a\.csv:1: 1 and -1 are one"),
        ("a.csv", "t,l\n", ("t", "t"), {}, r"C013\] \S+a\.csv:1: 't' and 't' are one"),
        (
            "a.jsonl",
            '{"t": 1}\n\n{"t": \n',
            ("t",),
            {},
            r"C014\] \S+a\.jsonl:3: .*Expecting value at character",
        ),
        ("a.jsonl", '{"t": NaN}', ("t",), {}, r"C014\] \S+a\.jsonl:1: .*NaN"),
        ("a.jsonl", r'{"t": "\ud800"}', ("t",), {}, r"C014\] \S+a\.jsonl:1: .*surrogates"),
        ("a.jsonl", "[" * 100_000, ("t",), {}, r"C014\] \S+a\.jsonl:1: .*nested deeper than 100 levels"),
        ("a.jsonl", '["t"]', ("t",), {}, r"C015\] \S+a\.jsonl:1: \['t'\] is no JSON object"),
        ("a.jsonl", '{"t": 1}', ("t", 1), {}, r"C016\] \S+a\.jsonl is read as jsonl.*1 is no column"),
        ("a.jsonl", '{"t": 1}', ("text",), {}, r"C017\] \S+a\.jsonl:1: no key 'text'; the keys are \['t'\]"),
    ],
)
def test_bad_files(write, name, content, columns, settings, message):
    with pytest.raises(ValueError, match=message):
        read(write(name, content), *columns, **settings)


def test_path_that_is_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"C001\] .*none\.csv \(relative paths start from"):
        read(tmp_path / "none.csv", "text")
    with pytest.raises(IsADirectoryError, match=r"C002\]"):
        read(tmp_path, "text")


def test_rows_before_a_bad_one_are_streamed(write):
    rows = read_rows(write("a.csv", "t,l\na,b\nc\n"), ["t"])
    assert next(rows).source.endswith("a.csv:2")
    with pytest.raises(ValueError, match="C008"):
        next(rows)


@pytest.mark.parametrize("value", [None, 1, 1.5, True, ["a"], {}])
def test_text_must_be_a_string(value):
    with pytest.raises(ValueError, match=r"C018\] a\.jsonl:7: 't' is"):
        Row({"t": value}, Path("a.jsonl"), 7).text("t")


@pytest.mark.parametrize(
    ("value", "separator", "expected"),
    [
        ("a|b", None, ["a|b"]),
        ("a|b||", "|", ["a", "b"]),
        ("  ", None, None),
        ("", "|", None),
        (None, None, None),
        ([], None, []),
        (["", " "], None, None),
        (0, None, ["0"]),
        (["x ", 2, ""], "|", ["x", "2"]),
    ],
)
def test_labels(value, separator, expected):
    assert Row({"l": value}, Path("a.jsonl"), 7).labels("l", separator=separator) == expected


@pytest.mark.parametrize("value", [True, {"a": 1}, ["a", None], [["a"]]])
def test_label_of_another_type(value):
    with pytest.raises(ValueError, match=r"C019\] a\.jsonl:7: the label"):
        Row({"l": value}, Path("a.jsonl"), 7).labels("l")

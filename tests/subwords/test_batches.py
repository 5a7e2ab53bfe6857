"""Padded batches equal, id by id, what the Transformers tokenizer makes of the same texts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from spacy_bertadapt.subwords.batches import WindowBatch, group_by_length, recurring_width, window_batch
from spacy_bertadapt.subwords.special_tokens import special_count
from spacy_bertadapt.subwords.tokenizer import SubwordTokenizer
from spacy_bertadapt.types import PaddedBatch

WORDS = ["parcel", "refund", "where", " ", "  ", "\n", "👩‍👧", "é", "שלום", "\x00", "日本", "?!", "xyzzy", "a\u0301"]
TEXT = st.one_of(st.text(max_size=20), st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join))


def laid_out(ours: SubwordTokenizer, columns: Sequence[Sequence[str]], **settings: int) -> WindowBatch:
    template = ours.pair if len(columns) == 2 else ours.single
    settings = {"max_length": 10_000, "pad_id": ours.pad_id, **settings}
    return window_batch([ours.encode(column) for column in columns], template, **settings)


def assert_same(batch: PaddedBatch, expected: dict[str, np.ndarray]) -> None:
    np.testing.assert_array_equal(batch.input_ids, expected["input_ids"])
    mask = np.ones(batch.input_ids.shape) if batch.mask is None else batch.mask
    np.testing.assert_array_equal(mask, expected["attention_mask"])
    types = np.zeros_like(batch.input_ids) if batch.token_type_ids is None else batch.token_type_ids
    if "token_type_ids" in expected:
        np.testing.assert_array_equal(types, expected["token_type_ids"])


def by_transformers(hf: PreTrainedTokenizerFast, *columns: Sequence[str], **settings: object) -> dict[str, np.ndarray]:
    settings = {"padding": True, "return_tensors": "np", "return_token_type_ids": True, **settings}
    return hf(*map(list, columns), split_special_tokens=True, **settings)


@given(texts=st.lists(TEXT, min_size=1, max_size=5))
@example(texts=[""])
@example(texts=["[SEP]", "a [CLS] b"])
@example(texts=["", " ", "where is the parcel"])
def test_single_texts(hf: PreTrainedTokenizerFast, ours: SubwordTokenizer, texts: list[str]) -> None:
    batch = laid_out(ours, [texts])
    assert_same(batch.padded(np.arange(len(batch))), by_transformers(hf, texts))


@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5))
@example(pairs=[("", "")])
@example(pairs=[("", "where is the parcel"), ("where is the parcel", ""), ("a", "b")])
def test_pairs(hf: PreTrainedTokenizerFast, ours: SubwordTokenizer, pairs: list[tuple[str, str]]) -> None:
    columns = list(zip(*pairs, strict=True))
    batch = laid_out(ours, columns)
    assert_same(batch.padded(np.arange(len(batch))), by_transformers(hf, *columns))


@given(texts=st.lists(TEXT, min_size=1, max_size=4), max_length=st.integers(4, 16), stride=st.integers(0, 10))
def test_windows_of_long_texts(
    hf: PreTrainedTokenizerFast, ours: SubwordTokenizer, texts: list[str], max_length: int, stride: int
) -> None:
    assume(stride < max_length - special_count(ours.single))
    settings = {"max_length": max_length, "stride": stride}
    batch = laid_out(ours, [texts], **settings)
    expected = by_transformers(hf, texts, truncation=True, return_overflowing_tokens=True, **settings)
    assert batch.windows.text.tolist() == expected["overflow_to_sample_mapping"].tolist()
    assert_same(batch.padded(np.arange(len(batch))), expected)


@pytest.mark.parametrize(("windowed", "truncation"), [(0, "only_first"), (1, "only_second")])
@given(long=st.lists(TEXT, min_size=1, max_size=3), short=st.sampled_from(["", "where", "the parcel", "xyzzy \x00"]))
@example(long=["where is the parcel " * 10, "where"], short="")
def test_windows_of_pairs(
    hf: PreTrainedTokenizerFast,
    ours: SubwordTokenizer,
    windowed: int,
    truncation: str,
    long: list[str],
    short: str,
) -> None:
    columns = [long, [short] * len(long)] if windowed == 0 else [[short] * len(long), long]
    settings = {"max_length": 32, "stride": 3}
    batch = laid_out(ours, columns, windowed=windowed, **settings)
    expected = by_transformers(hf, *columns, truncation=truncation, return_overflowing_tokens=True, **settings)
    assert batch.windows.text.tolist() == expected["overflow_to_sample_mapping"].tolist()
    if "token_type_ids" not in hf.model_input_names and windowed:
        expected.pop("token_type_ids")  # the library forgets a template's type 0 in overflowing windows
    assert_same(batch.padded(np.arange(len(batch))), expected)


def test_windows_really_come_about(ours: SubwordTokenizer) -> None:
    batch = laid_out(ours, [["where is the parcel " * 10, "where"]], max_length=16, stride=4)
    assert len(batch) > 3
    assert batch.lengths.max() == 16


def test_pairs_have_token_types_and_texts_none(hf_tokenizers: dict) -> None:
    from spacy_bertadapt.network.checkpoint import subword_tokenizer

    bert, roberta = (subword_tokenizer(hf_tokenizers[kind]) for kind in ("bert", "roberta"))
    pair = [["where"], ["the parcel"]]
    types = laid_out(bert, pair).padded(np.arange(1)).token_type_ids
    assert types is not None
    first, second = (len(bert.encode(column)[0]) for column in pair)
    assert types.tolist() == [[0] * (first + 2) + [1] * (second + 1)]
    assert laid_out(bert, pair[:1]).padded(np.arange(1)).token_type_ids is None
    assert laid_out(roberta, pair).padded(np.arange(1)).token_type_ids is None


def test_rows_come_in_the_order_asked_for(ours: SubwordTokenizer) -> None:
    texts = ["where", "where is the parcel", "parcel"]
    batch = laid_out(ours, [texts])
    turned = batch.padded(np.array([2, 0]))
    assert turned.input_ids.tolist() == laid_out(ours, [["parcel", "where"]]).padded(np.arange(2)).input_ids.tolist()


def test_a_mask_only_where_something_is_padded(ours: SubwordTokenizer) -> None:
    batch = laid_out(ours, [["where", "where", "where is the parcel"]])
    assert batch.padded(np.array([0, 1])).mask is None
    mask = batch.padded(np.array([0, 2])).mask
    assert mask is not None
    assert mask.sum(axis=1).tolist() == batch.lengths[[0, 2]].tolist()


def test_ids_decode_to_the_text(hf: PreTrainedTokenizerFast, ours: SubwordTokenizer) -> None:
    texts = ["where is the parcel", "my card was charged twice"]
    batch = laid_out(ours, [texts]).padded(np.arange(2))
    assert hf.batch_decode(batch.input_ids, skip_special_tokens=True) == texts
    expected = f"{hf.cls_token} where is the parcel {hf.sep_token}"
    assert hf.decode(batch.input_ids[0][: len(ours.encode(texts)[0]) + 2]).replace(" ", "") == expected.replace(" ", "")


@given(text=st.text(max_size=40))
def test_byte_level_subwords_lose_nothing(hf_tokenizers: dict, text: str) -> None:
    from spacy_bertadapt.network.checkpoint import subword_tokenizer

    roberta = hf_tokenizers["roberta"]
    (subwords,) = subword_tokenizer(roberta).encode([text])
    assert roberta.backend_tokenizer.decode(subwords.ids.tolist(), skip_special_tokens=False) == text


def test_a_second_text_that_fills_the_window_is_an_error(ours: SubwordTokenizer) -> None:
    with pytest.raises(ValueError, match="E201"):
        laid_out(ours, [["where is the parcel"], ["where is the parcel"]], max_length=7)


def test_a_long_second_text_is_none_where_both_fit(ours: SubwordTokenizer) -> None:
    columns = [["parcel"], ["where is the parcel"]]
    whole = laid_out(ours, columns)
    batch = laid_out(ours, columns, max_length=int(whole.lengths[0]), stride=16)
    assert batch.padded(np.arange(1)).input_ids.tolist() == whole.padded(np.arange(1)).input_ids.tolist()


def test_no_texts_are_no_windows(ours: SubwordTokenizer) -> None:
    assert len(laid_out(ours, [[]])) == 0
    assert len(laid_out(ours, [[], []])) == 0
    assert group_by_length(laid_out(ours, [[]]).lengths, 100) == []


@given(lengths=st.lists(st.integers(1, 50), max_size=40), budget=st.integers(1, 300))
@example(lengths=[1] * 10 + [50] * 6 + [12], budget=132)
def test_groups_are_a_partition_within_the_budget(lengths: list[int], budget: int) -> None:
    sizes = np.array(lengths, dtype=np.int64)
    groups = group_by_length(sizes, budget)
    assert sorted(row for group in groups for row in dict.fromkeys(group.tolist())) == list(range(len(lengths)))
    assert all(len(set(group.tolist())) == len(group) for group in groups[:-1])
    if groups[3:]:
        full = max(1, budget // max(1, int(sizes[groups[-1]].max())))
        assert len(groups[-1]) == full or len(groups[-1]) % max(1, full // 4) == 0
    for group in groups:
        assert len(group) == 1 or len(group) * sizes[group].max() <= budget
    longest = [int(sizes[group].max()) for group in groups]
    assert longest == sorted(longest, reverse=True)
    for group, following in pairwise(groups):
        assert (len(group) + 1) * sizes[group].max() > budget, "a group is full before the next one starts"
        assert sizes[following].max() <= sizes[group].min()


def test_few_widths_come_back() -> None:
    longest = np.arange(1, 513)
    widths = recurring_width(longest, 510)
    assert (widths[:510] >= longest[:510]).all()
    assert (widths[:510] - longest[:510] <= longest[:510] // 16).all()
    assert widths[:509].max() == 510
    assert widths[509:].tolist() == [510, 511, 512]
    assert len(set(widths[:510].tolist())) < 100
    assert (widths[:31] == longest[:31]).all()


def test_rows_can_be_wider_than_the_longest(ours: SubwordTokenizer) -> None:
    batch = laid_out(ours, [["where is my parcel", "where"]])
    rows = np.arange(2)
    narrow, wide = batch.padded(rows), batch.padded(rows, width=20)
    columns = narrow.input_ids.shape[1]
    assert wide.input_ids.shape == (2, 20)
    assert (wide.input_ids[:, :columns] == narrow.input_ids).all()
    assert (wide.input_ids[:, columns:] == ours.pad_id).all()
    assert wide.mask is not None
    assert narrow.mask is not None
    assert (wide.mask[:, :columns] == narrow.mask).all()
    assert not wide.mask[:, columns:].any()

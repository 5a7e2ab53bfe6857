"""The tokenizer encodes user text as text, leaves the original alone, and serves any number of threads."""

from __future__ import annotations

import gc
import json
import pickle
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from transformers import PreTrainedTokenizerFast

from spacy_bertadapt.network.checkpoint import subword_tokenizer
from spacy_bertadapt.subwords.tokenizer import TOKENIZERS_KEPT, SubwordTokenizer, TokenizerStore, shared_tokenizer

LITERALS = ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "[UNK]", "</s>", "<s>", "<pad>", "<mask>", "<unk>"]
TEXTS = ["where is the parcel", "", "my card was charged twice", " \n", "👩‍👧 café שלום \x00", "where is the parcel"]


@given(parts=st.lists(st.sampled_from([*LITERALS, "parcel", " ", "é", "▁", "<", "/s>"]), max_size=12))
def test_literal_special_tokens_are_text(hf: PreTrainedTokenizerFast, ours: SubwordTokenizer, parts: list[str]) -> None:
    text = "".join(parts)
    special = set(hf.all_special_ids) - {hf.unk_token_id}
    for offsets in (False, True):
        (subwords,) = ours.encode([text], offsets=offsets)
        assert not special & set(subwords.ids.tolist())
        assert subwords.offsets is None or len(subwords.offsets) == len(subwords.ids)


def test_a_unigram_vocabulary_has_special_tokens_as_pieces(hf_tokenizers: dict) -> None:
    """Not treating special tokens specially is not enough there: the model itself comes up with them."""
    hf = hf_tokenizers["unigram"]
    backend = Tokenizer.from_str(hf.backend_tokenizer.to_str())
    backend.encode_special_tokens = True
    assert hf.eos_token_id in backend.encode("the parcel</s>", add_special_tokens=False).ids
    ours = subword_tokenizer(hf)
    (subwords,) = ours.encode(["the parcel</s>"])
    assert hf.eos_token_id not in subwords.ids
    assert hf.unk_token_id in subwords.ids
    (with_offsets,) = ours.encode(["the parcel</s>"], offsets=True)
    assert with_offsets.ids.tolist() == subwords.ids.tolist()


def test_without_an_unknown_token_a_special_piece_is_dropped(hf_tokenizers: dict) -> None:
    hf = hf_tokenizers["unigram"]
    ours = SubwordTokenizer(hf.backend_tokenizer.to_str(), hf.all_special_ids, None, hf.pad_token_id)
    for offsets in (False, True):
        (subwords,) = ours.encode(["the parcel</s> </s>"], offsets=offsets)
        assert not set(hf.all_special_ids) & set(subwords.ids.tolist())
        assert len(subwords) > 0
        assert subwords.offsets is None or subwords.offsets.shape == (len(subwords), 2)


def test_added_words_that_are_not_special_stay_words(make_tokenizer: Callable) -> None:
    hf = make_tokenizer("wordpiece")
    hf.add_tokens([AddedToken("zyxwv", normalized=False)])
    (subwords,) = subword_tokenizer(hf).encode(["the zyxwv parcel"])
    assert hf.convert_tokens_to_ids("zyxwv") in subwords.ids


def test_offsets_make_no_difference_to_ids(ours: SubwordTokenizer) -> None:
    for plain, located in zip(ours.encode(TEXTS), ours.encode(TEXTS, offsets=True), strict=True):
        assert plain.ids.tolist() == located.ids.tolist()
        assert plain.offsets is None
        assert located.offsets is not None
        assert located.offsets.shape == (len(located), 2)


def test_offsets_count_characters(hf_tokenizers: dict) -> None:
    text = "👩‍👧 Thé parcel"
    (subwords,) = subword_tokenizer(hf_tokenizers["bert"]).encode([text], offsets=True)
    assert subwords.offsets is not None
    assert "".join(text[start:end] for start, end in subwords.offsets.tolist()).endswith("Théparcel")


def test_the_original_keeps_its_padding_and_truncation(make_tokenizer: Callable) -> None:
    hf = make_tokenizer("wordpiece")
    backend = hf.backend_tokenizer
    backend.enable_truncation(7, stride=2)
    backend.enable_padding(length=9, pad_id=hf.pad_token_id)
    before = backend.to_str()
    ours = subword_tokenizer(hf)
    once, often, nothing = ours.encode(["where is the parcel", "where is the parcel " * 5, ""])
    assert [len(often), len(nothing)] == [5 * len(once), 0], "our copy neither cuts nor pads"
    ours.encode_cached(["where is the parcel"], offsets=True)
    assert backend.to_str() == before
    assert backend.encode_special_tokens is False
    assert json.loads(before)["truncation"]["max_length"] == 7


def test_threads_share_one_tokenizer(ours: SubwordTokenizer) -> None:
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]
    expected = [subwords.ids.tolist() for subwords in ours.encode(texts)]
    fresh = pickle.loads(pickle.dumps(ours))

    def encode_often(number: int) -> list[list[list[int]]]:
        encode = fresh.encode if number % 2 else fresh.encode_cached
        return [[subwords.ids.tolist() for subwords in encode(texts, offsets=number % 4 > 1)] for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        for rounds in pool.map(encode_often, range(8)):
            assert rounds == [expected] * 5


def test_a_text_is_encoded_once_over_epochs(tokenizer_json: Callable[[str], str]) -> None:
    ours = SubwordTokenizer(tokenizer_json("wordpiece"))
    first = ours.encode_cached(TEXTS)
    assert len(ours.cache) == len(set(TEXTS))
    assert first[0] is first[-1]
    for _ in range(3):
        assert all(new is old for new, old in zip(ours.encode_cached(TEXTS), first, strict=True))
    located = ours.encode_cached(TEXTS, offsets=True)
    assert all(subwords.offsets is not None for subwords in located)
    assert all(new is old for new, old in zip(ours.encode_cached(TEXTS), located, strict=True))
    assert [subwords.ids.tolist() for subwords in located] == [subwords.ids.tolist() for subwords in first]


def test_pickle_keeps_text_as_text(hf: PreTrainedTokenizerFast) -> None:
    original = SubwordTokenizer(
        hf.backend_tokenizer.to_str(), tuple(hf.all_special_ids), hf.unk_token_id, hf.pad_token_id
    )
    pickled = pickle.dumps(original)
    original.encode_cached(TEXTS)
    assert pickle.dumps(original) == pickled, "the cache stays behind"
    copy = pickle.loads(pickled)
    assert copy is not original
    text = "where [SEP] is </s> the <s> parcel"
    assert copy.encode([text])[0].ids.tolist() == original.encode([text])[0].ids.tolist()
    assert not {hf.sep_token_id, hf.cls_token_id} & set(copy.encode([text])[0].ids.tolist())
    assert copy.pad_id == original.pad_id
    assert [piece.ids.tolist() for piece in copy.pair] == [piece.ids.tolist() for piece in original.pair]
    assert copy.cache is not original.cache


def test_equal_settings_share_one_tokenizer(tokenizer_json: Callable[[str], str]) -> None:
    settings = (tokenizer_json("wordpiece"), (0, 2, 3), 1, 0)
    first = shared_tokenizer(*settings)
    assert shared_tokenizer(*settings) is first
    assert shared_tokenizer(settings[0], [0, 2, 3], 1, 0) is first
    assert pickle.loads(pickle.dumps(first)) is first
    assert shared_tokenizer(settings[0], (0, 2), 1, 0) is not first


def test_the_process_keeps_a_bounded_number_of_tokenizers(tokenizer_json: Callable[[str], str]) -> None:
    json_text = tokenizer_json("wordpiece")
    references = [weakref.ref(shared_tokenizer(json_text, (), 1, pad_id)) for pad_id in range(TOKENIZERS_KEPT + 5)]
    gc.collect()
    assert [reference() is None for reference in references] == [True] * 5 + [False] * TOKENIZERS_KEPT


def test_the_tokenizer_unused_for_longest_goes_first(tokenizer_json: Callable[[str], str]) -> None:
    json_text, store = tokenizer_json("wordpiece"), TokenizerStore(2)
    references = {pad_id: weakref.ref(store.get((json_text, (), 1, pad_id))) for pad_id in (0, 1)}
    store.get((json_text, (), 1, 0))
    store.get((json_text, (), 1, 2))
    gc.collect()
    assert references[0]() is store.get((json_text, (), 1, 0))
    assert references[1]() is None
    assert isinstance(store.get((json_text, (), 1, 1)), SubwordTokenizer), "it is made anew"


def test_a_tokenizer_that_somebody_holds_is_never_made_twice(tokenizer_json: Callable[[str], str]) -> None:
    json_text, store = tokenizer_json("wordpiece"), TokenizerStore(1)
    held = store.get((json_text, (), 1, 0))
    for pad_id in (1, 2, 3):
        store.get((json_text, (), 1, pad_id))
    assert store.get((json_text, (), 1, 0)) is held


def test_threads_get_one_tokenizer(tokenizer_json: Callable[[str], str]) -> None:
    json_text = tokenizer_json("wordpiece")
    for _ in range(5):
        store, start = TokenizerStore(2), Barrier(8)

        def get(number: int, store: TokenizerStore = store, start: Barrier = start) -> SubwordTokenizer:
            start.wait()
            return store.get((json_text, (), 1, number % 4))

        with ThreadPoolExecutor(8) as pool:
            tokenizers = list(pool.map(get, range(8)))
        assert all(tokenizers[number] is tokenizers[number + 4] for number in range(4))
        assert len(set(map(id, tokenizers))) == 4


@pytest.mark.parametrize("offsets", [False, True])
def test_no_texts(ours: SubwordTokenizer, offsets: bool) -> None:
    assert ours.encode([], offsets=offsets) == []
    assert ours.encode_cached([], offsets=offsets) == []


def test_empty_texts_have_no_subwords(ours: SubwordTokenizer) -> None:
    (subwords,) = ours.encode([""], offsets=True)
    assert subwords.ids.dtype == np.int64
    assert subwords.ids.shape == (0,)
    assert subwords.offsets is not None
    assert subwords.offsets.shape == (0, 2)

"""The one place that calls the tokenizers library, and the tokenizers that a process shares."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeAlias, cast
from weakref import WeakValueDictionary

import numpy as np
from tokenizers import Tokenizer

from ..forks import fork_safe_lock
from ..types import Ints, Segments, Subwords
from .cache import SubwordCache
from .special_tokens import Template, pair_template, single_template, special_count

TOKENIZERS_KEPT = 8

Settings: TypeAlias = tuple[str, tuple[int, ...], int | None, int]
"""The arguments of a SubwordTokenizer."""


class SubwordTokenizer:
    """A fast tokenizer that only encodes, so that any number of threads may share it.

    It owns a private copy of the tokenizer. Padding, truncation and the treatment of special tokens are set once, when
    it is made: to change them while another thread encodes raises "Already borrowed".
    The characters of a text are always text: a literal `[SEP]` or `</s>` never becomes a special token.
    """

    def __init__(
        self, tokenizer_json: str, special_ids: Iterable[int] = (), unk_id: int | None = None, pad_id: int = 0
    ):
        """Set up from the text of a `tokenizer.json`.

        special_ids: vocabulary indices that no text may produce.
        unk_id: the index that takes their place; None: they are dropped.
        pad_id: the index that fills shorter rows on the right.
        """
        self._settings: Settings = (tokenizer_json, tuple(special_ids), unk_id, pad_id)
        self._backend = Tokenizer.from_str(tokenizer_json)
        self._backend.no_padding()
        self._backend.no_truncation()
        self._backend.encode_special_tokens = True
        self._forbidden = np.array(sorted(set(self._settings[1]) - {unk_id}), dtype=np.int64)
        self._unk_id = unk_id
        self.pad_id = pad_id
        self.cache = SubwordCache()
        self.single: Template = single_template(self._backend)
        self.pair: Template = pair_template(self._backend)

    def __reduce__(self) -> tuple:
        return shared_tokenizer, self._settings

    def encode(self, texts: Sequence[str], *, offsets: bool = False) -> list[Subwords]:
        """Return the subwords of each text, from one call of the library.

        offsets: whether to give character offsets; they cost time.
        """
        encode = self._backend.encode_batch if offsets else self._backend.encode_batch_fast
        encodings = encode(list(texts), add_special_tokens=False)
        ids = [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]
        spans: list[Ints | None] = [None] * len(ids)
        if offsets:
            spans = [np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) for encoding in encodings]
        if not ids or not np.isin(np.concatenate(ids), self._forbidden).any():
            return list(map(Subwords, ids, spans))
        return [self._without_specials(*subwords) for subwords in zip(ids, spans, strict=True)]

    def encode_cached(self, texts: Sequence[str], *, offsets: bool = False) -> list[Subwords]:
        """Return what `encode` returns, taking from the cache what is there.

        For texts that are encoded again: by the batcher and the component, and in the next epoch.
        """
        known = {text: self.cache.get(text, offsets=offsets) for text in texts}
        missing = [text for text, subwords in known.items() if subwords is None]
        for text, subwords in zip(missing, self.encode(missing, offsets=offsets), strict=True):
            self.cache.put(text, subwords)
            known[text] = subwords
        return [cast(Subwords, known[text]) for text in texts]

    def lengths(self, segments: Sequence[Segments], *, cached: bool = False) -> list[int]:
        """Return the number of subwords of each text or pair, special tokens included.

        cached: whether to take subwords from the cache, and to keep new ones in it.
        """
        parts = [(segment,) if isinstance(segment, str) else segment for segment in segments]
        encode = self.encode_cached if cached else self.encode
        counts = map(len, encode([text for texts in parts for text in texts]))
        special = {1: special_count(self.single), 2: special_count(self.pair)}
        return [sum(islice(counts, len(texts))) + special[len(texts)] for texts in parts]

    def decode(self, ids: Ints) -> str:
        """Return the text of some subwords, as far as the tokenizer can restore it. ids: (subwords,)."""
        return self._backend.decode(ids.tolist())

    def _without_specials(self, ids: Ints, spans: Ints | None) -> Subwords:
        forbidden = np.isin(ids, self._forbidden)
        if not forbidden.any():
            return Subwords(ids, spans)
        if self._unk_id is not None:
            return Subwords(np.where(forbidden, self._unk_id, ids), spans)
        return Subwords(ids[~forbidden], None if spans is None else spans[~forbidden])


class TokenizerStore:
    """The tokenizers of a process by their settings, safe under threads.

    It keeps the ones used last, so that their caches last when a component is loaded again. A tokenizer that is still
    in use elsewhere is returned again even if it is no longer among those kept.
    """

    def __init__(self, size: int = TOKENIZERS_KEPT):
        """size: how many unused tokenizers are kept."""
        self._size = size
        self._kept: OrderedDict[Settings, SubwordTokenizer] = OrderedDict()
        self._held: WeakValueDictionary[Settings, SubwordTokenizer] = WeakValueDictionary()
        self._lock = fork_safe_lock()

    def get(self, settings: Settings) -> SubwordTokenizer:
        """Return the one tokenizer with these settings; make it if there is none."""
        with self._lock:
            tokenizer = self._held.get(settings)
        # Reading a large vocabulary takes up to a second, in which other threads can work.
        made = SubwordTokenizer(*settings) if tokenizer is None else tokenizer
        with self._lock:
            tokenizer = self._held.setdefault(settings, made)
            self._kept[settings] = tokenizer
            self._kept.move_to_end(settings)
            unused = self._kept.popitem(last=False) if len(self._kept) > self._size else None
        del unused  # frees it outside the lock
        return tokenizer


_store = TokenizerStore()


def shared_tokenizer(
    tokenizer_json: str, special_ids: Iterable[int] = (), unk_id: int | None = None, pad_id: int = 0
) -> SubwordTokenizer:
    """Return the process's one SubwordTokenizer for these settings, so that all who use it share its cache.

    Arguments are those of `SubwordTokenizer`.
    """
    return _store.get((tokenizer_json, tuple(special_ids), unk_id, pad_id))

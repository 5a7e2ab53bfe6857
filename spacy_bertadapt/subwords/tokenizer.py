"""The one place that calls the tokenizers library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import cast
from weakref import WeakValueDictionary

import numpy as np
from tokenizers import Tokenizer

from ..types import Ints, Segments, Subwords
from .cache import SubwordCache
from .template import Template, pair_template, single_template, special_count


class SubwordTokenizer:
    """A fast tokenizer that only ever encodes: any number of threads may share it.

    It owns a private copy of the tokenizer. Padding, truncation and the treatment of special tokens are set
    once, here, and never again: changing them while another thread encodes raises "Already borrowed".
    The characters of a text are always text: a literal `[SEP]` or `</s>` never becomes a special token.
    """

    def __init__(
        self, tokenizer_json: str, special_ids: Iterable[int] = (), unk_id: int | None = None, pad_id: int = 0
    ):
        """Set up from the text of a `tokenizer.json`.

        special_ids: vocabulary indices that no text may produce. unk_id: what stands in their place
        (None: they are dropped). pad_id: index that fills the right of shorter rows.
        """
        self._settings = (tokenizer_json, tuple(special_ids), unk_id, pad_id)
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
        """Split texts into subwords, with one call of the library.

        texts: any strings, empty ones too. offsets: whether character offsets are wanted; they cost time.
        Returns one Subwords a text, in order.
        """
        encode = self._backend.encode_batch if offsets else self._backend.encode_batch_fast
        encodings = encode(list(texts), add_special_tokens=False)
        ids = [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]
        if not offsets:
            return [Subwords(found) for found in self._without_specials(ids)]
        spans = [np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2) for encoding in encodings]
        return [self._one_without_specials(found, span) for found, span in zip(ids, spans, strict=True)]

    def encode_cached(self, texts: Sequence[str], *, offsets: bool = False) -> list[Subwords]:
        """The same as `encode`, for texts that come again: an epoch later, or in the batcher and the component."""
        found = {text: self.cache.get(text, offsets=offsets) for text in texts}
        missing = [text for text, subwords in found.items() if subwords is None]
        for text, subwords in zip(missing, self.encode(missing, offsets=offsets), strict=True):
            self.cache.put(text, subwords)
            found[text] = subwords
        return [cast(Subwords, found[text]) for text in texts]

    def lengths(self, segments: Sequence[Segments], *, cached: bool = False) -> list[int]:
        """How many subwords texts or pairs have, special tokens included.

        cached: look them up, and keep them for whoever encodes the same texts next.
        """
        parts = [(found,) if isinstance(found, str) else found for found in segments]
        encode = self.encode_cached if cached else self.encode
        counts = map(len, encode([text for texts in parts for text in texts]))
        special = {1: special_count(self.single), 2: special_count(self.pair)}
        return [sum(islice(counts, len(texts))) + special[len(texts)] for texts in parts]

    def decode(self, ids: Ints) -> str:
        """The text of some subwords, as far as the tokenizer can tell."""
        return self._backend.decode(ids.tolist())

    def _without_specials(self, ids: list[Ints]) -> list[Ints]:
        if not ids or not np.isin(np.concatenate(ids), self._forbidden).any():
            return ids
        return [self._one_without_specials(found, None).ids for found in ids]

    def _one_without_specials(self, ids: Ints, spans: Ints | None) -> Subwords:
        forbidden = np.isin(ids, self._forbidden)
        if not forbidden.any():
            return Subwords(ids, spans)
        if self._unk_id is not None:
            return Subwords(np.where(forbidden, self._unk_id, ids), spans)
        return Subwords(ids[~forbidden], None if spans is None else spans[~forbidden])


_shared: WeakValueDictionary[tuple, SubwordTokenizer] = WeakValueDictionary()


def shared_tokenizer(
    tokenizer_json: str, special_ids: Iterable[int] = (), unk_id: int | None = None, pad_id: int = 0
) -> SubwordTokenizer:
    """The process's one SubwordTokenizer for these settings, so that all who use it share its cache.

    Arguments as of `SubwordTokenizer`. It goes away with its last user.
    """
    settings = (tokenizer_json, tuple(special_ids), unk_id, pad_id)
    tokenizer = _shared.get(settings)
    return tokenizer if tokenizer is not None else _shared.setdefault(settings, SubwordTokenizer(*settings))

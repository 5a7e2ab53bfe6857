"""Small vocabularies of each kind, learned from texts: the same texts give the same vocabulary, in any process.

The trainers of `tokenizers` decide ties by the order of a hash table, which differs from process to process, except
that of BPE, which counts on the order of its alphabet. So all vocabularies here are learned by BPE.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers


def learn_tokenizer(kind: str, texts: Iterable[str], specials: Sequence[str], *, unk: str, size: int) -> Tokenizer:
    """Return a tokenizer without a post-processor, whose special tokens have the first ids.

    kind: "wordpiece", "bpe" or "unigram". size: of the vocabulary, in pieces, special tokens included.
    """
    learn = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram}[kind]
    tokenizer = learn(list(texts), list(specials), unk, size)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    return tokenizer


def _wordpiece(texts: list[str], specials: list[str], unk: str, size: int) -> Tokenizer:
    """Return a tokenizer whose characters within words stand before all that was learned, in their order."""
    learned = _like_bert(models.WordPiece(unk_token=unk))
    inner = [f"##{character}" for character in sorted(set(learned.normalizer.normalize_str("".join(texts))))]
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials + inner, show_progress=False)
    learned.train_from_iterator(texts, trainer)
    return _like_bert(models.WordPiece(learned.get_vocab(), unk_token=unk))


def _like_bert(model: models.WordPiece) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return tokenizer


def _bpe(texts: list[str], specials: list[str], unk: str, size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _unigram(texts: list[str], specials: list[str], unk: str, size: int) -> Tokenizer:
    """Return a tokenizer whose pieces are those of BPE, the earlier merged the more probable."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=specials, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    pieces = sorted(tokenizer.get_vocab().items(), key=lambda piece: piece[1])
    scores = [(piece, -math.log(rank + 1) if rank >= len(specials) else 0.0) for piece, rank in pieces]
    tokenizer.model = models.Unigram(scores, unk_id=specials.index(unk), byte_fallback=False)
    return tokenizer

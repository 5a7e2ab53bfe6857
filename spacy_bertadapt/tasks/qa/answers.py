"""The best answers, from the logits of their starts and ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...component.outputs import WindowOutputs
from ...subwords.alignment import Alignment
from ...subwords.windows import ragged_arange
from ...types import Floats, Ints

START, END = 0, 1
NULL_COLUMN = 0  # of [CLS]: what stands for "no answer"
CANDIDATES_PER_ANSWER = 4  # ranked first for each that is kept: windows repeat some, and some overlap


@dataclass(frozen=True, slots=True)
class Answers:
    """The best answers to one question, best first.

    start, stop: (answers,) ranges of aligned tokens, by number among all texts' tokens. score: (answers,) logits.
    null_score: the logit of "no answer", the least over the windows.
    """

    start: Ints
    stop: Ints
    score: Floats
    null_score: float

    @property
    def probabilities(self) -> Floats:
        """The probabilities of the answers and, last, of no answer, (answers + 1,); they sum to one."""
        logits = np.append(self.score, self.null_score).astype(np.float64)
        odds = np.exp(logits - logits.max())
        return (odds / odds.sum()).astype(np.float32)

    @property
    def no_answer_score(self) -> float:
        """The probability of "no answer" against the best answer alone."""
        if not len(self.score):
            return 1.0
        return float(1 / (1 + np.exp(np.clip(float(self.score[0]) - self.null_score, -80, 80))))


def best_answers(
    outputs: WindowOutputs, alignment: Alignment, n_texts: int, *, n_best: int, max_length: int, allow_overlap: bool
) -> list[Answers]:
    """Return the best answers in every text, over all of its windows.

    alignment: tokens of the windowed segment. n_best: answers a text, at most. max_length: of an answer, in tokens.
    allow_overlap: whether two answers may share a token.
    A token's score as a start or an end is the best of its subwords'. An answer's is the sum of its start's and end's.
    A subword that several tokens share starts at the first of them and ends at the last: no answer cuts it.
    """
    window, token = _tokens_in_windows(outputs, alignment)
    start, end = _token_scores(outputs, alignment, window, token)
    spans = _span_scores(start, end, window, max_length)
    null = _null_scores(outputs, n_texts)
    text = outputs.batch.windows.text[window]
    borders = np.searchsorted(text, np.arange(n_texts + 1))
    best = []
    for number in range(n_texts):
        first, last = borders[number], borders[number + 1]
        kept = _best(spans[:, first:last], token[first:last], n_best, allow_overlap=allow_overlap)
        rows = np.array(kept, dtype=np.float64).reshape(-1, 3).T
        places = rows[:2].astype(np.int64)
        best.append(Answers(places[0], places[1], rows[2].astype(np.float32), float(null[number])))
    return best


def _tokens_in_windows(outputs: WindowOutputs, alignment: Alignment) -> tuple[Ints, Ints]:
    """Return the tokens that stand whole in each window: (n,) windows in order, (n,) tokens of the alignment."""
    windows = outputs.batch.windows
    # Larger than any number of a subword, so that keys of different texts differ.
    text_size = 1 + max(int(windows.stop.max(initial=0)), int(alignment.last.max(initial=0)))
    keys = alignment.text * text_size
    first = np.searchsorted(keys + alignment.first, windows.text * text_size + windows.start)
    stop = np.searchsorted(keys + alignment.last, windows.text * text_size + windows.stop)
    sizes = np.maximum(0, stop - first)
    return np.repeat(np.arange(len(windows)), sizes), ragged_arange(first, sizes)


def _token_scores(outputs: WindowOutputs, alignment: Alignment, window: Ints, token: Ints) -> tuple[Floats, Floats]:
    """Return the score of each token of each window as the start of an answer, (n,), and as its end, (n,)."""
    flat, row = outputs.flat_logits(2)
    place = row[window] - outputs.batch.windows.start[window] + outputs.batch.first_column[window]
    joined = (alignment.text[1:] == alignment.text[:-1]) & (alignment.first[1:] <= alignment.last[:-1])
    first, last = alignment.first.copy(), alignment.last.copy()
    first[1:] += joined
    last[:-1] -= joined
    return (
        _best_between(flat[:, START], place + first[token], place + alignment.last[token]),
        _best_between(flat[:, END], place + alignment.first[token], place + last[token]),
    )


def _best_between(scores: Floats, first: Ints, last: Ints) -> Floats:
    """Return the best score of each range of places, (n,), its last one included; minus infinity for an empty one."""
    if not len(first):
        return scores[:0]
    borders = np.stack([first, np.maximum(first, last) + 1], axis=1).ravel()
    best = np.maximum.reduceat(np.append(scores, np.float32(-np.inf)), borders)[::2]
    best[first > last] = -np.inf
    return best


def _span_scores(start: Floats, end: Floats, window: Ints, max_length: int) -> Floats:
    """Return the scores, (lengths, n), of answers by the tokens after their first, and by their first token."""
    scores = np.full((min(max_length, max(1, len(start))), len(start)), -np.inf, dtype=np.float32)
    for extra_tokens in range(len(scores)):
        n = len(start) - extra_tokens
        same = window[:n] == window[extra_tokens:]
        scores[extra_tokens, :n] = np.where(same, start[:n] + end[extra_tokens:], -np.inf)
    return scores


def _null_scores(outputs: WindowOutputs, n_texts: int) -> Floats:
    """Return the score of [CLS], (texts,), the least over a text's windows."""
    flat, row = outputs.flat_logits(2)
    least = np.full(n_texts, np.inf, dtype=np.float32)
    np.minimum.at(least, outputs.batch.windows.text, flat[row + NULL_COLUMN].sum(axis=1))
    return least


def _best(scores: Floats, token: Ints, count: int, *, allow_overlap: bool) -> list[tuple[int, int, float]]:
    """Return the best ranges of tokens with their scores, ranking more of them as long as too few can be kept."""
    candidates = count * CANDIDATES_PER_ANSWER
    while True:
        ranked = _rank(scores, token, candidates)
        kept = _keep(ranked, count, allow_overlap=allow_overlap)
        if len(kept) == count or len(ranked) < candidates:
            return kept
        candidates *= CANDIDATES_PER_ANSWER


def _rank(scores: Floats, token: Ints, count: int) -> list[tuple[int, int, float]]:
    """Return the best ranges of tokens with their scores, best first; of equal ones, the earlier and shorter."""
    flat = scores.T.ravel()
    count = min(count, int(np.isfinite(flat).sum()))
    if not count:
        return []
    best = np.argpartition(-flat, count - 1)[:count]
    best = best[np.lexsort((best, -flat[best]))]
    column, extra_tokens = np.divmod(best, len(scores))
    start = token[column]
    return list(zip(start.tolist(), (start + extra_tokens + 1).tolist(), flat[best].tolist(), strict=True))


def _keep(ranked: list[tuple[int, int, float]], count: int, *, allow_overlap: bool) -> list[tuple[int, int, float]]:
    """Return the first `count` ranges without duplicates and, unless allowed, without overlaps."""
    kept: list[tuple[int, int, float]] = []
    for start, stop, score in ranked:
        clashes = (
            (start, stop) == other[:2] or (not allow_overlap and start < other[1] and other[0] < stop) for other in kept
        )
        if not any(clashes):
            kept.append((start, stop, score))
        if len(kept) == count:
            break
    return kept

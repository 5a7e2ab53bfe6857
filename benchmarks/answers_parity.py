"""Our answers beside those that Transformers' example for SQuAD finds with the same weights.

    python -m benchmarks.answers_parity --data DATA --pipeline PIPELINE

PIPELINE is a trained `bert_qa`, such as `train.py --task squad --keep FOLDER` leaves. Both sides compute in float32,
each on its own subwords, windows and batches. The peer's answers are widened to whole spaCy tokens, as ours are; of
several that become the same the best stays.
"""

from __future__ import annotations

import argparse
from itertools import zip_longest
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from transformers import AutoModelForQuestionAnswering, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from spacy_bertadapt import make_pair_doc
from spacy_bertadapt.tasks.qa.answers import best_answers
from spacy_bertadapt.tasks.qa.component import BertQa

from .data import read_squad
from .scores import answer_scores
from .squad_answers import Candidate, squad_answers

TOLERANCE = 1e-4
LONGEST = 10**6
CONTEXT = 1  # the second text of a pair
NOTHING = Candidate(0, 0, float("-inf"))  # where one side has fewer answers


def main() -> None:
    """Print how many questions have the same answers, with the same scores."""
    args = parse()
    settings = {"model.precision": "float32", "max_length": args.max_length, "stride": args.stride}
    nlp = spacy.load(args.pipeline, config={f"components.bert_qa.{name}": value for name, value in settings.items()})
    folder = args.pipeline / "bert_qa" / "model"
    network, tokenizer = (
        AutoModelForQuestionAnswering.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    rows = read_squad(args.data / "squad2_eval.json")[: args.count]
    cut = {"truncation": "only_second", "max_length": args.max_length, "stride": args.stride}
    same_best = same_all = several = 0
    difference = 0.0
    texts: tuple[list[str], list[str]] = ([], [])
    for pair, _ in rows:
        theirs, windows, null = peer_answers(network, tokenizer, pair, cut, args.n_best)
        candidates, our_null = our_answers(nlp, pair, args.n_best)
        ours, widened = candidates[: args.top], widen(nlp, pair[1], theirs)[: args.top]
        pairs = list(zip_longest(ours, widened, fillvalue=NOTHING))
        difference = max([difference, abs(our_null - null), *(abs(a.score - b.score) for a, b in pairs[:1])])
        same = [a[:2] == b[:2] and abs(a.score - b.score) < TOLERANCE for a, b in pairs]
        if not all(same[:1]):
            print(f"- {pair[0]!r}: ours {spans_text(ours[0], pair[1])}, theirs {spans_text(widened[0], pair[1])}")
        same_best += all(same[:1])
        same_all += all(same)
        several += windows > 1
        for side, answers in zip(texts, (ours, theirs), strict=True):
            side.append(pair[1][answers[0].start : answers[0].stop])
    print(f"{len(rows)} questions, {several} of them with several windows")
    print(f"same best answer and score: {same_best}; same {args.top} best: {same_all}")
    print(f"largest difference of the best answer's or the null score: {difference:.1e}")
    gold = [[text for _, text in answers] for _, answers in rows]
    for side, answers in zip(("ours", "theirs"), texts, strict=True):
        print(side, answer_scores(answers, gold))


def parse() -> argparse.Namespace:
    """Return the command line's settings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--n-best", type=int, default=20, help="starts and ends that the peer combines")
    parser.add_argument("--top", type=int, default=5, help="answers that are compared")
    parser.add_argument("--max-length", type=int, default=128, help="subwords of a window, which makes several of most")
    parser.add_argument("--stride", type=int, default=64)
    return parser.parse_args()


def peer_answers(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pair: tuple[str, str], cut: dict, n_best: int
) -> tuple[list[Candidate], int, float]:
    """Return the answers without the null one, the number of windows, and the null score."""
    encoded = tokenizer(*pair, **cut, return_overflowing_tokens=True, return_offsets_mapping=True, padding=True)
    fields = {key: torch.tensor(encoded[key]) for key in ("input_ids", "attention_mask", "token_type_ids")}
    with torch.inference_mode():
        output = network(**fields)
    count = len(encoded["input_ids"])
    offsets = [
        [
            characters if side == CONTEXT else None
            for characters, side in zip(encoded["offset_mapping"][n], encoded.sequence_ids(n), strict=True)
        ]
        for n in range(count)
    ]
    logits = [output.start_logits.numpy(), output.end_logits.numpy()]
    candidates = squad_answers(offsets, *logits, n_best=n_best, max_length=LONGEST)
    null = next(candidate for candidate in candidates if not candidate.stop)
    return [candidate for candidate in candidates if candidate.stop], count, null.score


def our_answers(nlp: Language, pair: tuple[str, str], n_best: int) -> tuple[list[Candidate], float]:
    """Return the answers, in characters of the context, and the null score."""
    pipe = nlp.get_pipe("bert_qa")
    assert isinstance(pipe, BertQa)
    doc = make_pair_doc(nlp, *pair, "qa")
    inputs = pipe.encode([doc])
    outputs = pipe.runner.predict(inputs)
    (best,) = best_answers(outputs, inputs.alignment, 1, n_best=n_best, max_length=LONGEST, allow_overlap=True)
    context = doc.spans["context"][0]
    tokens = inputs.alignment.token + context.start
    answers = []
    for start, stop, score in zip(best.start, best.stop, best.score, strict=True):
        first, last = doc[int(tokens[start])], doc[int(tokens[stop - 1])]
        begin = first.idx - context.start_char
        answers.append(Candidate(begin, last.idx + len(last) - context.start_char, float(score)))
    return answers, best.null_score


def spans_text(candidate: Candidate, context: str) -> str:
    """Return an answer with its score, as text."""
    return f"{context[candidate.start : candidate.stop]!r} ({candidate.score:.4f})"


def widen(nlp: Language, context: str, candidates: list[Candidate]) -> list[Candidate]:
    """Return candidates as whole tokens, without those that a better one becomes too."""
    doc, best = nlp.make_doc(context), {}
    for candidate in candidates:
        span = doc.char_span(candidate.start, candidate.stop, alignment_mode="expand")
        best.setdefault((span.start_char, span.end_char), Candidate(span.start_char, span.end_char, candidate.score))
    return list(best.values())


if __name__ == "__main__":
    main()

"""Questions a second of `answer_batch`, beside its floor and Hugging Face's pipeline; and one very long context.

    python -m benchmarks.predict_qa --data DATA --pipeline PIPELINE

PIPELINE is a trained `bert_qa`, such as `train.py --task squad --keep FOLDER` leaves. The floor is what can't be
spared: the tokenizer over all questions and contexts, and a bare torch loop over the same windows, sorted by length, in
batches of the same size. Hugging Face's pipeline answers a tenth of the questions (Transformers 5.3 has none any more).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import psutil
import spacy
import torch
import transformers
from spacy.language import Language
from spacy.tokens import Span
from torch import Tensor

from spacy_bertadapt.component.pair_texts import PairTexts
from spacy_bertadapt.subwords.batches import WindowBatch, group_by_length
from spacy_bertadapt.tasks.qa.component import BertQa

from .data import read_squad
from .timing import timed

NEEDLE = "The lighthouse of Tarnholm was built by Marit Osgaard in 1874."
ASKED = "Who built the lighthouse of Tarnholm?"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--count", type=int, help="questions; else all")
    parser.add_argument("--longest", type=int, default=60_000, help="characters of the longest context")
    args = parser.parse_args()
    rows = read_squad(args.data / "squad2_eval.json")
    pairs = [(context, question) for (question, context), _ in rows]
    nlp = spacy.load(args.pipeline)
    show_speed(nlp, args.pipeline, pairs[: args.count])
    show_long_context(nlp, list(dict.fromkeys(context for context, _ in pairs)), args.longest)


def show_speed(nlp: Language, folder: Path, pairs: list[tuple[str, str]]) -> None:
    """Print the questions a second of every side, ours once more at the end."""
    qa = nlp.get_pipe("bert_qa")
    assert isinstance(qa, BertQa)
    answer = lambda: list(qa.answer_batch(pairs))  # noqa: E731
    taken = {"answer_batch": timed(answer, warm_up=lambda: list(qa.answer_batch(pairs[:100])))[1]}
    taken["floor: tokenizer and bare torch loop"] = floor(qa, pairs)
    taken["answer_batch, once more"] = timed(answer)[1]
    if hasattr(transformers, "QuestionAnsweringPipeline"):
        peer = transformers.pipeline("question-answering", str(folder / "bert_qa" / "model"))
        some = pairs[:: max(1, len(pairs) // 140)]
        asked = {"question": [question for _, question in some], "context": [context for context, _ in some]}
        _, seconds = timed(lambda: peer(**asked, batch_size=16, doc_stride=128, max_seq_len=384))
        taken["transformers pipeline, batch_size=16"] = seconds * len(pairs) / len(some)
    print("| side | questions/s | times the floor |\n|---|---|---|")
    for side, seconds in taken.items():
        share = taken["floor: tokenizer and bare torch loop"] / seconds
        print(f"| {side} | {len(pairs) / seconds:,.1f} | {share:.2f} |")


def floor(qa: BertQa, pairs: list[tuple[str, str]]) -> float:
    """Return the seconds of tokenizing each question and each context once, and of the network alone."""
    network = qa.network
    tokenizer = network.checkpoint.tokenizer.backend_tokenizer
    questions, contexts = [question for _, question in pairs], list(dict.fromkeys(context for context, _ in pairs))
    _, tokenizing = timed(
        lambda: [tokenizer.encode_batch(texts, add_special_tokens=False) for texts in (questions, contexts)]
    )
    docs = {context: qa.make_doc(context)[:] for context in contexts}
    batch = windows(qa, questions, [docs[context] for context, _ in pairs])
    groups = group_by_length(batch.lengths, qa.runner.budget.subwords)
    batches = [network.batch(batch.padded(group)).inputs for group in groups]

    def loop() -> list[Tensor]:
        with torch.inference_mode(), network.autocast:
            return [network.module(**inputs).start_logits for inputs in batches]

    return tokenizing + timed(loop)[1]


def windows(qa: BertQa, questions: list[str], contexts: list[Span]) -> WindowBatch:
    """Return the windows of pairs of question and context."""
    return qa.runner.windows(qa.runner.encode_pairs(PairTexts(first=questions, second=contexts, vocab=qa.vocab)))


def show_long_context(nlp: Language, contexts: list[str], longest: int) -> None:
    """Print seconds and memory for one question on contexts of growing length, with the answer in the middle.

    longest: characters of the longest context.
    """
    qa = nlp.get_pipe("bert_qa")
    assert isinstance(qa, BertQa)
    text = " ".join(contexts)
    process = psutil.Process()
    print(
        "\n| characters | windows | seconds | ms a window | memory after, MB | best answer |\n|---|---|---|---|---|---|"
    )
    for length in (longest // 10, longest // 10, longest // 4, longest // 2, longest):
        half = text[: length // 2]
        context = f"{half} {NEEDLE} {text[length // 2 : length - len(NEEDLE) - 2]}"
        doc = nlp.make_doc(context)
        count = len(windows(qa, [ASKED], [doc[:]]))
        answers, seconds = timed(lambda doc=doc: qa.answer(doc, ASKED, top_k=1))
        memory = process.memory_info().rss / 2**20
        best = answers[0].text if answers else "none"
        cells = (
            f"{len(context):,}",
            count,
            f"{seconds:.2f}",
            f"{1000 * seconds / count:.1f}",
            f"{memory:,.0f}",
            best,
        )
        print(f"| {' | '.join(map(str, cells))} |")


if __name__ == "__main__":
    main()

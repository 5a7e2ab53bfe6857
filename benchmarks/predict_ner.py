"""Speed of `bert_ner` beside Hugging Face's pipeline and spaCy's own `ner`, and whether the entities are the same.

    python -m benchmarks.predict_ner --data DATA --pipeline PIPELINE --spacy SPACY

PIPELINE is a trained `bert_ner`, such as `train.py --task wnut --keep FOLDER` leaves; SPACY is what
`train_spacy_ner.py --keep FOLDER` leaves. Prints a Markdown table of words a second, and every difference between our
entities and Hugging Face's (aggregation_strategy="first", float32 on both sides).
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

import spacy
import transformers
from seqeval.metrics import f1_score
from spacy.language import Language
from spacy.tokens import Doc

from spacy_bertadapt.tasks.ner.component import BertNer
from spacy_bertadapt.tasks.ner.reader import ConllCorpus

from .data import read_conll
from .tasks import DATA_SETS, bio_tags
from .timing import timed


def main() -> None:
    """Time every side over the same texts, ours once more at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pipeline", type=Path, required=True)
    parser.add_argument("--spacy", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=4, help="how often the test file is read")
    args = parser.parse_args()
    words = [words for words, _ in read_conll(args.data / DATA_SETS["wnut"].dev)] * args.repeat
    count = sum(map(len, words))
    nlp, peer = spacy.load(args.pipeline), spacy.load(args.spacy)
    checkpoint = args.pipeline / "bert_ner" / "model"
    tag = transformers.pipeline("token-classification", str(checkpoint), aggregation_strategy="first", batch_size=32)
    texts = [" ".join(sentence) for sentence in words]
    runs: dict[str, Callable[[int], list]] = {
        "spacy-bertadapt": lambda n: list(nlp.pipe(docs(nlp, words[:n]))),
        "transformers pipeline, batch_size=32": lambda n: tag(texts[:n]),
        "spaCy's ner on spacy-transformers": lambda n: list(peer.pipe(docs(peer, words[:n]))),
        "spacy-bertadapt, once more": lambda n: list(nlp.pipe(docs(nlp, words[:n]))),
    }
    taken = {
        side: timed(lambda run=run: run(len(words)), warm_up=lambda run=run: run(200))[1] for side, run in runs.items()
    }
    print("| side | words/s | times the first |\n|---|---|---|")
    for side, seconds in taken.items():
        print(f"| {side} | {count / seconds:,.0f} | {taken['spacy-bertadapt'] / seconds:.2f} |")
    show_decoding(nlp, words)
    exact = spacy.load(args.pipeline, config={"components.bert_ner.model.precision": "float32"})
    show_scores(exact, args.data / DATA_SETS["wnut"].dev)
    show_differences(exact, tag, texts[:500])


def docs(nlp: Language, words: list[list[str]]) -> list[Doc]:
    """Return new Docs of words."""
    return [Doc(nlp.vocab, words=sentence) for sentence in words]


def show_decoding(nlp: Language, words: list[list[str]]) -> None:
    """Print what decoding takes beside the forward pass, and for how many texts the best tags are impossible."""
    pipe = nlp.get_pipe("bert_ner")
    assert isinstance(pipe, BertNer)
    inputs = pipe.encode(docs(nlp, words[:1000]))
    outputs, forward = timed(lambda: pipe.runner.predict(inputs))
    _, decoding = timed(lambda: pipe.decode(outputs, inputs))
    print(f"\nDecoding takes {decoding / forward:.1%} of the forward pass (1,000 texts: {forward:.2f} s).")


def show_scores(nlp: Language, path: Path) -> None:
    """Print our F1 and seqeval's on the same predictions."""
    corpus = ConllCorpus(path, gold_preproc=True)
    examples = list(corpus(nlp))
    ours = nlp.evaluate(examples)["ents_f"]
    tags = [bio_tags(nlp(example.predicted.copy())) for example in examples]
    gold = [bio_tags(example.reference) for example in examples]
    print(f"\nF1 by spaCy's scorer {ours:.4f}, by seqeval {f1_score(gold, tags):.4f}")


def show_differences(nlp: Language, tag: Callable, texts: list[str]) -> None:
    """Print in how many texts our entities and Hugging Face's differ, and those that words don't explain.

    Its words are BERT's: it reads a tag for every part of a URL, where spaCy has one token, and we one tag.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = [{(e["start"], e["end"], e["entity_group"]) for e in entities} for entities in tag(texts)]
    docs = list(nlp.pipe(texts))
    ours = [{(e.start_char, e.end_char, e.label_) for e in doc.ents} for doc in docs]
    split = tag.tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str
    differing = [row for row, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    unexplained = []
    for row in differing:
        parts = [token for token in docs[row] if len(split(token.text)) > 1]
        for start, end, label in sorted(ours[row] ^ theirs[row]):
            if not any(token.idx < end + 1 and start < token.idx + len(token) + 1 for token in parts):
                side = "ours" if (start, end, label) in ours[row] else "theirs"
                unexplained.append(f"{side}: {texts[row][start:end]} ({label}) in {texts[row]!r}")
    print(f"\nThe same entities in {len(texts) - len(differing)} of {len(texts)} texts; not at a token of several of")
    print(f"BERT's words: {len(unexplained)} entities.\n")
    print("\n".join(f"- {entity}" for entity in unexplained))


if __name__ == "__main__":
    main()

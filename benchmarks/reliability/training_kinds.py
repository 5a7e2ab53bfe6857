"""Configs of trainings of every kind, small enough to be made hundreds of times, whose weights depend on every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy import util
from thinc.api import Config

from spacy_bertadapt.tasks import TRAINED, get_task

from .tiny import save_config

LAST_STEP, EVAL_FREQUENCY = 43, 5
"""The weights at the end are those of a step without an evaluation."""
TEXTS = {"train": 64, "dev": 16}
SIZE, POOL = 4, 3  # texts of a batch, batches that are sorted together
WINDOWS = {"max_length": 96, "stride": 16}
RATE = 2e-3


def _as_it_is(config: Config, others: list[Config]) -> None:
    """Change nothing."""


def _adapted(**adapt: Any) -> Callable[[Config, list[Config]], None]:
    """Return a function that sets how the one component learns."""

    def change(config: Config, others: list[Config]) -> None:
        (component,) = config["components"].values()
        component["adapt"] = adapt

    return change


def _accumulated(config: Config, others: list[Config]) -> None:
    config["training"]["accumulate_gradient"] = 2


def _shared(config: Config, others: list[Config]) -> None:
    """Put all components as heads on one encoder, which learn from the texts of all in turn."""
    configs = [config, *others]
    own = next(iter(config["components"].values()))["model"]["encoder"].copy()
    network = {"@architectures": "spacy-bertadapt.EncoderNetwork.v1", "precision": "float32", "encoder": own}
    components: dict[str, Any] = {"bert_encoder": {"factory": "bert_encoder", "model": network}}
    for other in configs:
        components.update(other["components"])
    for head in list(components.values())[1:]:
        head.pop("adapt", None)
        head["model"]["encoder"] = {"@misc": "spacy-bertadapt.SharedEncoder.v1"}
    for part in TEXTS:
        corpora = {name: dict(other["corpora"][part]) for name, other in zip("ab", configs, strict=True)}
        for corpus, other in zip(corpora.values(), configs, strict=True):
            corpus["path"] = other["paths"][part]
        config["corpora"][part] = {"@readers": "spacy-bertadapt.MixedCorpus.v1", "corpora": corpora}
    for other in others:
        config["training"]["score_weights"].update(other["training"]["score_weights"])
    _set_components(config, components)


def _with_spacys(config: Config, others: list[Config]) -> None:
    """Add spaCy's tok2vec and ner, which draws from Python's random numbers in every update, and keep averages."""
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": 96, "upstream": "tok2vec"}
    added = {
        "tok2vec": {"factory": "tok2vec"},
        "ner": {"factory": "ner", "model": {"tok2vec": listener}, "update_with_oracle_cut_size": 5},
    }
    _set_components(config, {**added, **config["components"]})
    config["training"]["optimizer"] = {"@optimizers": "Adam.v1", "learn_rate": RATE, "use_averages": True}


def _stream(config: Config, others: list[Config]) -> None:
    """Never hold the corpus in memory, and draw random numbers for each of its texts."""
    config["training"]["max_epochs"] = -1
    config["corpora"]["train"]["augmenter"] = {"@augmenters": "spacy.lower_case.v1", "level": 0.5}


def _shuffled(config: Config, others: list[Config]) -> None:
    """Never hold the corpus in memory, but for a buffer that mixes its texts."""
    config["training"]["max_epochs"] = -1
    corpus = {"@readers": "spacy-bertadapt.ShuffledCorpus.v1", "buffer": 20, "corpus": config["corpora"]["train"]}
    config["corpora"]["train"] = corpus


@dataclass(frozen=True, slots=True)
class Kind:
    """What is trained, and how. tasks: their sample configs. change: makes the first of these what it is to be."""

    tasks: tuple[str, ...]
    change: Callable[[Config, list[Config]], None] = _as_it_is


KINDS: dict[str, Kind] = {
    **{task: Kind((task,)) for task in TRAINED},
    "accumulated": Kind(("textcat",), _accumulated),
    "lora": Kind(("nli",), _adapted(**{"@misc": "spacy-bertadapt.LoRA.v1", "save": "adapter"})),
    "head": Kind(("ner",), _adapted(**{"@misc": "spacy-bertadapt.HeadOnly.v1"})),
    "gradual": Kind(("textcat",), _adapted(**{"@misc": "spacy-bertadapt.GradualUnfreezing.v1", "every": 9})),
    "shared": Kind(("textcat", "ner"), _shared),
    "stream": Kind(("spancat",), _stream),
    "shuffled": Kind(("textcat",), _shuffled),
    "spacy": Kind(("ner",), _with_spacys),
}
TRAINED_ALONE = {"spacy"}
"""Kinds that several processes can't train."""


def write_config(kind: Kind, folder: Path, encoder: Path) -> Path:
    """Write the samples and the config of a training of a kind into a folder, and return the config."""
    configs = []
    for task in kind.tasks:
        (folder / task).mkdir(parents=True)
        path = save_config(folder / task, task, encoder, max_steps=LAST_STEP, eval_frequency=EVAL_FREQUENCY)
        configs.append(util.load_config(path, interpolate=False))
        _make_small(configs[-1], task)
    config, *others = configs
    kind.change(config, others)
    config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


def change_all(config: Config, *, dropout: float, limit: int, **training: Any) -> None:
    """Change the dropout of all encoders, the number of texts to learn from, and settings of the training."""
    config["training"].update(training)
    for component in config["components"].values():
        if "name" in component.get("model", {}).get("encoder", {}):
            component["model"]["encoder"]["dropout"] = dropout
    corpus = config["corpora"]["train"]
    for one in corpus.get("corpora", {"": corpus}).values():
        one["limit"] = limit


def _make_small(config: Config, task: str) -> None:
    for part, count in TEXTS.items():
        config["corpora"][part]["limit"] = count
    config["training"]["batcher"].update({"size": SIZE, "pool": POOL})
    config["training"]["optimizer"]["learn_rate"]["initial_rate"] = RATE
    config["training"]["logger"] = {"@loggers": "spacy-bertadapt.RecordLogger.v1", "progress_bar": None}
    config["components"][get_task(task).factory].update(WINDOWS)


def _set_components(config: Config, components: dict[str, Any]) -> None:
    config["components"] = components
    config["nlp"]["pipeline"] = list(components)

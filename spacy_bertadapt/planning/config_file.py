"""Configs for any task: what is common to all, the task's component with its defaults, and what was chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .blocks import Block, Variable, as_block, is_call, with_defaults
from .choices import Choice
from .config_text import read_skeleton, write_block
from .data_files import complete_settings
from .notes import NOTES
from .task import Settings, Task

DOCBIN = "spacy.Corpus.v1"
SPLIT = "spacy-bertadapt.SplitCorpus.v1"
SPLITS = ("train", "dev")
SPLIT_NOTES = {
    "split.part": "of the training data: what is held out, or the rest; a text is in one of them alone",
    "split.share": "of the texts, held out for evaluation",
}


class ConfigDraft:
    """A config that is not complete yet. Its component has the defaults of its factory, until they are set.

    A setting is named as in the config, and `component.` stands for the component's block.
    """

    def __init__(self, task: Task, *, train_reader: Block, dev_reader: Block, name: str | None = None):
        """Start a config. Raises ValueError for a task that is not trained.

        train_reader, dev_reader: blocks of [corpora]. name: of the component; None: that of its factory.
        """
        self.task, plan = task, task.config_plan
        self.component = name or task.factory
        self.config, self.notes = read_skeleton()
        self.config.set("nlp.pipeline", [self.component])
        self.config.set(f"components.{self.component}", as_block({"factory": task.factory, **task.defaults}))
        self.config.set("training.score_weights", Block(task.score_weights))
        self.config.set("corpora.train", train_reader)
        self.config.set("corpora.dev", dev_reader)
        self.set("component.model.encoder.name", Variable("${paths.encoder}"))
        self.set_all(plan.settings)
        for setting, note in {**NOTES, **SPLIT_NOTES, **plan.notes}.items():
            self.notes.update(dict.fromkeys(self.paths_of(setting), note))

    def set(self, setting: str, value: Any) -> None:
        """Set a value. A mapping that names a registered function becomes a block of its own."""
        (path,) = self.paths_of(setting)
        self.config.set(path, as_block(value) if is_call(value) else value)

    def set_all(self, settings: Settings) -> None:
        """Set values by name."""
        for setting, value in settings.items():
            self.set(setting, value)

    def set_chosen(self, choices: Iterable[Choice]) -> None:
        """Set what was chosen for some data, and add the reasons to the comments."""
        for choice in choices:
            self.set(choice.setting, choice.value)
            (path,) = self.paths_of(choice.setting)
            self.notes[path] = "\n".join(filter(None, [self.notes.get(path), choice.reason]))

    def complete(self) -> Block:
        """Return all values, with the defaults of the functions that components name."""
        components = {name: with_defaults(block) for name, block in self.config["components"].items()}
        return Block({**self.config, "components": Block(components)})

    def to_text(self, header: str) -> str:
        """Return the file's text. header: the lines of the comment at its top."""
        comment = "\n".join(f"# {line}" for line in header.splitlines())
        return f"{comment}\n\n{write_block(self.complete(), self.notes)}"

    def paths_of(self, setting: str) -> list[str]:
        """Return the places of a setting in this config. A reader's setting is in both corpora, in one, or in none."""
        kind, _, rest = setting.partition(".")
        if kind == "component":
            return [f"components.{self.component}.{rest}".rstrip(".")]
        if kind in ("reader", "docbin", "split"):
            blocks = {f"corpora.{split}": self.config["corpora"][split] for split in SPLITS}
            inner = {f"{path}.corpus": block["corpus"] for path, block in blocks.items() if block["@readers"] == SPLIT}
            readers = {**blocks, **inner}
            return [f"{path}.{rest}" for path, block in readers.items() if _kind(block) == kind and rest in block]
        return [setting]


def _kind(reader: Block) -> str:
    """Return what a block of [corpora] is called in names of settings."""
    return {DOCBIN: "docbin", SPLIT: "split"}.get(reader["@readers"], "reader")


def docbin_block(split: str) -> Block:
    """Return the reader of `.spacy` files. split: "train" or "dev", as it stands in [paths]."""
    return with_defaults({"@readers": DOCBIN, "path": Variable(f"${{paths.{split}}}"), "gold_preproc": False})


def raw_block(split: str, task: Task, settings: Settings) -> Block:
    """Return the reader of the task's raw files. Raises ValueError for a setting that it doesn't have."""
    path = Variable(f"${{paths.{split}}}")
    return Block({"@readers": task.reader, "path": path, **complete_settings(task, settings)})


def usage(arguments: str) -> str:
    """Return how a config is used, for the comment at its top. arguments: of `spacy train`."""
    return (
        f"Train with:  python -m spacy train {arguments}\n"
        "Every value can be overridden on the command line:  --training.batcher.size 16"
    )

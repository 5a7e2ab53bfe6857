"""Configs that build on a trained pipeline: its components are sourced and frozen, and ours come after them."""

from __future__ import annotations

from ..errors import Warnings
from .base_pipeline import BasePipeline
from .blocks import Block, Variable
from .config_file import ConfigDraft
from .request import TaskData

COPY = "spacy.copy_from_base_model.v1"
NOTES = {
    "paths.base": "an installed package or a folder; a trained pipeline needs it no more",
    "training.frozen_components": "components of the base: they predict what they predicted there, to the bit",
    "initialize.before_init": "the base's rules of the tokenizer, its strings, vectors and lookups",
    "nlp.batch_size": "texts that nlp.pipe gathers and sorts by length; the base's own value",
}


def build_on(draft: ConfigDraft, base: BasePipeline) -> None:
    """Put the components of a base before the draft's own one, with the base's tokenizer, vectors and settings.

    The base's components are frozen; all that is not theirs is as it was in the draft.
    """
    for name, value in base.settings.items():
        draft.set(f"nlp.{name}", value)
    source = Variable("${paths.base}")
    sources = {name: Block({"source": source}) for name in base.names}
    draft.set("paths.base", base.name)
    draft.set("nlp.lang", base.lang)
    draft.set("nlp.pipeline", [*base.names, *draft.config["nlp"]["pipeline"]])
    draft.set("components", Block({**sources, **draft.config["components"]}))
    draft.set("training.frozen_components", base.names)
    draft.set("initialize.before_init", {"@callbacks": COPY, "tokenizer": source, "vocab": source})
    draft.notes.update(NOTES)


def scores_in_common(data: TaskData, base: BasePipeline) -> str | None:
    """Return a warning if components of the base have scores of a task, and so write where its component writes."""
    others = ",".join(base.with_scores(data.task.score_weights))
    return Warnings.W505.format(name=data.component, others=others) if others else None

"""Configs for several tasks at once: a component each, and their data mixed into one corpus."""

from __future__ import annotations

from collections.abc import Sequence

from .blocks import Block, with_defaults
from .config_file import SPLITS, ConfigDraft

BATCHER = "training.batcher."
MIXED = "spacy-bertadapt.MixedCorpus.v1"
NOTES = {
    "corpora.train.proportions": "null: every text comes once an epoch; a number by corpus draws from it as often as "
    "that says",
}


def join(drafts: Sequence[ConfigDraft]) -> ConfigDraft:
    """Return a config with the components and the corpora of all drafts, one after the other.

    Each component's scores weigh as much as another's. What the drafts say of training besides is the same in all, but
    for how batches are made.
    """
    joint = drafts[0]
    if len(drafts) == 1:
        return joint
    _join_corpora(joint, drafts)
    paths = {name: value for draft in drafts for name, value in draft.config["paths"].items() if name not in SPLITS}
    joint.set("paths", Block(paths))
    joint.set("nlp.pipeline", [draft.component for draft in drafts])
    joint.set("components", Block({draft.component: draft.config["components"][draft.component] for draft in drafts}))
    joint.set("training.score_weights", _mean_weights(drafts))
    _take_batches_of_most_kinds(joint, drafts)
    for draft in drafts:
        own = f"components.{draft.component}."
        joint.notes.update({path: note for path, note in draft.notes.items() if path.startswith(own)})
    return joint


def _join_corpora(joint: ConfigDraft, drafts: Sequence[ConfigDraft]) -> None:
    """Make the corpora of each split one that mixes them, and take their comments along."""
    notes = dict(NOTES)
    for draft in drafts:
        for path, note in draft.notes.items():
            block, split, *setting = path.split(".", 2)
            if block == "corpora" and setting:
                notes[f"corpora.{split}.corpora.{draft.component}.{setting[0]}"] = note
    corpora = {split: Block({draft.component: draft.config["corpora"][split] for draft in drafts}) for split in SPLITS}
    for split, blocks in corpora.items():
        joint.set(f"corpora.{split}", with_defaults({"@readers": MIXED, "corpora": blocks}))
    joint.notes = {path: note for path, note in joint.notes.items() if not path.startswith("corpora.")} | notes


def _take_batches_of_most_kinds(joint: ConfigDraft, drafts: Sequence[ConfigDraft]) -> None:
    """Make batches as the task with the smallest pool wants them: a larger one fills a batch with texts too alike."""
    smallest = min(drafts, key=lambda draft: draft.config["training"]["batcher"].get("pool", 0))
    joint.set("training.batcher", smallest.config["training"]["batcher"])
    joint.notes.update({path: note for path, note in smallest.notes.items() if path.startswith(BATCHER)})


def _mean_weights(drafts: Sequence[ConfigDraft]) -> Block:
    """Return the weights of all scores, each component's divided by the number of components."""
    weights: dict[str, float | None] = {}
    for draft in drafts:
        for score, weight in draft.task.score_weights.items():
            share = None if weight is None else weight / len(drafts)
            weights[score] = share if weights.get(score) is None else (weights[score] or 0.0) + (share or 0.0)
    return Block(weights)

"""Where the vectors come from that new components read: encoders of their own, one for all, or one of the base."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spacy.util import is_package

from ..component.shared.factory import DEFAULTS
from ..errors import Errors, InvalidError
from ..network.encoder_source import PACKAGE_PREFIX
from .base_pipeline import BaseComponent, BasePipeline
from .blocks import Block, Variable, as_block
from .config_file import ConfigDraft
from .notes import NOTES

COMPONENT_PREFIX = "component:"
SHARED_NAME = "bert_encoder"
WINDOW_SETTINGS = ("component.max_length", "component.stride")
WHOLE_RATE, HEAD_RATE = 5e-5, 1e-3
POOLING = {"@layers": "reduce_mean.v1"}
SUBWORDS_NOTE = "the base's encoder, for its tokenizer alone: batches are made by the number of subwords"
NOT_OF_HEADS = "of an encoder: leave it as it is for a head"
HEAD_NOTES = {
    "component.adapt": "how the head's own layers learn; the encoder is another component's, whose settings say how it "
    "does",
    "component.adapt.layer_decay": NOT_OF_HEADS,
    "component.adapt.frozen_dropout": NOT_OF_HEADS,
    "component.adapt.gradient_checkpointing": NOT_OF_HEADS,
    "component.model.encoder.grad_factor": "weight of this head in the steps of the encoder, beside the others",
}
SHARED_NOTES = {
    "vectors": '"mean" or "cls": sets doc.vector, token.vector and similarity; null: no vectors',
    "max_length": "subwords of a window for vectors; the windows of heads are the heads' own",
    **{setting.removeprefix("component."): note for setting, note in NOTES.items() if "adapt" in setting},
    "model.device": NOTES["component.model.device"],
    "model.precision": NOTES["component.model.precision"],
}
BATCHER_NOTE = "batches of a number of texts, whatever their length"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderPlan:
    """The encoder of new components.

    subwords_of: the encoder whose subwords texts are measured in, by hub id, directory or package:NAME; None: there are
    no subwords, and no windows. block: that of each component's encoder; None: the one of `subwords_of`, its own.
    annotating: components of the base that run in training, for the new ones to listen to. learn_rate: a usual one.
    note: a comment on `paths.encoder`; "": the usual one. is_new: whether a `bert_encoder` for all new components comes
    before them.
    """

    subwords_of: str | None
    block: Mapping[str, Any] | None = None
    annotating: tuple[str, ...] = ()
    learn_rate: float = WHOLE_RATE
    note: str = ""
    is_new: bool = False

    def sets(self, setting: str) -> bool:
        """Return whether a setting of a component has a meaning with this encoder."""
        return self.subwords_of is not None or setting not in WINDOW_SETTINGS

    def write(self, draft: ConfigDraft) -> None:
        """Write the encoder, and what follows from it for training, into a config."""
        if self.block is not None:
            draft.set("component.model.encoder", self.block)
            for setting, note in HEAD_NOTES.items():
                draft.notes.update(dict.fromkeys(draft.paths_of(setting), note))
        if self.subwords_of is None:
            del draft.config["paths"]["encoder"]
            size = draft.config["training"]["batcher"]["size"]
            draft.set("training.batcher", {"@batchers": "spacy.batch_by_sequence.v1", "size": size, "get_length": None})
            draft.notes["training.batcher.@batchers"] = BATCHER_NOTE
        else:
            draft.set("paths.encoder", self.subwords_of)
            if self.note:
                draft.notes["paths.encoder"] = self.note
        draft.set("training.annotating_components", list(self.annotating))

    def add_component(self, draft: ConfigDraft, *, device: str) -> None:
        """Put the `bert_encoder` before the components that share it, if it is a new one."""
        if not self.is_new:
            return
        draft.set("components", Block({SHARED_NAME: _new_encoder(device), **draft.config["components"]}))
        draft.set("nlp.pipeline", [SHARED_NAME, *draft.config["nlp"]["pipeline"]])
        draft.notes.update({f"components.{SHARED_NAME}.{setting}": note for setting, note in SHARED_NOTES.items()})


def plan_encoder(encoder: str, base: BasePipeline | None, *, shared: bool = False) -> EncoderPlan:
    """Return the plan for what `--encoder` says. encoder: hub id, directory, package:NAME or component:NAME.

    shared: whether all new components have it together. Raises ValueError for a component that the base doesn't have,
    or that gives no vectors, and for a new shared encoder where there is one already.
    """
    if shared:
        return _new_shared(encoder, base)
    if not encoder.startswith(COMPONENT_PREFIX):
        return EncoderPlan(subwords_of=encoder)
    name = encoder.removeprefix(COMPONENT_PREFIX)
    if base is None:
        raise InvalidError(Errors.E544.format(name=name, reason="no pipeline is named by --base"))
    component = base.component(name)
    if component.factory == "bert_encoder":
        return _shared(component, base)
    if component.factory not in LISTENERS:
        raise InvalidError(Errors.E545.format(name=name, factory=component.factory))
    return _listening(component)


def _new_shared(encoder: str, base: BasePipeline | None) -> EncoderPlan:
    """Return the plan of heads on a new `bert_encoder`."""
    if encoder.startswith(COMPONENT_PREFIX):
        raise InvalidError(Errors.E564.format(reason=f"{encoder} is one that is there", remedy="Leave out one of them"))
    if base is not None and SHARED_NAME in base.names:
        remedy = f"Name that one, by --encoder {COMPONENT_PREFIX}{SHARED_NAME}, or leave it out, by --without"
        raise InvalidError(Errors.E564.format(reason=f"the pipeline '{base.name}' has one", remedy=remedy))
    return EncoderPlan(subwords_of=encoder, block=_shared_block(SHARED_NAME), is_new=True)


def _new_encoder(device: str) -> Block:
    """Return the block of a new `bert_encoder`, with the defaults of its factory."""
    block = as_block({"factory": "bert_encoder", **DEFAULTS})
    block.set("model.device", device)
    block.set("model.encoder.name", Variable("${paths.encoder}"))
    return block


def _shared_block(name: str) -> dict[str, Any]:
    return {"@misc": "spacy-bertadapt.SharedEncoder.v1", "upstream": name, "grad_factor": 1.0}


def _shared(component: BaseComponent, base: BasePipeline) -> EncoderPlan:
    """Return the plan of heads on a `bert_encoder` of the base, whose folder in the base has its tokenizer.

    The folder of an installed package is named by the package: the config holds on other machines too.
    """
    block = _shared_block(component.name)
    folder = f"{PACKAGE_PREFIX}{base.name}/{component.name}" if is_package(base.name) else component.folder / "model"
    return EncoderPlan(subwords_of=str(folder), block=block, learn_rate=HEAD_RATE, note=SUBWORDS_NOTE)


def _listening(component: BaseComponent) -> EncoderPlan:
    """Return the plan of heads that listen to a component: frozen as it is, it has to run in training."""
    listener = {**LISTENERS[component.factory](component), "upstream": component.name}
    block = {"@misc": "spacy-bertadapt.Tok2VecEncoder.v1", "tok2vec": listener}
    return EncoderPlan(subwords_of=None, block=block, annotating=(component.name,), learn_rate=HEAD_RATE)


def _tok2vec(component: BaseComponent) -> dict[str, Any]:
    return {"@architectures": "spacy.Tok2VecListener.v1", "width": component.width}


def _transformer(component: BaseComponent) -> dict[str, Any]:
    name = "spacy-transformers.TransformerListener.v1"
    return {"@architectures": name, "grad_factor": 1.0, "pooling": POOLING}


def _curated_transformer(component: BaseComponent) -> dict[str, Any]:
    name = "spacy-curated-transformers.LastTransformerLayerListener.v1"
    return {"@architectures": name, "width": component.width, "pooling": POOLING, "grad_factor": 1.0}


LISTENERS: dict[str, Callable[[BaseComponent], dict[str, Any]]] = {
    "tok2vec": _tok2vec,
    "transformer": _transformer,
    "curated_transformer": _curated_transformer,
}
"""The listener to a component, but for its name, by the component's factory."""

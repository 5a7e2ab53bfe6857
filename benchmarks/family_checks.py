"""The way of a checkpoint into spaCy and out again, compared with Transformers at every step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import spacy
import torch
import transformers
from safetensors.torch import load_file
from spacy.language import Language
from spacy.training import Example
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoTokenizer, PretrainedConfig

from spacy_bertadapt.exchange.exporting import export_component
from spacy_bertadapt.exchange.importing import ImportRequest, import_checkpoint
from spacy_bertadapt.files import save_pipeline
from spacy_bertadapt.network.encoder_source import EncoderSource
from spacy_bertadapt.network.head_files import HEAD_FILE
from spacy_bertadapt.network.inputs import takes_token_types
from spacy_bertadapt.network.task_module import EncoderWithHead
from spacy_bertadapt.planning.task import Task
from spacy_bertadapt.tasks.spancat.head import SpanHead
from spacy_bertadapt.training.optimizer import adamw
from spacy_bertadapt.types import PaddedBatch

from .family_models import ASSETS, Family, make_config, save_model, save_tokenizer

RATE, DECAY, EPSILON, CLIP = 1e-3, 0.1, 1e-4, 1.0
"""Of the one step. With a usual epsilon, AdamW's first step makes noise in tiny gradients as large as all the rest."""

HEAD_UNITS = 24
N_TEXTS = 6


@dataclass(frozen=True)
class Differences:
    """The largest difference from Transformers: of logits after the import, of weights after one step of AdamW, of
    logits once the trained pipeline was saved, loaded, exported, and read by Transformers."""

    imported: float
    stepped: float
    exported: float

    @property
    def largest(self) -> float:
        """The largest of them."""
        return max(self.imported, self.stepped, self.exported)


@dataclass(frozen=True)
class Check:
    """What the check of a task needs to know.

    outputs: returns the names of the head's outputs, from those of labels. loss: returns the mean loss from logits, the
    mask of their rows, and the component's targets. reads_texts: whether the component's subwords are those that a
    Transformers tokenizer makes of the texts; others keep to the borders of tokens.
    """

    outputs: Callable[[list[str]], Sequence[str]]
    loss: Callable[[Tensor, Tensor, Any], Tensor]
    reads_texts: bool = False


def sequence_loss(logits: Tensor, mask: Tensor, targets: Any) -> Tensor:
    """Return the loss of Transformers' sequence classifiers."""
    return F.cross_entropy(logits, targets.values.argmax(-1))


def token_loss(logits: Tensor, mask: Tensor, targets: Any) -> Tensor:
    """Return the loss of Transformers' token classifiers."""
    return F.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten(), ignore_index=-1)


def answer_loss(logits: Tensor, mask: Tensor, targets: Any) -> Tensor:
    """Return the loss of Transformers' question answerers, over the subwords that are no padding."""
    scores = logits.masked_fill(~mask[..., None], float("-inf"))
    wanted = torch.from_numpy(targets.columns)
    return (F.cross_entropy(scores[..., 0], wanted[0]) + F.cross_entropy(scores[..., 1], wanted[1])) / 2


def span_loss(logits: Tensor, mask: Tensor, targets: Any) -> Tensor:
    """Return binary cross-entropy, summed over all candidates and labels, a token."""
    total = F.binary_cross_entropy_with_logits(logits, torch.from_numpy(targets.values), reduction="sum")
    return total / targets.tokens.sum()


CHECKS = {
    "textcat": Check(outputs=list, loss=sequence_loss, reads_texts=True),
    "nli": Check(outputs=list, loss=sequence_loss, reads_texts=True),
    "ner": Check(outputs=lambda types: ["O", *(f"{part}-{kind}" for kind in types for part in "BI")], loss=token_loss),
    "spancat": Check(outputs=list, loss=span_loss),
    "qa": Check(outputs=lambda _: ["start", "end"], loss=answer_loss),
}


def round_trip(family: Family, task: Task, folder: Path) -> Differences:
    """Import a random checkpoint, train it by one step, save, load and export it; return how far it is from a twin.

    The twin is read, trained and read again by Transformers alone. folder: for all that is written.
    """
    examples = shortest_examples(task)
    save_checkpoint(family, task, examples, folder / "checkpoint")
    twin = read_twin(task, folder / "checkpoint")
    nlp, _ = import_checkpoint(ImportRequest(source=EncoderSource(str(folder / "checkpoint"))), [task])
    nlp.get_pipe_config(task.factory)["model"]["precision"] = "float32"
    nlp = saved_and_loaded(nlp, folder / "imported")
    pipe: Any = nlp.get_pipe(task.factory)
    texts = pipe.encode([example.reference for example in examples])
    batch = pipe.runner.windows(texts)
    assert len(batch) == len(examples), "one window a text"
    padded = batch.padded(np.arange(len(batch)))
    inputs = inputs_of(twin, padded)
    if CHECKS[task.name].reads_texts:
        check_tokenizer(folder / "checkpoint", task, examples, inputs)
    imported = difference(pipe.network.predict(padded), logits_of(twin, inputs).detach())

    nlp.update(examples, sgd=adamw(RATE, weight_decay=DECAY, eps=EPSILON, grad_clip=CLIP))
    targets = pipe.targets(examples, texts, batch)
    step(twin, CHECKS[task.name].loss(logits_of(twin.train(), inputs), padded_mask(padded), targets))
    weights = dict(twin.named_parameters())
    stepped = max(difference(own, weights[name]) for name, own in pipe.network.module.named_parameters())

    nlp = saved_and_loaded(nlp, folder / "trained")
    export_component(nlp, task.factory, task, folder / "exported")
    read = read_twin(task, folder / "exported")
    trained: Any = nlp.get_pipe(task.factory)
    wanted = logits_of(twin.eval(), inputs).detach()
    found = (trained.network.predict(padded), logits_of(read, inputs).detach())
    return Differences(imported, stepped, max(difference(logits, wanted) for logits in found))


def shortest_examples(task: Task) -> list[Example]:
    """Return the shortest of the bundled samples of a task."""
    nlp = spacy.blank("en")
    corpus = task.reader_class(ASSETS / f"{task.name}_train{task.suffix}")
    return sorted(corpus(nlp), key=lambda example: len(example.reference.text))[:N_TEXTS]


def save_checkpoint(family: Family, task: Task, examples: list[Example], folder: Path) -> None:
    """Write a random checkpoint for a task, by Transformers alone; the head of spans is this package's."""
    assert task.exchange is not None
    folder.mkdir(parents=True)
    labels = sorted({label for example in examples for label in task.gold(example.reference) or ()})
    config = make_config(family, save_tokenizer(family, folder), CHECKS[task.name].outputs(labels))
    if task.exchange.auto_class != "AutoModel":
        save_model(task.exchange.auto_class, config, folder)
        return
    torch.manual_seed(0)
    encoder = transformers.AutoModel.from_config(config)
    EncoderWithHead(encoder, SpanHead(config, hidden_size=HEAD_UNITS)).save_pretrained(folder)


def read_twin(task: Task, folder: Path) -> nn.Module:
    """Return a checkpoint's model as Transformers reads it, with the head beside it if there is one."""
    assert task.exchange is not None
    model = getattr(transformers, task.exchange.auto_class).from_pretrained(folder).float()
    if not (folder / HEAD_FILE).is_file():
        return model.eval()
    head = span_head(model.config)
    head.load_state_dict(load_file(folder / HEAD_FILE))
    return EncoderWithHead(model, head).eval()


def span_head(config: PretrainedConfig) -> SpanHead:
    """Return a new head for spans."""
    return SpanHead(config, hidden_size=HEAD_UNITS)


def saved_and_loaded(nlp: Language, folder: Path) -> Language:
    """Return a pipeline once it was saved and loaded."""
    save_pipeline(nlp, folder)
    return spacy.load(folder)


def padded_mask(padded: PaddedBatch) -> Tensor:
    """Return where the rows of a batch have subwords, (rows, width)."""
    return torch.ones(padded.input_ids.shape, dtype=torch.bool) if padded.mask is None else torch.tensor(padded.mask)


def inputs_of(module: Any, padded: PaddedBatch) -> dict[str, Tensor]:
    """Return a padded batch as Transformers' models take it."""
    inputs = {"input_ids": torch.tensor(padded.input_ids), "attention_mask": padded_mask(padded).long()}
    if takes_token_types(module):
        types = np.zeros_like(padded.input_ids) if padded.token_type_ids is None else padded.token_type_ids
        inputs["token_type_ids"] = torch.tensor(types)
    if padded.spans is not None:
        inputs["spans"] = torch.tensor(padded.spans)
    return inputs


def check_tokenizer(folder: Path, task: Task, examples: list[Example], inputs: dict[str, Tensor]) -> None:
    """Raise AssertionError if Transformers' tokenizer makes other inputs of the texts than the component."""
    segments = [task.segments(example.reference) for example in examples]
    columns = [segments] if isinstance(segments[0], str) else zip(*segments, strict=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer(*map(list, columns), padding=True, return_tensors="pt")
    for name in inputs.keys() & encoded.keys():
        assert torch.equal(inputs[name], encoded[name]), name


def logits_of(module: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
    """Return a module's logits; of a question answerer, start and end as the last dimension."""
    output = module(**inputs)
    if "start_logits" in output:
        return torch.stack([output["start_logits"], output["end_logits"]], dim=-1)
    return output["logits"]


def step(module: nn.Module, loss: Tensor) -> None:
    """Make one step of torch's own AdamW, with clipping, and no decay of biases and norms."""
    loss.backward()
    parameters = [parameter for parameter in module.parameters() if parameter.grad is not None]
    groups = [
        {"params": [p for p in parameters if (p.dim() > 1) == decays], "weight_decay": DECAY * decays}
        for decays in (True, False)
    ]
    nn.utils.clip_grad_norm_(parameters, CLIP)
    torch.optim.AdamW(groups, lr=RATE, eps=EPSILON).step()


def difference(one: Tensor, other: Tensor) -> float:
    """Return the largest difference of two tensors of one shape."""
    assert one.shape == other.shape
    return float((one - other).detach().abs().max())

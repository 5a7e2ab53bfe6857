"""Zero-shot classification: labels as hypotheses about a text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from spacy import util
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from torch import Tensor

from ...component.saving import SavedComponent, SavedPart
from ...component.texts import EncodedTexts
from ...errors import Errors, InvalidError, require
from ...types import Floats
from ..categories.pair_component import PairCategorizer


class BertZeroShot(SavedComponent, Pipe):
    """Sets `doc.cats` for labels that nothing was trained on.

    Each label becomes a hypothesis by a template, and natural language inference says whether the text entails it
    (Yin et al., 2019). It learns nothing itself.
    """

    def __init__(
        self,
        name: str,
        nli: PairCategorizer,
        *,
        owns_nli: bool,
        labels: Sequence[str],
        template: str,
        multi_label: bool = False,
        threshold: float | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
    ):
        """Take the settings.

        nli: the component that compares texts and hypotheses. owns_nli: whether it is saved here; else it is another
        component of the pipeline. labels: may be changed at any time. template: the hypothesis, with {} for the label.
        multi_label: whether each label is scored alone, entailment against contradiction; else the probabilities of
        all labels sum to one. threshold: probability from which a label counts in scores with `multi_label`.
        Raises ValueError for a template without a place for the label.
        """
        remedy = "write {} once, where the label goes"
        require("template", template, possible=template.count("{}") == 1, remedy=remedy)
        self.name = name
        self.nli = nli
        self.scorer = scorer
        self.template = template
        self.cfg = {"exclusive": not multi_label, "threshold": threshold}
        self._owns_nli = owns_nli
        self._labels: tuple[str, ...] = ()
        if labels:
            self.labels = labels

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities that `predict` returns."""
        return self._labels

    @labels.setter
    def labels(self, labels: Sequence[str]) -> None:
        """Take other labels. Raises ValueError for none, or the same one twice."""
        possible = not isinstance(labels, str) and len(labels) > 0 and len(set(labels)) == len(labels)
        require("labels", labels, possible=possible, remedy="give a list of different labels")
        self._labels = tuple(labels)

    def add_label(self, label: str) -> int:
        """Add a label at the end. Returns 1, or 0 if it is there."""
        if label in self._labels:
            return 0
        self._labels = (*self._labels, label)
        return 1

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: Sequence[str] | None = None,
    ) -> None:
        """Read the checkpoint, if it is the component's own.

        get_examples: not needed; without labels in the config or here, those of the examples are taken, sorted.
        Raises ValueError for a checkpoint that has no trained head, or no label for entailment.
        """
        if labels:
            self.labels = labels
        elif not self.labels and (gold := {label for example in get_examples() for label in example.y.cats}):
            self.labels = sorted(gold)
        if self._owns_nli:
            self.nli.initialize(list, nlp=nlp)
            _entailment_and_contradiction(self.nli)

    def __call__(self, doc: Doc) -> Doc:
        """Set `doc.cats` of a Doc, and return the Doc."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Yield Docs with `doc.cats`. batch_size: texts that are gathered and sorted by length, with all hypotheses."""
        handle = self.get_error_handler()
        for docs in util.minibatch(stream, batch_size):
            try:
                self.set_annotations(docs, self.predict(docs))
            except Exception as err:  # spaCy's error handler decides what happens with any error
                handle(self.name, self, docs, err)
            else:
                yield from docs

    def predict(self, docs: Iterable[Doc]) -> Floats:
        """Return probabilities, (texts, labels). Raises ValueError without labels."""
        if not self.labels:
            raise InvalidError(Errors.E313.format(name=self.name))
        (texts,) = self.nli.runner.encode([doc.text for doc in docs]).segments
        (hypotheses,) = self.nli.runner.encode([self.template.format(label) for label in self.labels]).segments
        pairs = EncodedTexts([[text for text in texts for _ in hypotheses], list(hypotheses) * len(texts)])
        logits = self.nli.text_logits(self.nli.runner.predict(pairs), len(pairs))
        return self._probabilities(logits.view(len(texts), len(hypotheses), -1)).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the probabilities into `doc.cats`; other labels in it stay."""
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            doc.cats.update(zip(self.labels, row, strict=True))

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return the checkpoint, if it is the component's own."""
        return {"nli": self.nli} if self._owns_nli else {}

    def saved_state(self) -> dict[str, Any]:
        """Return the labels, which may be changed at any time."""
        return {"labels": self.labels}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the labels."""
        self._labels = tuple(state.get("labels", ()))

    def _probabilities(self, logits: Tensor) -> Tensor:
        """Return probabilities, (texts, hypotheses). logits: (texts, hypotheses, labels of the NLI component)."""
        entailment, contradiction = _entailment_and_contradiction(self.nli)
        if not self.cfg["exclusive"] or logits.shape[1] == 1:
            return (logits[..., entailment] - logits[..., contradiction]).sigmoid()
        return torch.softmax(logits[..., entailment], dim=-1)


def nli_component(nlp: Language, wanted: str, name: str) -> PairCategorizer:
    """Return the `bert_nli` of that name before a component. Raises ValueError if there is none."""
    component = nlp.get_pipe(wanted) if wanted in nlp.component_names else None
    if not isinstance(component, PairCategorizer):
        raise InvalidError(Errors.E312.format(name=name, nli=wanted, known=nlp.component_names))
    return component


def _entailment_and_contradiction(nli: PairCategorizer) -> tuple[int, int]:
    """Return the numbers of the two labels; without a contradiction, that of a label such as "not_entailment"."""
    labels = [label.casefold() for label in nli.labels]

    def number_of(beginning: str) -> int | None:
        return next((number for number, label in enumerate(labels) if label.startswith(beginning)), None)

    entailment = number_of("entail")
    for opposite in ("contradict", "not_entail", "not-entail", "not entail", "non_entail", "non-entail"):
        contradiction = number_of(opposite)
        if entailment is not None and contradiction is not None:
            return entailment, contradiction
    raise InvalidError(Errors.E314.format(name=nli.name, labels=nli.labels))

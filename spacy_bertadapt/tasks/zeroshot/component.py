"""Zero-shot classification: labels as hypotheses about a text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from string import Formatter
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from torch import Tensor

from ...component.checks import different_strings, optional, probability
from ...component.failures import annotate_stream
from ...component.saving import SavedPart, check_component_name
from ...component.settings import ConfiguredComponent, LiveSetting
from ...component.texts import EncodedTexts
from ...errors import Errors, InvalidError, require
from ...types import Floats
from ..categories.pair_component import PairCategorizer
from ..categories.sharing import TextReader
from .standing import SavedNli, Standing

PART = "nli"


def check_template(setting: str, value: Any) -> str:
    """Return a template with {} once, and no other field; {{ and }} are braces. Raises ValueError otherwise."""
    try:
        fields = [part[1:] for part in Formatter().parse(value) if part[1] is not None]
    except (TypeError, ValueError):
        fields = []
    remedy = "write {} once, where the label goes, and {{ or }} for a brace"
    require(setting, value, possible=fields == [("", "", None)], remedy=remedy)
    return str(value)


class BertZeroShot(ConfiguredComponent, TextReader, Pipe):
    """Sets `doc.cats` for labels that nothing was trained on.

    Each label becomes a hypothesis by a template, and natural language inference says whether the text entails it
    (Yin et al., 2019). It learns nothing itself, and stays with the component that it began with, whatever that is
    called later; what is not in its pipeline is saved with it.
    """

    part_names = (PART,)
    template = LiveSetting(check_template)
    threshold = LiveSetting(optional(probability))
    labels = LiveSetting(different_strings, may_start_empty=True)

    def __init__(
        self,
        vocab: Vocab,
        name: str,
        *,
        nli: str | PairCategorizer,
        labels: Sequence[str],
        template: str,
        multi_label: bool = False,
        threshold: float | None = None,
        scorer: Callable[..., dict[str, Any]] | None = None,
        pipeline: Language | None = None,
    ):
        """Take the settings.

        nli: what compares texts and hypotheses: the name of a component of the pipeline, or one of its own. labels,
        template, threshold: may be changed at any time. template: the hypothesis, with {} for the label.
        multi_label: whether each label is scored alone, entailment against contradiction; else the probabilities of
        all labels sum to one. threshold: probability from which a label counts in scores with `multi_label`.
        pipeline: where the component is made for. Raises ValueError for a template without a place for the label.
        """
        check_component_name(name)
        self.name = name
        self.scorer = scorer
        self._vocab = vocab
        self._standing = Standing(nli) if isinstance(nli, PairCategorizer) else Standing(name=nli)
        cfg = {"labels": labels, "template": template, "threshold": threshold, "exclusive": not multi_label}
        self.take_settings(cfg, pipeline)
        self.look_up()

    @property
    def nli(self) -> PairCategorizer:
        """The component that it stands on, from now on. Raises ValueError if there is none."""
        nli = self.look_up()
        if nli is None:
            known = self._pipeline.names
            raise InvalidError(Errors.E312.format(name=self.name, nli=self._standing.name, known=known))
        self._standing = self._standing.settled()
        return nli

    def look_up(self) -> PairCategorizer | None:
        """Return the component that it stands on, and note it; None if there is none yet."""
        self._standing = self._standing.look_up(self._pipeline)
        if self._standing.nli is not None:
            self._standing.nli.note_reader(self)
        return self._standing.nli

    def is_running_on(self, component: object) -> bool:
        """Return whether it stands on a component of pairs, and is not disabled or removed, as far as is known."""
        running = self._pipeline.running
        return self._standing.nli is component and (running is None or any(other is self for other in running))

    def hypotheses(self) -> list[str]:
        """Return the hypothesis of every label. Raises ValueError without labels."""
        if not self.labels:
            raise InvalidError(Errors.E313.format(name=self.name))
        return [self.template.format(label) for label in self.labels]

    def add_label(self, label: str) -> int:
        """Add a label at the end. Returns 1, or 0 if it is there."""
        if label in self.labels:
            return 0
        self.labels = (*self.labels, label)
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
        if nlp is not None:
            self._vocab = nlp.vocab
            self.take_pipeline(nlp)
        if labels:
            self.labels = labels
        elif not self.labels and (gold := {label for example in get_examples() for label in example.y.cats}):
            self.labels = sorted(gold)
        nli = self.nli
        if self._standing.name is None:
            nli.initialize(list)
            _entailment_and_contradiction(nli)
        self.take_as_initialized()

    def __call__(self, doc: Doc) -> Doc:
        """Set `doc.cats` of a Doc, and return the Doc."""
        return next(self.pipe([doc]), doc)

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Yield Docs with `doc.cats`. batch_size: texts that are gathered and sorted by length, with all hypotheses."""
        return annotate_stream(self, stream, batch_size, lambda docs: self.set_annotations(docs, self.predict(docs)))

    def predict(self, docs: Iterable[Doc]) -> Floats:
        """Return probabilities, (texts, labels). Raises ValueError without labels."""
        documents = list(docs)
        if not documents:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        runner = self.nli.runner
        (texts,) = runner.encode([doc.text for doc in documents]).segments
        (hypotheses,) = runner.encode(self.hypotheses()).segments
        pairs = EncodedTexts([[text for text in texts for _ in hypotheses], list(hypotheses) * len(texts)])
        annotated = [doc for doc in documents for _ in hypotheses]
        logits = self.nli.text_logits(self.nli.window_outputs(pairs, annotated), len(pairs))
        return self._probabilities(logits.view(len(texts), len(hypotheses), -1)).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the probabilities into `doc.cats`; other labels in it stay."""
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            doc.cats.update(zip(self.labels, row, strict=True))

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return what it stands on, which is left out where that is saved with the same pipeline."""
        is_own = self._standing.name is None
        return {PART: SavedNli(lambda: self.nli, is_own, self._stand_on, self._vocab, f"{self.name}.nli")}

    def saved_state(self) -> dict[str, Any]:
        """Return the live settings, and the name of what it stands on."""
        return {**self.settings_state(), PART: self.nli.saved_name}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the settings, and stand on the component that is named, if none was saved here."""
        self.restore_settings(state)
        if self._standing.nli is None:
            self._standing = Standing(name=str(state.get(PART) or self._standing.name))

    def look_around(self) -> None:
        """Look for what it stands on."""
        self.look_up()

    def _stand_on(self, nli: PairCategorizer | None) -> None:
        """Stand on a component that was read from a save; None: on the one of the pipeline that the save names."""
        self._standing = Standing(nli, self._standing.name, is_copy=self._standing.name is not None)

    def _probabilities(self, logits: Tensor) -> Tensor:
        """Return probabilities, (texts, hypotheses). logits: (texts, hypotheses, labels of the NLI component)."""
        entailment, contradiction = _entailment_and_contradiction(self.nli)
        if not self._settings["exclusive"] or logits.shape[1] == 1:
            return (logits[..., entailment] - logits[..., contradiction]).sigmoid()
        return torch.softmax(logits[..., entailment], dim=-1)


def _entailment_and_contradiction(nli: PairCategorizer) -> tuple[int, int]:
    """Return the numbers of the two labels; without a contradiction, that of a label such as "not_entailment".

    Raises ValueError for a component without them, and for one that predicts no probabilities.
    """
    if nli.predicts_numbers:
        raise InvalidError(Errors.E362.format(name=nli.name, labels=", ".join(nli.labels)))
    labels = [label.casefold() for label in nli.labels]

    def number_of(beginning: str) -> int | None:
        return next((number for number, label in enumerate(labels) if label.startswith(beginning)), None)

    entailment = number_of("entail")
    for opposite in ("contradict", "not_entail", "not-entail", "not entail", "non_entail", "non-entail"):
        contradiction = number_of(opposite)
        if entailment is not None and contradiction is not None:
            return entailment, contradiction
    raise InvalidError(Errors.E314.format(name=nli.name, labels=nli.labels))

"""Zero-shot classification: labels as hypotheses about a text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
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
from ...component.saving import SavedPart
from ...component.settings import ConfiguredComponent, LiveSetting
from ...component.texts import EncodedTexts
from ...errors import Errors, InvalidError, require
from ...types import Floats
from ..categories.pair_component import PairCategorizer
from .standing import SavedNli, component_of, name_beside

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


class BertZeroShot(ConfiguredComponent, Pipe):
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
        self.name = name
        self.scorer = scorer
        self._vocab = vocab
        self._is_configured = isinstance(nli, PairCategorizer)
        self._nli = nli if isinstance(nli, PairCategorizer) else None
        self._nli_name = nli if isinstance(nli, str) else nli.name
        self._beside: str | None = None
        cfg = {"labels": labels, "template": template, "threshold": threshold, "exclusive": not multi_label}
        self.take_settings(cfg, pipeline)
        self._find_nli()

    @property
    def nli(self) -> PairCategorizer:
        """The component that it stands on. Raises ValueError if there is none."""
        self._find_nli()
        if self._nli is None:
            known = self._pipeline.names
            raise InvalidError(Errors.E312.format(name=self.name, nli=self._nli_name, known=known))
        return self._nli

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
        if self._is_configured:
            nli.initialize(list)
            _entailment_and_contradiction(nli)

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
        logits = self.nli.text_logits(runner.predict(pairs), len(pairs))
        return self._probabilities(logits.view(len(texts), len(hypotheses), -1)).numpy()

    def set_annotations(self, docs: Sequence[Doc], predictions: Floats) -> None:
        """Write the probabilities into `doc.cats`; other labels in it stay."""
        for doc, row in zip(docs, predictions.tolist(), strict=True):
            doc.cats.update(zip(self.labels, row, strict=True))

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the component into a folder, with what it stands on, unless that is saved with the same pipeline."""
        self._beside = None if self._is_configured else name_beside(Path(path).resolve(), self.nli)
        super().to_disk(path, exclude=exclude)
        self._beside = None

    def saved_parts(self) -> dict[str, SavedPart]:
        """Return what it stands on, unless that is saved beside it."""
        if self._is_configured:
            return {PART: self.nli}
        return {} if self._beside is not None else {PART: SavedNli(lambda: self.nli, self._stand_on, self._make_nli)}

    def saved_state(self) -> dict[str, Any]:
        """Return the settings that were changed, and the name of what it stands on, if that is saved beside it."""
        return {"settings": self.changed_settings(), PART: self._beside}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over the settings, and stand on the component that is named, if none was saved here."""
        self.restore_settings(state.get("settings", {}))
        if self._nli is None:
            self._nli_name = str(state.get(PART) or self._nli_name)
            self._find_nli()

    def _make_nli(self, settings: dict[str, Any]) -> PairCategorizer:
        return component_of(settings, self._vocab, self.name)

    def _find_nli(self) -> None:
        """Stand on the component of the pipeline that has the name, if there is one and nothing else is known."""
        found = None if self._nli is not None else self._pipeline.find(str(self._nli_name))
        if isinstance(found, PairCategorizer):
            self._stand_on(found)
            found.share()

    def _stand_on(self, nli: PairCategorizer | None) -> None:
        if self._nli is not None:
            self._nli.unshare()
        self._nli = nli

    def _probabilities(self, logits: Tensor) -> Tensor:
        """Return probabilities, (texts, hypotheses). logits: (texts, hypotheses, labels of the NLI component)."""
        entailment, contradiction = _entailment_and_contradiction(self.nli)
        if not self._settings["exclusive"] or logits.shape[1] == 1:
            return (logits[..., entailment] - logits[..., contradiction]).sigmoid()
        return torch.softmax(logits[..., entailment], dim=-1)


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

"""From Docs to logits and gradients, by the vectors that another component gives their tokens."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from spacy.tokens import Doc, Span
from spacy.training import Example
from thinc.api import Model
from torch import Tensor

from ...errors import Errors, InvalidError, Warnings
from ...network.token_vectors import UNLIMITED, TokenVectors, VectorWindows, vector_windows
from ...pairs import SEPARATOR, PartNames, find_parts
from ...subwords.alignment import align, tokens_of
from ...subwords.batches import WindowBatch
from ...types import Pair, Segments
from ..lesson import Lesson, ReadsExamples
from ..pair_texts import PairTexts
from ..pipeline_link import PipelineLink
from ..runner import Runner
from ..texts import AlignedTexts, EncodedTexts
from ..thinc_model import NetworkModel, shim_of
from ..window_settings import WindowSettings
from .training_vectors import TrainingVectors
from .upstream_names import ANY, link_listeners, upstream_names
from .vectors import DocRows, table_of_vectors


class ListeningRunner(Runner):
    """Sends the vectors of Docs' tokens through a head. Each Doc is one row: whoever computed the vectors cut it."""

    def __init__(
        self,
        model: NetworkModel,
        windows: WindowSettings,
        *,
        read_texts: Callable[[Sequence[str]], list[Doc]],
        windowed_segment: int = 0,
    ):
        """model: the component's: its shim has the head, its layer gives the vectors. read_texts: see `ReadTexts`."""
        super().__init__(shim_of(model), windows, windowed_segment=windowed_segment)
        self._model = model
        self._read_texts = read_texts
        self._in_training: TrainingVectors | None = None
        self._has_warned_of_zeros = False

    @property
    def tok2vec(self) -> Model[Any, Any]:
        """The layer that gives the vectors; `nlp.replace_listeners` puts another one there."""
        return self._model.layers[0]

    @property
    def max_length(self) -> int:
        """Tokens of a row: any number."""
        return UNLIMITED

    def check(self) -> None:
        """Do nothing: there are no windows that could not advance."""

    def link(self, pipeline: PipelineLink, component: object) -> None:
        """Tell the pipeline's components of the listener. Raises ValueError if none before it can be listened to."""
        wanted = upstream_names(self.tok2vec)
        names = link_listeners(pipeline, component)
        if names is not None and not all(name in names or (name == ANY and names) for name in wanted):
            reason = f"the components before it that can be listened to are: {', '.join(names) or 'none'}"
            raise InvalidError(Errors.E352.format(encoder=self._name, reason=reason))

    @contextmanager
    def learning_from(
        self, component: ReadsExamples, examples: Sequence[Example], *, drop: float = 0.0
    ) -> Iterator[Lesson | None]:
        """Take the vectors of a batch of examples in training, and give their gradients back after the block."""
        if not any(len(example.predicted) for example in examples):
            yield component.lesson(examples)
            return
        device, learner = self._shim.network.device, self._shim.learner
        vectors = TrainingVectors(examples, self.tok2vec, drop=drop, width=self._width, device=device, name=self._name)
        self._in_training, before = vectors, learner.count
        try:
            yield component.lesson(examples)
            vectors.finish(learner.count - before)
        finally:
            self._in_training = None

    def encode(self, texts: Sequence[Segments], *, training: bool = False) -> EncodedTexts:
        """Return the vectors of pairs of strings, which the components before this one read. Raises ValueError else."""
        pairs = [text for text in texts if isinstance(text, tuple)]
        if len(pairs) < len(texts):
            raise InvalidError(Errors.E356.format(encoder=self._name))
        return EncodedTexts(self._read_pairs(pairs))

    def encode_docs(
        self, docs: Sequence[Doc], parts: PartNames | None = None, *, training: bool = False
    ) -> EncodedTexts:
        """Return the vectors of Docs' tokens: see `Runner.encode_docs`."""
        read = self._vectors(docs, training)
        if parts is None:
            return EncodedTexts([[vectors.part() for vectors in read]])
        spans = [find_parts(doc, parts) for doc in docs]
        return EncodedTexts(_segments(read, spans))

    def encode_tokens(self, docs: Sequence[Doc], *, training: bool = False) -> AlignedTexts:
        """Return the vectors of Docs' tokens, and the tokens that have vectors."""
        segment = [vectors.part() for vectors in self._vectors(docs, training)]
        return AlignedTexts([segment], align(tokens_of(docs), segment))

    def encode_pairs(self, pairs: PairTexts, *, training: bool = False) -> AlignedTexts:
        """Return the vectors of pairs, and the tokens of the second texts that have vectors.

        Texts from anywhere are joined in new Docs, which the components before this one read.
        """
        if pairs.docs is not None:
            parts = list(zip(pairs.first, pairs.second, strict=True))
            segments = _segments(self._vectors(pairs.docs, training), parts)
        else:
            segments = self._read_pairs(list(zip(pairs.first_strings, pairs.second_strings, strict=True)))
        return AlignedTexts(segments, align(tokens_of(pairs.second_tokens), segments[1]))

    def windows(self, texts: EncodedTexts, *, training: bool = False) -> WindowBatch:
        """Lay out one row for each text."""
        windowed = self._windowed_segment if len(texts.segments) == 2 else 0
        return texts.mark(vector_windows(texts.segments, self._table(texts), windowed=windowed))

    def inputs(self, batch: WindowBatch) -> Sequence[Tensor]:
        """Return the table of vectors, if it was made for learning."""
        assert isinstance(batch, VectorWindows)
        return [batch.table] if batch.table is not None and batch.table.requires_grad else []

    @property
    def _name(self) -> str:
        return self._shim.settings.encoder.name

    @property
    def _width(self) -> int:
        config: Any = self._shim.network.module.config
        return int(config.hidden_size)

    def _vectors(self, docs: Sequence[Doc], training: bool) -> list[DocRows]:
        """Return the vectors of Docs: in training those of the examples, where the Docs are references."""
        if training and self._in_training is not None:
            return [self._in_training.vectors(doc) for doc in docs]
        network = self._shim.network
        arrays = self.tok2vec.predict(docs) if any(map(len, docs)) else [np.zeros((0, self._width))] * len(docs)
        read = table_of_vectors(docs, arrays, width=self._width, device=network.device)
        if any(doc.text.strip() for doc in docs) and not read[0].table.any():
            self._warn_of_zeros()
        return read

    def _read_pairs(self, pairs: Sequence[Pair]) -> list[list[TokenVectors]]:
        """Return the vectors of pairs of strings, each read as the text of a pair Doc: first and second texts."""
        read = self._vectors(self._read_texts([SEPARATOR.join(pair) for pair in pairs]), training=False)
        borders = [len(first) for first, _ in pairs]
        return [
            [vectors.part(0, border) for vectors, border in zip(read, borders, strict=True)],
            [vectors.part(border + len(SEPARATOR)) for vectors, border in zip(read, borders, strict=True)],
        ]

    def _table(self, texts: EncodedTexts) -> Tensor:
        segment = texts.segments[0]
        if not len(segment):
            return torch.zeros((1, self._width), device=self._shim.network.device)
        assert isinstance(segment[0], TokenVectors)
        return segment[0].table

    def _warn_of_zeros(self) -> None:
        """Warn once that the component that is listened to has not run: its listeners give zeros then."""
        if not self._has_warned_of_zeros:
            self._has_warned_of_zeros = True
            warnings.warn(Warnings.W350.format(encoder=self._name), stacklevel=2)


def _segments(read: Sequence[DocRows], parts: Sequence[tuple[Any, Any]]) -> list[list[TokenVectors]]:
    """Return the vectors of the parts of pair Docs: the first parts, and the second ones. None is an empty part."""
    return [[_of_span(vectors, pair[number]) for vectors, pair in zip(read, parts, strict=True)] for number in range(2)]


def _of_span(vectors: DocRows, span: Span | None) -> TokenVectors:
    return vectors.part(0, 0) if span is None else vectors.part(span.start_char, span.end_char)

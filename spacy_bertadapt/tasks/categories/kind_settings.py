"""Which kind of values a component has: what its settings ask for, and what the head of its checkpoint is."""

from __future__ import annotations

from dataclasses import dataclass

from transformers import PretrainedConfig

from ...errors import Errors, InvalidError
from ...learning.losses import USUAL_LOSSES, SequenceLoss
from ...network.checkpoint import Checkpoint
from ...network.pretrained_config import output_labels
from ...types import REGRESSION
from .kinds import EXCLUSIVE, INDEPENDENT, NUMBERS, Kind


@dataclass(frozen=True, slots=True)
class KindSettings:
    """The settings that say what values mean.

    loss: as it was given; None: the usual one. exclusive: whether exactly one label holds for a text.
    """

    loss: SequenceLoss | None
    exclusive: bool

    @property
    def kind(self) -> Kind:
        """The kind that is asked for: numbers where the loss is one of numbers, else labels."""
        if self.loss is not None and self.loss.problem_type == REGRESSION:
            return NUMBERS
        return EXCLUSIVE if self.exclusive else INDEPENDENT

    def loss_of(self, kind: Kind) -> SequenceLoss:
        """Return the loss that values of a kind are learned by."""
        return self.loss or USUAL_LOSSES[kind.problem_type]

    def kind_of(self, checkpoint: Checkpoint, *, name: str, encoder: str, wrong_kind: str) -> Kind:
        """Return the kind of a checkpoint's values: its own, or what is asked for where it doesn't say.

        name: the component's. encoder: the checkpoint's name. wrong_kind: the message for labels of the other kind.
        Raises ValueError if the two don't fit.
        """
        asked, config = self.kind, checkpoint.module.config
        problem = config.problem_type
        if not checkpoint.has_new_head and self.are_numbers(config):
            return NUMBERS
        if problem in (None, asked.problem_type):
            return asked
        if problem == REGRESSION:
            raise InvalidError(Errors.E317.format(encoder=encoder, name=name, loss=type(self.loss).__name__))
        if asked is NUMBERS:
            raise InvalidError(Errors.E361.format(encoder=encoder, problem=problem, name=name))
        values = {"problem": problem, "exclusive": self.exclusive, "opposite": not self.exclusive}
        raise InvalidError(wrong_kind.format(encoder=encoder, name=name, **values))

    def are_numbers(self, config: PretrainedConfig) -> bool:
        """Return whether the outputs of a trained head are taken for numbers where no loss says what they are.

        Transformers too learns a single output as a number where the configuration has no problem type.
        """
        if self.loss is not None:
            return False
        if config.problem_type is None:
            return self.exclusive and len(output_labels(config)) == 1
        return bool(config.problem_type == REGRESSION)

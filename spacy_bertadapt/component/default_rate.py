"""A warning of spaCy's own default optimizer, whose learning rate is that of small networks."""

from __future__ import annotations

import warnings

from thinc.api import Optimizer

from ..errors import Warnings
from ..learning.learner import Learner
from ..learning.parameter_summary import FEW_LEARN, RATE_FOR_FEW, share_learning_in_the_end


def warn_of_default_rate(optimizer: Optimizer, learner: Learner, encoder: str) -> bool:
    """Warn of an optimizer of thinc's own whose rate a pretrained encoder doesn't survive. Returns whether it is one.

    That is what `nlp.initialize` makes unless it is told otherwise; a schedule may reach such a rate after many steps.
    A head or LoRA's matrices alone may learn at it, and whoever makes our AdamW chooses a rate. encoder: its name, for
    the message.
    """
    if type(optimizer) is not Optimizer or optimizer.learn_rate < RATE_FOR_FEW:
        return False
    if share_learning_in_the_end(learner.network.module, learner.adaptation) < FEW_LEARN:
        return False
    warnings.warn(Warnings.W320.format(encoder=encoder, rate=optimizer.learn_rate), stacklevel=4)
    return True

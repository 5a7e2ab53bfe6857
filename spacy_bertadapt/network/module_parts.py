"""Which part of a module a parameter belongs to: the head, or how high up in the encoder it stands."""

from __future__ import annotations

import re

from .task_module import TaskModule

LAYER = re.compile(r"\.(?:layer|layers|block|h)\.(\d+)\.")


class Anatomy:
    """The parts of a task's module, by the names of its parameters.

    head: names of the parameters that are the task's and not the encoder's. depth: how many layers the encoder has.
    """

    def __init__(self, module: TaskModule):
        """Look through a module's parameters."""
        self.head = head_parameters(module)
        self.depth = 1 + max((layer_number(name) or 0 for name, _ in module.named_parameters()), default=0)
        self._pooler = f"{module.base_model_prefix}.pooler."

    def height_below_top(self, name: str) -> int:
        """Return how many layers of the encoder stand above a parameter: 0 in the top layer, `depth` in the embeddings.

        A parameter outside both, such as a pooler or a last norm, counts as part of the top layer.
        """
        layer = layer_number(name)
        if layer is not None:
            return self.depth - 1 - layer
        return self.depth if "embeddings" in name else 0

    def is_pooler(self, name: str) -> bool:
        """Return whether a parameter is of the pooler, the layer between [CLS] and BERT's classifier."""
        return name.startswith(self._pooler)


def head_parameters(module: TaskModule) -> set[str]:
    """Return the names of the parameters that are the task's and not the encoder's."""
    prefix = module.base_model_prefix + "."
    return {name for name, _ in module.named_parameters() if not name.startswith(prefix)}


def layer_number(name: str) -> int | None:
    """Return the encoder layer that a parameter belongs to, counted from 0 at the bottom, or None."""
    match = LAYER.search(f".{name}")
    return int(match.group(1)) if match else None

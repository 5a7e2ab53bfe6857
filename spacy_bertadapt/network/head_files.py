"""Files of heads: their weights alone, as safetensors, which are written and read strictly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..errors import Errors, InvalidError, NotFoundError
from .transformers_calls import errors_of_file, errors_of_writing

HEAD_FILE = "head.safetensors"


def require_files(folder: Path, names: Iterable[str]) -> None:
    """Raise FileNotFoundError that names the first file that is missing in a folder."""
    for name in names:
        if not (folder / name).is_file():
            raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))


def write_head(weights: Mapping[str, Tensor], folder: Path) -> None:
    """Write the weights of a head into a folder. Raises OSError if there is no room."""
    ready = {name: weight.detach().cpu().contiguous() for name, weight in weights.items()}
    with errors_of_writing():
        save_file(ready, folder / HEAD_FILE, metadata={"format": "pt"})


def fill_head(head: nn.Module, path: Path, *, described_in: str) -> None:
    """Give a head the weights of a file, in float32. The head may be on torch's "meta" device.

    described_in: the file that says what weights a head has. Raises ValueError, before any weight is read, if the file
    has not exactly the names and shapes of the head, or has weights that are no fractions.
    """
    wanted = {name: tuple(weight.shape) for name, weight in head.state_dict().items()}
    with errors_of_file(path):
        saved = _shapes(path)
    wrong = sorted(name for name in saved.keys() | wanted.keys() if saved.get(name) != wanted.get(name))
    if wrong:
        reason = f"does not fit {described_in} ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''})"
        raise InvalidError(Errors.E105.format(path=path, reason=reason))
    with errors_of_file(path):
        # Those of the file are mapped and not read: it may be written over while the head is in use.
        weights = {name: weight.float().clone() for name, weight in load_file(path).items()}
        head.load_state_dict(weights, assign=True)


def _shapes(path: Path) -> dict[str, tuple[int, ...] | None]:
    """Return the shapes of the weights in a file; None for integers."""
    with safe_open(path, framework="pt") as weights:
        slices = {name: weights.get_slice(name) for name in weights.keys()}  # noqa: SIM118
        return {
            name: tuple(part.get_shape()) if part.get_dtype().startswith(("F", "BF")) else None
            for name, part in slices.items()
        }

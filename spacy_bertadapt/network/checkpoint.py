"""A checkpoint: the module of a task and its tokenizer, read and written together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from ..errors import Errors, InvalidError, NotFoundError
from ..files import read_json_object
from ..subwords.tokenizer import SubwordTokenizer, shared_tokenizer
from .architecture import Architecture
from .checkpoint_size import check_size
from .config_safety import check_tokenizer_config
from .encoder_source import EncoderSource
from .pretrained_config import ADAPTER, CONFIG, output_labels, read_saved_config
from .task_module import TaskModule
from .transformers_calls import errors_of_file, errors_of_writing, first_line, loading

TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
FILES = (CONFIG, TOKENIZER, TOKENIZER_CONFIG)
LOADING = ("is_local", "local_files_only")  # how a tokenizer was read, which Transformers 5 would save with it
ONE_FILE = "1000GB"  # the size from which weights are split


@dataclass
class Checkpoint:
    """The module of a task, with its tokenizer. Weights are float32.

    source: where the encoder was read from; None if it is not as it was there. has_new_head: whether the head was made
    for other labels than the checkpoint's, and has learned nothing. has_changed: whether weights are others than those
    that were read, as after learning.
    """

    module: TaskModule
    tokenizer: PreTrainedTokenizerBase
    source: EncoderSource | None = None
    has_new_head: bool = False
    has_changed: bool = False

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the head's outputs, in order."""
        return output_labels(self.module.config)

    @cached_property
    def max_length(self) -> int:
        """How many subwords the module takes, special tokens included."""
        return int(min(_position_limit(self.module), self.tokenizer.model_max_length))

    @cached_property
    def subwords(self) -> SubwordTokenizer:
        """The tokenizer as the subword path uses it."""
        return subword_tokenizer(self.tokenizer)

    def save(self, folder: Path, *, weights: dict[str, Tensor] | None = None) -> None:
        """Write config.json, model.safetensors and the tokenizer's files into a folder.

        weights: by name, in place of the module's own.
        """
        with errors_of_writing(), loading():
            self.module.save_pretrained(folder, state_dict=weights, max_shard_size=ONE_FILE)
            save_tokenizer(self.tokenizer, folder)

    @classmethod
    def load(cls, folder: Path, architecture: Architecture, *, dropout: float | None = None) -> Checkpoint:
        """Read what `save` wrote: strictly, from disk alone, running no code and no pickle of the folder.

        dropout: in place of all dropout rates that were saved.
        Raises FileNotFoundError or ValueError that names the file at fault.
        """
        for name in (*FILES, *architecture.weight_files):
            if not (folder / name).is_file():
                raise NotFoundError(Errors.E105.format(path=folder / name, reason="is missing"))
        if (folder / ADAPTER).exists():
            raise InvalidError(Errors.E105.format(path=folder / ADAPTER, reason="is no file of a saved component"))
        config = read_saved_config(folder, dropout=dropout)
        with errors_of_file(folder / CONFIG):
            check_size(folder, architecture, config)
            strict = {"use_safetensors": True, "local_files_only": True, "ignore_mismatched_sizes": True}
            read = architecture.read(str(folder), config, **strict)
        wrong = sorted(read.missing | read.mismatched | read.unexpected)
        if wrong:
            reason = f"does not fit config.json ({', '.join(wrong[:3])}{', …' if len(wrong) > 3 else ''})"
            raise InvalidError(Errors.E105.format(path=folder / architecture.file_of(wrong[0]), reason=reason))
        return with_saved_tokenizer(folder, read.module)


def save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer's files into a folder, the same ones wherever it was read from."""
    for name in LOADING:
        tokenizer.init_kwargs.pop(name, None)
    tokenizer.save_pretrained(folder)


def with_saved_tokenizer(folder: Path, module: TaskModule, source: EncoderSource | None = None) -> Checkpoint:
    """Return a module with the tokenizer of a saved component. Raises ValueError that names the file if it doesn't fit.

    source: where the encoder was read from.
    """
    read_json_object(folder / TOKENIZER)
    check_tokenizer_config(read_json_object(folder / TOKENIZER_CONFIG), folder / TOKENIZER_CONFIG)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        checkpoint = Checkpoint(module, tokenizer, source)
        highest, rows = _highest_id(checkpoint), len(module.base_model.get_input_embeddings().weight)  # type: ignore[operator]
    except Exception as err:  # the tokenizers library raises bare Exceptions for a file it can't use
        raise InvalidError(
            Errors.E105.format(path=folder / TOKENIZER, reason=f"can't be used: {first_line(err)}")
        ) from err
    if highest >= rows:
        reason = f"does not fit the network: it has the index {highest}, and the embeddings have {rows} rows"
        raise InvalidError(Errors.E105.format(path=folder / TOKENIZER, reason=reason))
    return checkpoint


def subword_tokenizer(tokenizer: PreTrainedTokenizerBase) -> SubwordTokenizer:
    """Return the subword path's own copy of a fast tokenizer, one for all who ask in this process."""
    pad_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else 0
    specials = tuple(tokenizer.all_special_ids)
    return shared_tokenizer(tokenizer.backend_tokenizer.to_str(), specials, tokenizer.unk_token_id, pad_id)


def _highest_id(checkpoint: Checkpoint) -> int:
    """Return the highest index that a text, its special tokens or its padding can have."""
    subwords, special = checkpoint.subwords, set(checkpoint.tokenizer.all_special_ids)
    around = (token for template in (subwords.single, subwords.pair) for piece in template for token in piece.ids)
    vocabulary = set(checkpoint.tokenizer.get_vocab().values()) - special
    return int(max({*vocabulary, *around, subwords.pad_id}))


def _position_limit(module: TaskModule) -> int:
    """Return how many positions there are for text: RoBERTa and its kin keep those up to the padding index."""
    limit = getattr(module.config, "max_position_embeddings", None) or 1_000_000
    for name, child in module.named_modules():
        if name.endswith("position_embeddings") and isinstance(child, nn.Embedding) and child.padding_idx is not None:
            return min(limit, child.num_embeddings - child.padding_idx - 1)
    return limit

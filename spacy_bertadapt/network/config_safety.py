"""Settings in a checkpoint's JSON files that would make Transformers load code, or files that are not the checkpoint's.

A setting is refused, never skipped, as the rest of such a file can't be what its author tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerFast
from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

from ..errors import Errors, InvalidError

LOADERS = frozenset({"quantization_config", "compression_config", "transformers_weights", "configuration_files"})
"""Settings of config.json that choose a loader, or other files. (Code that auto_map names is never run.)"""

IMPLEMENTATION = "_implementation"  # of attention, of experts: a name of Transformers', or a kernel of the hub
TOKENIZER_INPUTS = "init_inputs"
LONGEST_STRING = 100_000
"""Characters of a setting, at most: as a special token, a longer one takes minutes to be looked for."""

LARGEST_COUNT = 1_000_000
"""Outputs of a head, or layers, at most: Transformers makes a list of them as soon as it reads their number."""

DTYPES = ("float64", "float32", "bfloat16", "float16")
"""Number formats of saved weights: Transformers would take any name in torch."""

TYPES: Mapping[type, tuple[type, ...]] = {str: (str,), float: (int, float), int: (int, list), bool: (bool, int)}
"""By the type of a setting's default, the types that it may have; some numbers may be given a layer."""


def check_config(settings: Mapping[str, Any], path: Path | str) -> None:
    """Raise ValueError for a setting of config.json that would load code or other files, or fill the memory."""
    _check_strings(settings, path)
    for key, value in _settings(settings):
        repository = IMPLEMENTATION in key and not all(name.replace("_", "").isalnum() for name in _strings(value))
        if value is not None and (key in LOADERS or repository):
            raise InvalidError(Errors.E132.format(path=path, key=key, value=value))
        counts = key == "num_labels" or "layer" in key
        if counts and isinstance(value, int) and value > LARGEST_COUNT:
            raise InvalidError(Errors.E105.format(path=path, reason=f"has {key} = {value}"))


def check_types(settings: Mapping[str, Any], defaults: Mapping[str, Any], path: Path) -> None:
    """Raise ValueError for a setting of config.json of another type than its default: it would fail later."""
    for key, value in settings.items():
        kind = type(defaults.get(key))
        types = TYPES.get(float if kind is int and "dropout" in key else kind)  # some families' rate is an int 0
        fits = types is None or value is None or isinstance(value, types)
        is_flag = isinstance(value, bool) and kind in (int, float)  # True is an int to Python, and no number to torch
        if not fits or is_flag or _is_impossible(key, value, settings):
            raise InvalidError(Errors.E105.format(path=path, reason=f"has {key} = {value!r:.40}"))


def _is_impossible(key: str, value: Any, settings: Mapping[str, Any]) -> bool:
    """Return whether no module can be made, or run, with a setting of the right type."""
    if value is None:
        return key.endswith(("_act", "_eps"))
    if not isinstance(value, int):
        return False
    vocabulary = settings.get("vocab_size")
    if key == "pad_token_id" and isinstance(vocabulary, int):
        return value >= vocabulary
    return value < 0 and key.startswith("num_")


def check_dtype(settings: Mapping[str, Any], path: Path) -> None:
    """Raise ValueError for a saved config.json whose weights have no number format of ours."""
    for key, value in _settings(settings):
        if key in ("dtype", "torch_dtype") and value is not None and value not in DTYPES:
            raise InvalidError(Errors.E105.format(path=path, reason=f"has {key} = {value!r:.40}"))


def check_tokenizer_config(settings: Mapping[str, Any], path: Path) -> None:
    """Raise ValueError for a saved tokenizer_config.json that names other files, or a class without tokenizer.json."""
    _check_strings(settings, path)
    for key, value in settings.items():
        if value and (key.endswith(("_file", "_files")) or key == TOKENIZER_INPUTS):
            raise InvalidError(Errors.E132.format(path=path, key=key, value=value))
    name = settings.get("tokenizer_class")
    if not isinstance(name, str) or not _is_fast(name):
        raise InvalidError(Errors.E105.format(path=path, reason=f"names no fast tokenizer, but {name!r:.40}"))
    limit = settings.get("model_max_length", 1)
    if isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 1:
        raise InvalidError(Errors.E105.format(path=path, reason=f"has model_max_length = {limit!r:.40}"))


def _check_strings(settings: Mapping[str, Any], path: Path | str) -> None:
    """Raise ValueError for a setting with a string that no file of ours has."""
    for key, value in settings.items():
        longest = max(map(len, _strings(value)), default=0)
        if longest > LONGEST_STRING:
            raise InvalidError(Errors.E105.format(path=path, reason=f"has {key} of {longest:,} characters"))


def _is_fast(name: str) -> bool:
    """Return whether AutoTokenizer would take a fast tokenizer for a name: any class of Transformers has one."""
    tokenizer = tokenizer_class_from_name(f"{name}Fast") or tokenizer_class_from_name(name)
    return isinstance(tokenizer, type) and issubclass(tokenizer, PreTrainedTokenizerFast)


def _settings(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield all keys of an object with their values, and those of the objects in it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key), inner
            yield from _settings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _settings(inner)


def _strings(value: Any) -> Iterator[str]:
    """Yield a string, or all strings in an object or a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _strings(inner)

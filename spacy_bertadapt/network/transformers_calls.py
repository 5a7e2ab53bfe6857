"""Calls of Transformers: one at a time, without its announcements, and with errors of one line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import errors as hub_errors
from huggingface_hub.errors import HFValidationError
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError
from ..forks import fork_safe_lock
from .device_memory import is_out_of_memory
from .encoder_source import PACKAGE_PREFIX, EncoderSource

INVALID_CONFIG = getattr(hub_errors, "StrictDataclassError", ValueError)  # of Transformers 5
UNREADABLE = (
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    RuntimeError,
    ImportError,
    RecursionError,
    SafetensorError,
    INVALID_CONFIG,
)
"""The errors that Transformers raises for files that it can't use."""

NOT_THERE = (OSError, HFValidationError, AttributeError)
"""The errors for a hub id that it can't find. AttributeError is what 4.53 raises offline, for weights."""

_one_call = fork_safe_lock()


@contextmanager
def loading() -> Iterator[None]:
    """Load or save with Transformers, or make layers: one thread at a time, without its announcements and bars.

    Its verbosity is a setting of the whole process, and its loading is not made for threads: with accelerate
    installed, whatever layers another thread makes meanwhile have their weights on torch's meta device.
    """
    with _one_call:
        level, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        try:
            yield
        finally:
            transformers_logging.set_verbosity(level)
            if bars:
                transformers_logging.enable_progress_bar()


@contextmanager
def errors_of_encoder(source: EncoderSource) -> Iterator[None]:
    """Turn what Transformers raises for an encoder into one line with a remedy, except for a lack of memory."""
    try:
        yield
    except UNREADABLE as err:
        if isinstance(err, BertadaptError) or is_out_of_memory(err):
            raise
        is_there = Path(source.name).expanduser().is_dir() or source.name.startswith(PACKAGE_PREFIX)
        if is_there or not isinstance(err, NOT_THERE):
            raise InvalidError(Errors.E102.format(name=source.name, reason=first_line(err))) from err
        remedy = (
            "Check the spelling and the network connection, or name a directory or package:NAME; "
            "with HF_HUB_OFFLINE=1 only what the cache holds can be used."
        )
        detail = "no weights" if isinstance(err, AttributeError) else first_line(err)
        reason = f"neither a directory nor found on the Hugging Face hub or in its cache ({detail})"
        raise NotFoundError(Errors.E101.format(name=source.name, reason=reason, remedy=remedy)) from err


@contextmanager
def errors_of_file(path: Path) -> Iterator[None]:
    """Name the file at fault when a saved component can't be read."""
    try:
        yield
    except UNREADABLE as err:
        if isinstance(err, BertadaptError) or is_out_of_memory(err):
            raise
        reason = f"can't be read: {first_line(err)}"
        closed = (file for file in path.parent.glob("*") if not os.access(file, os.R_OK))
        if file := next(closed, None):  # safetensors says that it is not there
            path, reason = file, "may not be read by this user: its permissions are another one's"
        raise InvalidError(Errors.E105.format(path=path, reason=reason)) from err


@contextmanager
def errors_of_writing() -> Iterator[None]:
    """Raise OSError where a library has an error of its own for a disk that is full or can't be written."""
    try:
        yield
    except Exception as err:  # the tokenizers library raises bare Exceptions
        number = re.search(r"os error (\d+)", str(err))
        if number is None or isinstance(err, OSError):
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from err


def first_line(err: BaseException) -> str:
    """Return the first line of an error's message."""
    while isinstance(err, ImportError) and err.__context__ is not None:
        # While Transformers handles an error it may raise ImportError for an optional package: the first is the cause.
        err = err.__context__
    return (str(err).strip() or type(err).__name__).splitlines()[0]

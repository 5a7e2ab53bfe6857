"""Options that several commands share, and how commands fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from spacy import util
from spacy.cli._util import parse_config_overrides
from thinc.api import ConfigValidationError
from wasabi import msg

from ..errors import BertadaptError, Errors, InvalidError
from ..tasks import TRAINED


def _known_language(lang: str) -> str:
    """Return the code of a language; end with spaCy's message if it doesn't know it."""
    try:
        util.get_lang_class(lang)
    except ImportError as err:
        msg.fail(str(err), exits=1)
    return lang


TaskOption = Annotated[str, typer.Option("--task", "-t", help=f"What the data is for: {', '.join(TRAINED)}")]
LangOption = Annotated[str, typer.Option("--lang", "-l", help="Language code of the texts", callback=_known_language)]
EncoderOption = Annotated[str, typer.Option("--encoder", "-e", help="Hub id, directory, or package:NAME")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", min=0, help="Number of texts to read at most; 0 for all")]

DEFAULT_TASK = next(iter(TRAINED))
TAKES_OVERRIDES = {"allow_extra_args": True, "ignore_unknown_options": True}
READER_HELP = """
Where the parts stand in a raw file is said as settings of the task's reader: --reader.text body --reader.label 1,
--reader.premise sentence_A, --reader.label_map '{"e": "entailment"}', --reader.tag 3 …
"""
PREFIX = "reader."


def reader_settings(context: typer.Context) -> dict[str, Any]:
    """Return what `--reader.NAME VALUE` said, by name: JSON, or else a string.

    Raises ValueError for other options with a dot.
    """
    given = parse_config_overrides(list(context.args), env_var=None)
    for name in given:
        if not name.startswith(PREFIX):
            raise InvalidError(Errors.E510.format(option=name))
    return {name.removeprefix(PREFIX): value for name, value in given.items()}


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Show an error of this package or of a config without its traceback, and exit with 1; raise any other."""
    try:
        yield
    except ConfigValidationError as err:
        msg.fail(str(err).strip(), exits=1)
    except BertadaptError as err:
        msg.fail(str(err), exits=1)

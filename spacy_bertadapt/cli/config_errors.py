"""spaCy's errors about configs in one line each, with the nearest name for one that is misspelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from spacy import registry
from thinc.api import ConfigValidationError

from ..errors import BertadaptError, Errors, InvalidError

GIVEN_BY_SPACY = ("nlp", "name")  # arguments of factories that no config sets
SPACY_CODE = re.compile(r"\[E\d+\] ")
UNKNOWN_SETTING = re.compile("unexpected argument|extra (fields|inputs)", re.IGNORECASE)
UNKNOWN_FUNCTION = re.compile(r"Could not find function '(?P<name>[^']+)' in function registry '(?P<registry>\w+)'")
UNKNOWN_FACTORY = re.compile(r"Can't find factory for '(?P<name>[^']+)'")
FUNCTION = re.compile(r"Config error for '(.+)'")


@contextmanager
def config_errors_in_one_line() -> Iterator[None]:
    """Raise spaCy's errors about a config, a registered name or a factory as an `InvalidError` of one line."""
    try:
        yield
    except BertadaptError:
        raise
    except ConfigValidationError as err:
        raise InvalidError(" ".join(_in_one_line(err)) or " ".join(str(err).split())) from err
    except ValueError as err:
        if not SPACY_CODE.match(str(err)):
            raise
        raise InvalidError(_first_sentence(str(err))) from err


def _in_one_line(error: ConfigValidationError) -> Iterator[str]:
    """Yield what is wrong with each setting. Settings are named by their place, as far as spaCy knows it."""
    function = FUNCTION.search(error.title or "")
    block = f"'{function[1]}'" if function else "this block"
    for problem in (problem for problem in error.errors or [] if problem.get("loc")):
        setting = ".".join(map(str, problem["loc"]))
        if UNKNOWN_SETTING.search(problem["msg"]):
            name, known = str(problem["loc"][-1]), _settings_beside(problem["loc"], error.config)
            yield Errors.E530.format(setting=setting, block=block, remedy=_nearest(name, known) or _all(known))
        else:
            reason = re.sub(r"<class '([^']+)'>", r"\1", problem["msg"].removeprefix("at root: "))
            yield Errors.E531.format(setting=setting, reason=reason)


def _settings_beside(place: Iterable[Any], config: Any) -> list[str]:
    """Return the names that stand beside a wrong one. config: a function's settings, or the blocks above them."""
    *blocks, wrong = place
    for name in blocks:
        config = config.get(name, config) if isinstance(config, Mapping) else config
    hidden = (wrong, *GIVEN_BY_SPACY)
    return [str(name) for name in config or () if name not in hidden and not str(name).startswith(("@", "*"))]


def _first_sentence(message: str) -> str:
    """Return the first sentence of spaCy's message, with the nearest registered name for one that is not registered."""
    sentence = re.split(r"(?<=\.)\s", message, maxsplit=1)[0]
    function, factory = UNKNOWN_FUNCTION.search(message), UNKNOWN_FACTORY.search(message)
    nearest = ""
    if function:
        nearest = _nearest(function["name"], getattr(registry, function["registry"]).get_all())
    elif factory:
        nearest = _nearest(factory["name"], registry.factories.get_all())
    return " ".join(f"{sentence} {nearest}".split())


def _nearest(name: str, known: Iterable[str]) -> str:
    return "".join(f"Did you mean '{match}'?" for match in get_close_matches(name, list(known), n=1))


def _all(known: Iterable[str]) -> str:
    return f"It has {', '.join(known)}."

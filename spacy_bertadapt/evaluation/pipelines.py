"""Pipelines with BERT components: loading them for the commands."""

from __future__ import annotations

import configparser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import srsly
from spacy import util
from spacy.language import Language
from thinc.api import Config, ConfigValidationError

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError
from ..planning.data_files import DAMAGES, reason_of

if TYPE_CHECKING:
    from ..component.network_component import NetworkComponent

UNREADABLE = (*DAMAGES, ImportError, configparser.Error)
BEST = "model-best"
UNKNOWN_LABELS = ("label 1", "label 2")


def load_pipeline(name: str, overrides: dict[str, Any] | None = None) -> Language:
    """Return a saved pipeline.

    name: of an installed package, or a directory. overrides: settings of its config by dotted name.
    Raises FileNotFoundError for a pipeline that is not there or not whole, ValueError for one with a broken file.
    """
    best = Path(name) / BEST
    if (best / "meta.json").is_file() and not (Path(name) / "meta.json").is_file():
        raise NotFoundError(Errors.E541.format(name=name, pipeline=best))
    try:
        _check_meta(Path(name) / "meta.json")
        return util.load_model(name, config=overrides or {})
    except BertadaptError:
        raise
    except OSError as err:
        raise NotFoundError(str(err)) from err
    except UNREADABLE as err:
        if _has_code(err):
            raise
        raise InvalidError(Errors.E523.format(name=name, reason=reason_of(err))) from err


def read_config(path: Path, overrides: dict[str, Any], *, interpolate: bool = False) -> Config:
    """Return a config file's content.

    overrides: settings by dotted name. interpolate: whether variables get their values.
    Raises FileNotFoundError for a missing file, ValueError for one that is no config in UTF-8.
    """
    if not path.is_file():
        raise NotFoundError(Errors.E520.format(path=path, cwd=Path.cwd()))
    with config_named(path):
        return util.load_config(path, overrides=overrides, interpolate=interpolate)


@contextmanager
def config_named(path: Path) -> Iterator[None]:
    """Raise ValueError that names the config file for what spaCy raises on values that it doesn't expect."""
    try:
        yield
    except UNREADABLE as err:
        if _has_code(err):
            raise
        raise InvalidError(Errors.E522.format(path=path, reason=reason_of(err))) from err


def load_with_networks(path: str, overrides: dict[str, Any]) -> Language:
    """Return a pipeline whose BERT components have their networks: new ones if `path` is a config.

    path: a config file, or the name or directory of a pipeline. overrides: settings by dotted name.
    Raises FileNotFoundError for a path or an encoder that is not there, ValueError for a pipeline without a BERT
    component.
    """
    if path.endswith(".cfg") and not Path(path).is_file():
        raise NotFoundError(Errors.E520.format(path=path, cwd=Path.cwd()))
    if not Path(path).is_file():
        return load_pipeline(path, overrides)
    config = read_config(Path(path), overrides)
    with config_named(Path(path)):
        nlp = util.load_model_from_config(config, auto_fill=True)
    for pipe in bert_components(nlp):
        read_network(pipe)
    return nlp


def bert_components(nlp: Language) -> list[NetworkComponent]:
    """Return the components of a pipeline that have a network: those with a task, and encoders that these share.

    Raises ValueError if there are none.
    """
    from ..component.network_component import NetworkComponent

    pipes = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, NetworkComponent)]
    if not pipes:
        raise InvalidError(Errors.E516.format(components=nlp.pipe_names))
    return pipes


def read_network(pipe: NetworkComponent) -> None:
    """Give a component its network, with a head for two labels if its labels would come from the training data."""
    checkpoint, has_head = pipe.read_pretrained()
    if not has_head:
        checkpoint, _ = pipe.read_pretrained(lambda _: UNKNOWN_LABELS)
    # Not `pipe.attach`, which would check these labels and take them over: the network is only looked at.
    pipe.shim.attach(checkpoint)


def _has_code(error: Exception) -> bool:
    """Return whether an error says what is wrong: it is of this package, of a config, or has a code of spaCy's."""
    if isinstance(error, BertadaptError | ConfigValidationError):
        return True
    return isinstance(error, ValueError) and str(error).startswith("[E")


def _check_meta(path: Path) -> None:
    """Raise ValueError if meta.json is there, but not as spaCy writes it."""
    if not path.is_file():
        return
    try:
        meta = srsly.read_json(path)
    except (ValueError, RecursionError) as err:
        raise InvalidError(Errors.E523.format(name=path.parent, reason=f"meta.json is no JSON: {err}")) from err
    if not isinstance(meta, dict):
        raise InvalidError(Errors.E523.format(name=path.parent, reason="meta.json holds no JSON object"))
    for key in ("lang", "name", "version", *({"spacy_version"} & meta.keys())):
        if not isinstance(meta.get(key), str):
            reason = f"{key!r} in meta.json is {meta.get(key)!r:.60}"
            raise InvalidError(Errors.E523.format(name=path.parent, reason=reason))

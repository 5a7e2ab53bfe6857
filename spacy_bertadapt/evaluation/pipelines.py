"""Pipelines with BERT components: loading them for the commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy import util
from spacy.language import Language

from ..errors import BertadaptError, Errors, InvalidError, NotFoundError

if TYPE_CHECKING:
    from ..component.base import BertPipe

UNKNOWN_LABELS = ("label 1", "label 2")


def load_pipeline(name: str, overrides: dict[str, Any] | None = None) -> Language:
    """Return a saved pipeline.

    name: of an installed package, or a directory. overrides: settings of its config by dotted name.
    Raises FileNotFoundError for a pipeline that is not there or not whole.
    """
    try:
        return util.load_model(name, config=overrides or {})
    except BertadaptError:
        raise
    except OSError as err:
        raise NotFoundError(str(err)) from err


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
    config = util.load_config(path, overrides=overrides)
    nlp = util.load_model_from_config(config, auto_fill=True)
    for pipe in bert_components(nlp):
        read_network(pipe)
    return nlp


def bert_components(nlp: Language) -> list[BertPipe]:
    """Return the components of a pipeline that have a network. Raises ValueError if there are none."""
    from ..component.base import BertPipe

    pipes = [pipe for _, pipe in nlp.pipeline if isinstance(pipe, BertPipe)]
    if not pipes:
        raise InvalidError(Errors.E516.format(components=nlp.pipe_names))
    return pipes


def read_network(pipe: BertPipe) -> None:
    """Give a component its encoder, with a head for two labels if its labels would come from the training data."""
    from ..network.pretrained import read_encoder

    settings = pipe.shim.settings
    checkpoint, has_head = read_encoder(settings.encoder, settings.architecture, None)
    if not has_head:
        checkpoint, _ = read_encoder(settings.encoder, settings.architecture, UNKNOWN_LABELS)
    # Not `pipe.attach`, which would check these labels and take them over: the network is only looked at.
    pipe.shim.attach(checkpoint)

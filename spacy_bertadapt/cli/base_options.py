"""Options of `init-config` that say which pipeline a config builds on, and what its new components are."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from spacy.cli._util import string_to_list

from ..component.saving import check_component_name
from ..errors import Errors, InvalidError
from ..evaluation.pipelines import load_pipeline
from ..planning.base_pipeline import BasePipeline

COMPONENT_NAME = re.compile(r"[\w-]+")
DEFAULT_LANG = "en"

BASE_HELP = "Pipeline to build on, by package or folder: its components are kept, frozen, before the new one"
BaseOption = Annotated[str | None, typer.Option("--base", "-b", help=BASE_HELP)]
WITHOUT_HELP = "Components of the base that are left out, divided by commas"
WithoutOption = Annotated[str, typer.Option("--without", help=WITHOUT_HELP)]
ENCODER_HELP = "Hub id, directory, package:NAME, or component:NAME of the base: an encoder that is there"
ENCODER = typer.Option("--encoder", "-e", help=ENCODER_HELP)
SHARED_HELP = "One encoder for all new components: a bert_encoder before them"
SharedOption = Annotated[bool, typer.Option("--shared-encoder", help=SHARED_HELP)]
NAME_HELP = "Name of the new component, one for each task; else bert_ and the task"
NameOption = Annotated[list[str] | None, typer.Option("--name", help=NAME_HELP)]


def read_base(name: str | None, without: str) -> BasePipeline | None:
    """Return the pipeline of `--base` less the components of `--without`; None if there is none.

    Raises FileNotFoundError for a pipeline that is not there, ValueError for one that can't be loaded, and for
    components that can't be left out.
    """
    names = string_to_list(without)
    if name is None:
        if names:
            raise InvalidError(Errors.E544.format(name=names[0], reason="no pipeline is named by --base"))
        return None
    return BasePipeline.of(name, load_pipeline(name)).without(names)


def language_of(lang: str | None, base: BasePipeline | None) -> str:
    """Return the code of the new pipeline's language. Raises ValueError if the base has another one."""
    if base is None:
        return lang or DEFAULT_LANG
    if lang not in (None, base.lang):
        raise InvalidError(Errors.E549.format(lang=lang, base=base.name, base_lang=base.lang))
    return base.lang


def check_new_name(name: str | None) -> None:
    """Raise ValueError for a name that no block of a config can have, or no folder of a component; None is no name."""
    if name is None:
        return
    if not COMPONENT_NAME.fullmatch(name):
        raise InvalidError(Errors.E565.format(name=name))
    check_component_name(name)

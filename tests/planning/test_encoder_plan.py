"""The listener that a config gives new components, by what they listen to."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy import registry
from thinc.api import Model

from spacy_bertadapt.planning.base_pipeline import BaseComponent, BasePipeline
from spacy_bertadapt.planning.encoder_plan import plan_encoder

PACKAGES = {"transformer": "spacy_transformers", "curated_transformer": "spacy_curated_transformers"}


def base_of(factory: str) -> BasePipeline:
    """A base with one component, of a factory, named `upstream`."""
    component = BaseComponent("upstream", factory, Path("base/upstream"), 8, frozenset(), ())
    return BasePipeline("base", "en", {}, (component,))


@pytest.mark.parametrize("factory", ["tok2vec", *PACKAGES])
def test_listeners_are_those_of_the_component(factory: str) -> None:
    if factory in PACKAGES:
        pytest.importorskip(PACKAGES[factory])
    plan = plan_encoder("component:upstream", base_of(factory))
    assert plan.block is not None
    listener = registry.resolve({"listener": plan.block["tok2vec"]})["listener"]
    assert isinstance(listener, Model)
    heard = {getattr(node, "upstream_name", node.attrs.get("_upstream_name")) for node in listener.walk()}
    assert "upstream" in heard
    assert plan.annotating == ("upstream",)
    assert not plan.sets("component.max_length")


def test_an_encoder_of_its_own_needs_no_component() -> None:
    plan = plan_encoder("package:some", base_of("tok2vec"))
    assert (plan.subwords_of, plan.block, plan.annotating) == ("package:some", None, ())
    assert plan.sets("component.max_length")


def test_a_shared_encoder_is_measured_by_its_own_subwords() -> None:
    plan = plan_encoder("component:upstream", base_of("bert_encoder"))
    assert plan.subwords_of == str(Path("base/upstream/model"))
    assert plan.annotating == ()


def test_a_shared_encoder_of_a_package_is_named_by_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not by its folder on this machine, so that the config holds on another one."""
    monkeypatch.setattr("spacy_bertadapt.planning.encoder_plan.is_package", lambda name: name == "base")
    assert plan_encoder("component:upstream", base_of("bert_encoder")).subwords_of == "package:base/upstream"

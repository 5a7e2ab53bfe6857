"""SCORE, the number by which `spacy train` chooses the best pipeline, from what is trained alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from spacy.language import Language
from thinc.api import Model


def trained_scores() -> Callable[[Language], Language]:
    """Make a callback for `[initialize.after_init]`: scores of components that don't learn count for nothing.

    spaCy gives every component's scores their default weights, those of frozen and of rule-based components too. They
    hardly change during training, and whatever is trained has the smaller share of SCORE. spaCy mixes weights given by
    hand with the default ones, so these go too: who wants a frozen component's score to count leaves the callback out.
    Registered as spacy-bertadapt.TrainedScores.v1.
    """
    return weigh_trained_scores


def weigh_trained_scores(nlp: Language) -> Language:
    """Take the weight of scores that no trained component has. spaCy scales the others, so that they add up to 1.

    A component that `[nlp] disabled` names is not trained: at this moment it has no weights. Those that `spacy train`
    goes on with, from another pipeline, are disabled now too, and have some.
    """
    training = nlp.config.interpolate()["training"]
    frozen = training["frozen_components"]
    trained, others = set[str](), set[str]()
    for name, pipe in nlp.components:
        learns = name not in frozen and getattr(pipe, "is_trainable", False) and _has_weights(pipe)
        scores = nlp.get_pipe_meta(name).default_score_weights or {}
        (trained if learns else others).update(scores)
    if trained:
        weights = nlp.config["training"]["score_weights"]
        weights.update(dict.fromkeys(others - trained))
    return nlp


def _has_weights(pipe: Any) -> bool:
    """Return whether a component is initialized."""
    model = getattr(pipe, "model", None)
    nodes = list(model.walk()) if isinstance(model, Model) else []
    parameters = all(node.has_param(name) is not None for node in nodes for name in node.param_names)
    return parameters and all(getattr(shim, "is_initialized", True) for node in nodes for shim in node.shims)

"""Memory that runs out, for real: a process whose address space is limited."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

PROGRAM = """
import resource, sys, warnings
import numpy as np, spacy
from spacy.training import Example
from spacy_bertadapt.training.optimizer import adamw

nlp = spacy.load(sys.argv[1])
pipe = nlp.get_pipe("bert_textcat")
cats = dict.fromkeys(pipe.labels, 0.0) | {pipe.labels[0]: 1.0}
small = [Example.from_dict(nlp.make_doc("my parcel never arrived " * 12), {"cats": cats})]
large = small * 1500
nlp.update(small, sgd=adamw(1e-3))
alone = pipe.predict([small[0].reference])
expected = pipe.update(small)["bert_textcat"]
pipe.shim.learner.forget()
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + int(sys.argv[3]) * 2**20,) * 2)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    if sys.argv[2] == "update":
        difference = abs(pipe.update(large)["bert_textcat"] - expected)
    else:
        difference = np.abs(pipe.predict([example.reference for example in large]) - alone).max()
codes = {str(w.message)[:6] for w in seen}
print("[W302]" in codes, pipe.runner.budget.subwords < 10**8, difference)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
@pytest.mark.parametrize(("what", "megabytes"), [("update", 250), ("predict", 60)])
def test_a_batch_that_does_not_fit_is_worked_through_in_smaller_pieces(
    nlp, make_textcat, make_examples, tmp_path, what, megabytes
):
    make_textcat(nlp, max_batch_subwords=10**9)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    command = [sys.executable, "-c", PROGRAM, tmp_path / "pipeline", what, megabytes]
    # One arena and one thread: others keep address space in reserve, which would not count against the limit.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    reported, remembered, difference = done.stdout.split()
    assert (reported, remembered) == ("True", "True")
    assert float(difference) < 1e-3


def test_a_text_that_does_not_fit_alone_is_an_error(nlp, make_textcat, make_examples):
    pipe = make_textcat(nlp)
    nlp.initialize(lambda: make_examples(nlp))
    pipe.network.module.register_forward_pre_hook(lambda *_: torch.empty(2**50, dtype=torch.uint8))
    with pytest.raises(MemoryError, match="E307"):
        nlp("my parcel never arrived")
    with pytest.warns(UserWarning, match="W302"), pytest.raises(MemoryError, match="E307"):
        list(nlp.pipe(["my parcel", "never arrived"]))
    with pytest.raises(MemoryError, match="E307"):
        nlp.update(make_examples(nlp)[:1])

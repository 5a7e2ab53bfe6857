"""Memory that runs out, for real: a process whose address space is limited."""

from __future__ import annotations

import subprocess
import sys

import pytest

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
expected = pipe.update(small)["bert_textcat"]
pipe.shim.module.zero_grad()
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 250 * 2**20,) * 2)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    loss = pipe.update(large)["bert_textcat"]
    predictions = pipe.predict([example.reference for example in large])
codes = {str(w.message)[:6] for w in seen}
print(round(abs(loss - expected), 6), "[W302]" in codes, len(predictions))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_a_batch_that_does_not_fit_is_worked_through_in_smaller_pieces(nlp, make_textcat, make_examples, tmp_path):
    make_textcat(nlp, max_batch_subwords=10**9)
    nlp.initialize(lambda: make_examples(nlp))
    nlp.to_disk(tmp_path / "pipeline")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "pipeline")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[1].strip() == "True 1500"
    assert float(done.stdout.split()[0]) < 1e-3

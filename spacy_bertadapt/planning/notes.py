"""One comment a setting, as configs have it: settings that components of several tasks share, and spaCy's reader."""

from __future__ import annotations

NOTES = {
    "component.max_length": "subwords of a window, special tokens included; a longer text is read in several windows, "
    "nothing is cut off; null: what the encoder can take",
    "component.stride": "overlap of neighbouring windows, in subwords",
    "component.max_windows": "windows of one text in training, at most (evenly spaced); prediction reads them all",
    "component.max_batch_subwords": "padded subwords that go through the network at once, which bounds memory; "
    "null: by device",
    "component.score_extension": "the scores are span._.score; null: nowhere",
    "component.loss": "null: cross-entropy; spacy-bertadapt.CrossEntropy.v1 has class_weights, label_smoothing and "
    "focal_gamma",
    "component.loss.class_weights": 'null, "balanced", or a weight by label: {"rare": 2.0, "frequent": 0.5}',
    "component.loss.focal_gamma": "0: plain cross-entropy; 2: focal loss",
    "component.adapt": "what learns: FullFineTuning, HeadOnly, TopLayers, GradualUnfreezing or LoRA; each is described "
    "in docs/adaptation.md",
    "component.adapt.layer_decay": "each encoder layer learns at this share of the rate of the layer above it",
    "component.adapt.head_factor": "the head learns at this multiple of the rate",
    "component.adapt.rates": 'by a regular expression for the names of parameters: {"embeddings": 0.0} freezes them',
    "component.adapt.frozen_dropout": "null: yes, but for HeadOnly",
    "component.adapt.gradient_checkpointing": "less memory, a third more time",
    "component.model.device": "auto: spaCy's GPU, else the CPU; cuda:0 and mps need no CuPy",
    "component.model.precision": "auto: bfloat16 where the hardware computes in it, else float32",
    "component.model.encoder.revision": "branch, tag or commit of a hub id",
    "component.model.encoder.dropout": "null: the checkpoint's own dropout",
    "reader.limit": "0: all of the file",
    "docbin.max_length": "0: texts of any length",
    "docbin.limit": "0: all texts",
}

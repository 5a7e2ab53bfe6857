"""Pipelines made of fine-tuned checkpoints, and checkpoints made of pipelines."""

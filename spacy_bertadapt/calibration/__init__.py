"""Probabilities that can be trusted: a scale for the logits of each component, and thresholds for its labels."""

"""Masked language modelling: continued training of an encoder on raw texts."""

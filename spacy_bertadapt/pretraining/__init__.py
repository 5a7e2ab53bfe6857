"""Masked language modelling: an encoder that knows the language of raw texts."""

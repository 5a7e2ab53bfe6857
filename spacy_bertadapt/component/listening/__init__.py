"""Heads on encoders that are already there: on the vectors that another component of a pipeline gives each token."""

"""Trained pipelines at work: rows in, predictions out, in many processes and over a network."""

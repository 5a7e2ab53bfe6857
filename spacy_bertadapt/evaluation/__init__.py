"""Trained pipelines: scored, and ways to train them compared."""

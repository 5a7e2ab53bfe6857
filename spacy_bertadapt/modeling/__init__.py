"""The network and its training: torch and Transformers, no spaCy."""

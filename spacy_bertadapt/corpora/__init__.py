"""Readers of training data, one a file. Importing this package registers and imports nothing."""

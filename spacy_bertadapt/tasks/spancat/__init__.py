"""Span categorization: spans that overlap and nest, each with any number of labels."""

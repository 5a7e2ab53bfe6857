"""From texts to padded batches of subwords: spaCy and numpy, no torch."""

"""What spaCy asks of a component, between subwords and the network."""

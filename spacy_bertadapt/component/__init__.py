"""The base of all components: spaCy's interface to subwords, networks and learning."""

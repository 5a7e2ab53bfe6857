"""The components: spaCy in front, numpy in between, the model behind."""

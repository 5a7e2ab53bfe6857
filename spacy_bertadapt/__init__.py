"""Fine-tune BERT inside spaCy: text classification, sentence pairs, entities and question answering."""

__version__ = "0.1.0"

"""The network: what is computed, where, and in which number format. torch and Transformers, no Docs."""

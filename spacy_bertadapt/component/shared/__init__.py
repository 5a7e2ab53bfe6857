"""One encoder for several heads: the component that has it, and what heads without an encoder of their own do."""

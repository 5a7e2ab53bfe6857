"""Natural language inference: whether a premise entails or contradicts a hypothesis."""

PARTS = ("premise", "hypothesis")

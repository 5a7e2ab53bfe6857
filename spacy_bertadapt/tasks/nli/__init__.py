"""Natural language inference: how a premise bears on a hypothesis."""

PARTS = ("premise", "hypothesis")

"""How weights change: adaptation, losses, gradients, the step."""

"""How the body moves: capsules on the clock, lips, and idle life, as numbers a target."""

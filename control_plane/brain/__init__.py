"""Events to ID packets."""

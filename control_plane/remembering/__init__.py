"""What the doors offer of what is remembered."""

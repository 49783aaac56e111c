"""Draw lists to pictures."""

"""The body: ID packets to frames and sound."""

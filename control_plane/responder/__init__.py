"""What the avatar answers: a port, and a small set of rules behind it."""

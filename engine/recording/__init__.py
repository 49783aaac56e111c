"""Recording what a session's body is told, so that it can be shown again frame for frame."""

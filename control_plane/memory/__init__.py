"""What an avatar remembers of its user: rules that notice it, and one session's share of it."""

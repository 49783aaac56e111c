"""Studies of how people take the avatar: blinded trials, and what their ratings come to."""

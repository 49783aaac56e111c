"""What the studio works with: avatars baked, capsules of one's own, recordings, pictures."""

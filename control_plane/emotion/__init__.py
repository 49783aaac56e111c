"""What a text or an event feels like, and the mood it leaves behind."""

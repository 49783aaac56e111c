"""Text to speech, and speech on the clock."""

"""Frames and sound to viewers over WebRTC."""

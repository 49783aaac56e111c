"""The generated micro-library: thousands of small facial movements, made from their numbers."""

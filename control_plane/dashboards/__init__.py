"""Pages that show what is remembered: drawn on the server, read without scripts."""

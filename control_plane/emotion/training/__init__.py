"""Training of the text model; nothing live imports it."""

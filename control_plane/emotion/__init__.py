"""Events to emotions, and emotions to a mood."""

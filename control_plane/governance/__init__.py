"""What may play, by an operator's orders, while sessions live."""
